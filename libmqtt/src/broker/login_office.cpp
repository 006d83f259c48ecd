// The queues, their order and the threads.
#include "broker/login_office.hpp"

#include <algorithm>
#include <ctime>

namespace mqtt::broker {
namespace {

// Of the budget of those who are no suspects.
constexpr std::chrono::seconds kAdvance{1};
// Of the places in the queue, for one address with many wrong ones: an eighth.
constexpr std::size_t kPlacesShare = 8;
// How often suspects are looked at that have waited too long.
constexpr std::chrono::seconds kLook{1};

Duration cpu_time(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

void LoginOffice::start() {
    stopping_ = false;
    for (unsigned i = 0; i < config_.login_threads; ++i)
        threads_.emplace_back([this] { work(); });
}

void LoginOffice::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        jobs_.clear();
        suspects_.clear();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
    threads_.clear();
}

LoginOffice::Taken LoginOffice::submit(const LoginRequest& request, TimePoint deadline,
                                       ReasonCode& verdict, std::function<void(ReasonCode)> done) {
    LoginJob job(request, std::move(done));
    if (config_.remembered_logins != 0) {
        job.key = memory_.key_of(request);
        if (const auto known = memory_.recall(job.key)) {
            verdict = *known;
            return Taken::known;
        }
    }
    job.expires = deadline;
    Taken taken = Taken::waits;
    {
        const std::lock_guard lock(mutex_);
        const std::size_t most = config_.maximum_waiting_logins;
        if (jobs_.size() + suspects_.size() >= most) return Taken::full;
        if (is_clean(job, Clock::now())) {
            jobs_.push_back(std::move(job));
        } else {
            if (suspects_.size_of(job.source.address) > most / kPlacesShare) return Taken::full;
            suspects_.add(std::move(job));
            if (checks_suspect_ || Clock::now() < budget_.paid_until(LoginBudget::suspects))
                taken = Taken::waits_for_turn;
        }
    }
    changed_.notify_one();
    return taken;
}

// When those of others have cost more than a second in advance, too, nobody's is checked out of turn.
bool LoginOffice::is_clean(const LoginJob& job, TimePoint now) const {
    return budget_.paid_until(LoginBudget::others) <= now + kAdvance &&
           !guard.is_suspect(job.source, now);
}

// Whose turn it is; nothing: nobody's before it is paid for, if somebody waits at all. Who was clean when it came may be
// no more.
std::optional<LoginJob> LoginOffice::next(TimePoint now, bool& is_suspect) {
    is_suspect = false;
    while (!jobs_.empty()) {
        LoginJob job = std::move(jobs_.front());
        jobs_.pop_front();
        if (is_clean(job, now)) return job;
        suspects_.add(std::move(job));
    }
    if (suspects_.empty() || checks_suspect_ || now < budget_.paid_until(LoginBudget::suspects))
        return std::nullopt;
    is_suspect = true;
    return suspects_.take();
}

void LoginOffice::work() {
    TimePoint next_look{};
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        bool is_suspect = false;
        const Duration before = cpu_time(CLOCK_THREAD_CPUTIME_ID);
        const TimePoint now = Clock::now();
        if (!suspects_.empty() && now >= next_look) {
            next_look = now + kLook;
            tell_expired(now, lock);
            continue;
        }
        const std::optional<LoginJob> job = next(now, is_suspect);
        if (!job) {
            wait(lock, next_look);
            continue;
        }
        checks_suspect_ = checks_suspect_ || is_suspect;
        lock.unlock();
        // Whom nobody waits for any more costs nothing.
        const ReasonCode verdict = now < job->expires ? check(*job) : ReasonCode::server_busy;
        job->done(verdict);
        const Duration cost = cpu_time(CLOCK_THREAD_CPUTIME_ID) - before;
        lock.lock();
        if (is_error(verdict)) {
            budget_.charge(is_suspect ? LoginBudget::suspects : LoginBudget::others, cost,
                           Clock::now(), cpu_time(CLOCK_PROCESS_CPUTIME_ID));
        }
        if (is_suspect) checks_suspect_ = false;
        if (is_suspect && !suspects_.empty()) changed_.notify_one();
    }
}

void LoginOffice::wait(std::unique_lock<std::mutex>& lock, TimePoint next_look) {
    if (suspects_.empty()) return changed_.wait(lock);
    // One that is under way is followed by notify_one.
    const TimePoint due = checks_suspect_
                              ? next_look
                              : std::min(next_look, budget_.paid_until(LoginBudget::suspects));
    changed_.wait_until(lock, due);
}

// What is owed may take longer to pay than anybody waits for an answer: its place is free then.
void LoginOffice::tell_expired(TimePoint now, std::unique_lock<std::mutex>& lock) {
    const std::vector<LoginJob> expired = suspects_.take_expired(now);
    lock.unlock();
    for (const LoginJob& job : expired)
        job.done(ReasonCode::server_busy);
    lock.lock();
}

// Many may have come with one password before it was known.
ReasonCode LoginOffice::check(const LoginJob& job) {
    if (config_.remembered_logins == 0) return config_.authenticate(job.request());
    if (const auto known = memory_.recall(job.key)) return *known;
    const std::uint64_t generation = memory_.generation();
    const ReasonCode verdict = config_.authenticate(job.request());
    memory_.remember(job.key, verdict, generation);
    return verdict;
}

}  // namespace mqtt::broker
