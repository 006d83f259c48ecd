// Counting what was announced and what has been applied.
#include "broker/interest.hpp"

#include "broker/peer.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {

Interest::Interest(Shard& shard)
    : shard_(shard)
    , applied_(shard.config().threads)
    , joins_sent_(applied_.size())
    , joins_known_(applied_.size()) {}

void Interest::announce(std::string_view filter, bool wanted) {
    if (applied_.size() == 1 || shard_.is_stopping()) return;
    ++announced_;
    shard_.mail.send_interest(filter, wanted);
}

bool Interest::is_known(std::uint64_t changes) const {
    for (unsigned i = 0; i < applied_.size(); ++i) {
        if (i != shard_.index() && applied_[i] < changes) return false;
    }
    return true;
}

bool Interest::are_joined(const std::vector<std::uint64_t>& joins) const {
    for (std::size_t i = 0; i < joins.size(); ++i) {
        if (joins_known_[i] < joins[i]) return false;
    }
    return true;
}

void Interest::answer(Peer& peer, SubscribeAnswer answer) {
    if (waiting_.empty() && is_known(announced_) && are_joined(joins_sent_)) {
        return peer.answer(answer);
    }
    waiting_.push_back({&peer, announced_, joins_sent_, std::move(answer)});
    ++peer.waiting_answers;
}

void Interest::confirm_join(unsigned shard) {
    confirmations_.push_back({shard, announced_});
    release();
}

void Interest::forget(const Peer& peer) {
    if (peer.waiting_answers == 0) return;  // most; the list may be long
    std::size_t left = peer.waiting_answers;
    for (auto waiting = waiting_.begin(); left != 0; ++waiting) {
        if (waiting->peer != &peer) continue;
        waiting->peer = nullptr;
        --left;
    }
    // Connections of one id that throw each other out stand in front: what they leave there is not
    // walked over by the next one.
    while (!waiting_.empty() && waiting_.front().peer == nullptr)
        waiting_.pop_front();
}

void Interest::on_applied(unsigned shard, std::uint64_t changes) {
    applied_[shard] += changes;
    release();
}

void Interest::on_joined(unsigned shard) {
    ++joins_known_[shard];
    release();
}

void Interest::release() {
    while (!confirmations_.empty() && is_known(confirmations_.front().changes)) {
        shard_.mail.send_joined(confirmations_.front().shard);
        confirmations_.pop_front();
    }
    while (!waiting_.empty() && is_known(waiting_.front().changes) &&
           are_joined(waiting_.front().joins)) {
        const Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        if (next.peer == nullptr) continue;
        --next.peer->waiting_answers;
        next.peer->answer(next.answer);
    }
}

}  // namespace mqtt::broker
