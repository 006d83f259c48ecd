// Stretches of a size that makes one reading of the disk.
#include "broker/queue_tail.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/pool.hpp"

namespace mqtt::broker {
namespace {

constexpr std::uint32_t kMostPlaces = 256;

// What they take counts like everything else that a client can fill the memory with.
std::ptrdiff_t held_by(const QueueTail::Stretch& stretch) {
    return static_cast<std::ptrdiff_t>(sizeof stretch + stretch.packed.size());
}

}  // namespace

QueueTail::~QueueTail() {
    close();
    for (const Stretch& stretch : stretches_)
        let_go(stretch);
}

void QueueTail::hold(const Stretch& stretch) {
    base::pool_account(held_by(stretch));
}

void QueueTail::let_go(const Stretch& stretch) {
    base::pool_account(-held_by(stretch));
}

// Closed ones take no more room than they need.
void QueueTail::close() {
    if (!is_open_) return;
    packer_.finish(open_);
    stretches_.back().packed = std::string(open_);
    hold(stretches_.back());
    open_.clear();
    packer_ = {};
    is_open_ = false;
}

void QueueTail::added(Stretch& stretch, std::size_t size) {
    ++stretch.count;
    stretch.size_bytes += size;
    ++count_;
    size_bytes_ += size;
}

void QueueTail::push(const Place& place) {
    if (is_open_ && stretches_.back().count >= kMostPlaces) close();
    if (!is_open_) {
        stretches_.emplace_back();
        is_open_ = true;
    }
    packer_.add(place, open_);
    added(stretches_.back(), place.size_bytes);
}

void QueueTail::push_front(std::span<const Place> places) {
    Stretch& first = stretches_.emplace_front();
    PlacePacker packer;
    for (const Place& place : places) {
        packer.add(place, first.packed);
        added(first, place.size_bytes);
    }
    packer.finish(first.packed);
    first.packed.shrink_to_fit();
    hold(first);
}

QueueTail::Stretch QueueTail::pop() {
    MQTT_ASSERT(!empty());
    if (stretches_.size() == 1) close();
    let_go(stretches_.front());
    Stretch first = std::move(stretches_.front());
    stretches_.pop_front();
    count_ -= first.count;
    size_bytes_ -= first.size_bytes;
    return first;
}

void QueueTail::append(Stretch stretch) {
    close();
    count_ += stretch.count;
    size_bytes_ += stretch.size_bytes;
    hold(stretch);
    stretches_.push_back(std::move(stretch));
}

// A stretch that is wanted whole, as those of a session with one subscription are, moves as it is.
void QueueTail::take(std::uint32_t shared_tag, QueueTail& into) {
    QueueTail kept;
    while (!empty()) {
        Stretch first = pop();
        const std::vector<Place> places = unpack_places(first.packed);
        const auto is_wanted = [&](const Place& p) { return p.shared_tag == shared_tag; };
        if (std::ranges::all_of(places, is_wanted)) {
            into.append(std::move(first));
        } else if (std::ranges::none_of(places, is_wanted)) {
            kept.append(std::move(first));
        } else {
            for (const Place& place : places)
                (is_wanted(place) ? into : kept).push(place);
        }
    }
    while (!kept.empty())
        append(kept.pop());
}

}  // namespace mqtt::broker
