// Schedules by inverting the cumulative rate: the n-th message is due when the profile's integral
// reaches n. Uniform, Poisson and bursts differ only in the sequence of n.
#include "mqtt-bench/schedule.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace mqtt::bench {

Random::Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
        seed += 0x9e37'79b9'7f4a'7c15;
        std::uint64_t z = seed;
        z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
        word = z ^ z >> 31;
    }
}

std::uint64_t Random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

double Random::exponential() {
    return -std::log1p(-uniform());
}

std::uint64_t Random::below(std::uint64_t bound) {
    return static_cast<std::uint64_t>(uniform() * static_cast<double>(bound));
}

RateProfile::RateProfile(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {
    if (pieces_.empty()) pieces_.push_back({0, 1, 1});
}

RateProfile RateProfile::recorded(std::vector<double> times, double period) {
    RateProfile profile({});
    profile.times_ = std::move(times);
    profile.period_ = period;
    return profile;
}

double RateProfile::final_rate() const {
    if (!times_.empty()) return static_cast<double>(times_.size()) / period_;
    return pieces_.back().to;
}

namespace {

double slope_of(const RateProfile::Piece& piece) {
    return piece.seconds > 0 ? (piece.to - piece.from) / piece.seconds : 0;
}

double messages_of(const RateProfile::Piece& piece) {
    return (piece.from + piece.to) / 2 * piece.seconds;
}

}  // namespace

double RateProfile::time_of(double n) const {
    if (n < 0) n = 0;
    if (!times_.empty()) {
        const auto index = static_cast<std::uint64_t>(n);
        const auto round = static_cast<double>(index / times_.size());
        return round * period_ + times_[index % times_.size()];
    }
    double start = 0;
    for (const Piece& piece : pieces_) {
        if (piece.seconds <= 0) continue;
        const double inside = messages_of(piece);
        if (n < inside) {
            // from * t + slope / 2 * t * t = n, in the form that is stable for slope 0
            const double root = std::sqrt(piece.from * piece.from + 2 * slope_of(piece) * n);
            return n == 0 ? start : start + 2 * n / (piece.from + root);
        }
        n -= inside;
        start += piece.seconds;
    }
    constexpr double kNever = 1e9;
    return final_rate() > 0 ? start + n / final_rate() : kNever;
}

double RateProfile::count_until(double seconds) const {
    double count = 0;
    if (!times_.empty()) {
        const double rounds = std::floor(std::max(seconds, 0.0) / period_);
        const auto inside =
            std::upper_bound(times_.begin(), times_.end(), seconds - rounds * period_);
        return rounds * static_cast<double>(times_.size()) +
               static_cast<double>(inside - times_.begin());
    }
    for (const Piece& piece : pieces_) {
        if (piece.seconds <= 0) continue;
        const double inside = std::min(seconds, piece.seconds);
        if (inside <= 0) return count;
        count += piece.from * inside + slope_of(piece) / 2 * inside * inside;
        seconds -= inside;
    }
    return count + std::max(seconds, 0.0) * pieces_.back().to;
}

Schedule::Schedule(const ScheduleSpec& spec, std::uint32_t publishers, std::uint32_t worker,
                   std::uint32_t workers)
    : spec_(spec)
    , random_(spec.seed * 0x1'0000'0001 + worker) {
    const std::uint32_t each = spec_.arrival == Arrival::burst ? spec_.burst_size : 1;
    std::vector<double> phase;
    for (std::uint32_t p = worker; p < publishers; p += workers) {
        double share = 0;  // of a round
        if (spec_.phase == Phase::spread) share = static_cast<double>(p) / publishers;
        if (spec_.phase == Phase::random) share = random_.uniform();
        phase.push_back(share * publishers * each);
    }
    order_.resize(phase.size());
    std::iota(order_.begin(), order_.end(), 0u);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return phase[a] < phase[b]; });
    for (const std::uint32_t p : order_)
        phase_.push_back(phase[p]);
    round_ = static_cast<double>(publishers) * each;
    if (order_.empty()) return;
    poisson_step_ = static_cast<double>(publishers) / static_cast<double>(order_.size());
    if (spec_.arrival == Arrival::poisson) poisson_count_ = random_.exponential() * poisson_step_;
    compute();
}

void Schedule::compute() {
    double n = 0;
    if (spec_.arrival == Arrival::poisson) {
        n = poisson_count_;
        slot_.publisher = static_cast<std::uint32_t>(random_.below(order_.size()));
    } else {
        n = static_cast<double>(rounds_) * round_ + phase_[position_];
        slot_.publisher = order_[position_];
    }
    slot_.due_ns = std::llround(spec_.profile.time_of(n) * 1e9);
}

void Schedule::advance() {
    if (spec_.arrival == Arrival::poisson) {
        poisson_count_ += random_.exponential() * poisson_step_;
        compute();
        return;
    }
    if (spec_.arrival == Arrival::burst && ++in_burst_ < spec_.burst_size) return;
    in_burst_ = 0;
    if (++position_ == order_.size()) {
        position_ = 0;
        ++rounds_;
    }
    compute();
}

}  // namespace mqtt::bench
