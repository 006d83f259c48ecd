// Closing rounds, handing them in, and what waits for their commit: gates and reading.
#include <algorithm>

#include "broker/bridge/bridge.hpp"
#include "broker/journal.hpp"
#include "broker/peer.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {
namespace {

using store::Key;

// When acknowledgements do not wait: the next tick of the timers, which is at most 100 ms away.
constexpr std::chrono::milliseconds kBatchFor{1};

// Changes that may collect while a batch is written: beyond, acknowledgements wait in any mode, so that who
// keeps to a window cannot fill the memory faster than the disk takes it.
constexpr std::size_t kMostBehind = 50'000;

}  // namespace

// Handing in: in strict mode when the turn ends, else when the batch has waited long enough; one at a
// time, so that the next grows while the disk is at work.

void Journal::wait_for_tick() {
    if (!is_armed()) shard_.loop().set_timer(*this, shard_.now() + kBatchFor);
}

void Journal::on_flush() {
    hand_in();
}

void Journal::on_timer(TimePoint) {
    hand_in();
}

void Journal::hand_in() {
    if (!open_ || !is_on() || is_writing()) return;
    if (is_alone() && open_->empty()) {
        open_.reset();
        is_wanted_ = false;
        return committed(number_++);
    }
    close_batch();
    if (!is_alone()) shard_.mail.send_round();
}

void Journal::close_batch() {
    if (!is_on()) return;
    submit(false);
    ++number_;
}

void Journal::submit(bool is_last) {
    if (open_) {
        for (auto& [topic, change] : open_->retained)
            change.message = shard_.retained.copy_of(topic, change.source);
        open_->order = writer_->next_order();
    }
    is_wanted_ = false;
    handed_in_.push_back({number_, next_message_});
    writer_->submit({number_, std::move(open_),
                     [this, round = number_](std::unique_ptr<store::Batch> batch) {
                         // The batch ends on the thread whose messages it holds, and not before
                         // what waited for it has left.
                         auto back =
                             std::make_shared<std::unique_ptr<store::Batch>>(std::move(batch));
                         shard_.loop().post([this, back, round] {
                             on_committed(round);
                             shard_.loop().post([this, back] { take_back(std::move(*back)); });
                         });
                     },
                     is_last});
}

void Journal::leave() {
    if (!is_on()) return;
    submit(true);
    writer_ = nullptr;
}

void Journal::committed(std::uint64_t round) {
    committed_ = round;
    while (!handed_in_.empty() && handed_in_.front().number <= round) {
        stored_below_ = handed_in_.front().next_message;
        handed_in_.pop_front();
    }
    release_gates();
    release_fetches();
}

void Journal::take_back(std::unique_ptr<store::Batch> batch) {
    if (!batch) return;
    batch->clear();
    spare_ = std::move(batch);
}

void Journal::on_committed(std::uint64_t round) {
    committed(round);
    if (is_wanted_ && (is_strict_ || !gated_.empty() || !fetches_.empty()))
        hand_in();
    else if (open_)
        wait_for_tick();
}

// Reading.

void Journal::fetch(std::vector<Key> messages, Found found) {
    if (!is_on()) return;
    const auto is_stored = [this](Key key) { return key >> 8 < stored_below_; };
    if (!std::all_of(messages.begin(), messages.end(), is_stored))
        return fetch_behind(std::move(messages), std::move(found));
    read({0, std::move(messages), std::move(found)});
}

void Journal::fetch_behind(std::vector<Key> messages, Found found) {
    if (!is_on()) return;
    Fetch fetch{pending(), std::move(messages), std::move(found)};
    if (fetch.number <= committed_) return read(std::move(fetch));
    fetches_.push_back(std::move(fetch));
    shard_.loop().mark_dirty(*this);  // what this turn records belongs together
}

void Journal::read(Fetch fetch) {
    auto found = [this, tell = std::move(fetch.found)](std::vector<store::FoundMessage> all) {
        auto back = std::make_shared<std::vector<store::FoundMessage>>(std::move(all));
        shard_.loop().post([back, tell] { tell(*back); });
    };
    writer_->fetch(std::move(fetch.messages), std::move(found));
}

void Journal::release_fetches() {
    while (is_on() && !fetches_.empty() && fetches_.front().number <= committed_) {
        Fetch first = std::move(fetches_.front());
        fetches_.pop_front();
        read(std::move(first));
    }
}

// Gates.

std::uint64_t Journal::pending() const {
    return open_ && !open_->empty() ? number_ : number_ - 1;
}

void Journal::gate(Peer& peer, std::uint64_t position) {
    if (!is_strict_) return;
    const std::uint64_t number = pending();
    if (number <= committed_ || !peer.hold_output(position, number)) return;
    gated_.push_back({number, &peer, nullptr});
}

void Journal::gate(Bridge& bridge, std::uint64_t position) {
    if (!is_strict_) return;
    const std::uint64_t number = pending();
    if (number <= committed_ || !bridge.hold_output(position, number)) return;
    gated_.push_back({number, nullptr, &bridge});
}

void Journal::gate(Peer& peer) {
    const std::uint64_t position = peer.driver().staged_position();
    if (is_strict_) return gate(peer, position);
    const bool is_behind = open_ && open_->live >= kMostBehind && is_writing();
    if (is_behind && peer.hold_output(position, number_))
        gated_.push_back({number_, &peer, nullptr});
}

void Journal::forget(const Peer& peer) {
    for (Gated& gated : gated_) {
        if (gated.peer == &peer) gated.peer = nullptr;
    }
}

void Journal::forget(const Bridge& bridge) {
    for (Gated& gated : gated_) {
        if (gated.bridge == &bridge) gated.bridge = nullptr;
    }
}

void Journal::release_gates() {
    while (!gated_.empty() && gated_.front().number <= committed_) {
        const Gated gated = gated_.front();
        gated_.pop_front();
        if (gated.peer != nullptr) gated.peer->release_output(committed_);
        if (gated.bridge != nullptr) gated.bridge->release_output(committed_);
    }
}

}  // namespace mqtt::broker
