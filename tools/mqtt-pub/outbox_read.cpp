// Outbox: the part of the process that drains; see outbox.hpp.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "mqtt-pub/outbox.hpp"

namespace mqtt_pub {
namespace {

constexpr int kTokenShift = 40;  // number << 40 | offset
constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kTokenShift) - 1;

std::uint64_t token_of(std::uint32_t number, std::uint64_t offset) {
    return std::uint64_t{number} << kTokenShift | offset;
}

}  // namespace

bool Outbox::try_lock_drain() {
    if (!drain_lock_.try_lock()) return false;
    journals_.clear();
    restored_.clear();
    reading_ = 0;
    next_.reset();
    return true;
}

void Outbox::unlock_drain() {
    next_.reset();
    journals_.clear();
    drain_lock_.unlock();
}

void Outbox::restore(const std::function<bool(const Entry&)>& restore) {
    guarded([&] {
        for (const std::uint32_t number : numbers()) {
            OutboxSegment file = OutboxSegment::open(journal_path(number), calls_);
            std::uint64_t at = 0;
            while (const auto record = file.read(at)) {
                const OutboxStage stage = record->state.stage;
                if (stage != OutboxStage::sent && stage != OutboxStage::received) continue;
                Entry entry{token_of(number, record->offset), record->state, {}};
                const auto message = read_outbox_message(record->body);
                if (message) entry.message = *message;
                if (message && restore(entry)) {
                    restored_.insert(entry.token);
                } else {
                    const bool is_over = !message || stage == OutboxStage::received;
                    file.set_state(record->offset,
                                   {is_over ? OutboxStage::done : OutboxStage::waiting, 0});
                }
            }
        }
    });
}

const Outbox::Entry* Outbox::peek() {
    if (!next_) next_ = guarded([this] { return read_next(); });
    return next_ ? &*next_ : nullptr;
}

std::optional<Outbox::Entry> Outbox::read_next() {
    while (true) {
        if (reading_ == 0) {
            const std::vector<std::uint32_t> known = numbers();
            if (known.empty()) return std::nullopt;
            reading_ = known.front();
        }
        auto found = journals_.find(reading_);
        if (found == journals_.end()) {
            Journal opened{OutboxSegment::open(journal_path(reading_), calls_)};
            found = journals_.emplace(reading_, std::move(opened)).first;
        }
        if (auto entry = read_from(reading_, found->second)) return entry;
        if (!move_on()) return std::nullopt;
    }
}

std::optional<Outbox::Entry> Outbox::read_from(std::uint32_t number, Journal& from) {
    while (const auto record = from.file.read(from.at)) {
        const std::uint64_t token = token_of(number, record->offset);
        const bool is_restored = restored_.erase(token) != 0;
        if (record->state.stage == OutboxStage::done) continue;
        const auto message = read_outbox_message(record->body);
        if (!message) continue;
        ++from.open;
        if (!is_restored) return Entry{token, record->state, *message};
    }
    return std::nullopt;
}

// The journal that is read has no more records. True: look again, here or in the next one.
bool Outbox::move_on() {
    const std::vector<std::uint32_t> known = numbers();
    const auto later = std::upper_bound(known.begin(), known.end(), reading_);
    if (later == known.end()) return false;
    Journal& present = journals_.at(reading_);
    // What was appended before the later one was made is there now.
    if (!std::exchange(present.is_sealed, true)) return true;
    const std::uint32_t number = std::exchange(reading_, *later);
    if (present.open == 0) remove_journal(number);
    return true;
}

void Outbox::mark(std::uint64_t token, OutboxState state) {
    guarded([&] {
        const auto number = static_cast<std::uint32_t>(token >> kTokenShift);
        const std::uint64_t offset = token & kOffsetMask;
        const auto found = journals_.find(number);
        if (found == journals_.end()) {  // restored, and not come by yet
            return OutboxSegment::open(journal_path(number), calls_).set_state(offset, state);
        }
        Journal& journal = found->second;
        journal.file.set_state(offset, state);
        if (state.stage != OutboxStage::done || offset >= journal.at) return;
        if (--journal.open == 0 && number != reading_) remove_journal(number);
    });
}

// Through a descriptor of its own: what peek() shows stays.
void Outbox::look_at(std::uint64_t token, const std::function<void(const OutboxMessage&)>& show) {
    guarded([&] {
        const auto number = static_cast<std::uint32_t>(token >> kTokenShift);
        OutboxSegment file = OutboxSegment::open(journal_path(number), calls_);
        std::uint64_t at = token & kOffsetMask;
        const auto record = file.read(at);
        if (!record) return;
        if (const auto message = read_outbox_message(record->body)) show(*message);
    });
}

void Outbox::remove_journal(std::uint32_t number) {
    damaged_bytes_ += journals_.at(number).file.damaged_bytes();
    ::unlink(journal_path(number).c_str());
    journals_.erase(number);
}

bool Outbox::clean() {
    append_lock_.wait();
    const auto unlock = std::shared_ptr<void>(nullptr, [this](void*) { append_lock_.unlock(); });
    if (peek() != nullptr) return false;
    if (reading_ == 0) return true;
    return guarded([this] {
        Journal& last = journals_.at(reading_);
        if (last.open != 0) return false;
        cut_bytes_ += last.file.size() - std::min(last.file.size(), last.at);
        remove_journal(std::exchange(reading_, 0));
        return true;
    });
}

Outbox::Totals Outbox::totals() {
    return guarded([this] {
        Totals totals;
        for (const std::uint32_t number : numbers()) {
            OutboxSegment file = OutboxSegment::open(journal_path(number), calls_);
            totals.bytes += file.size();
            std::uint64_t at = 0;
            while (const auto record = file.read(at)) {
                if (record->state.stage == OutboxStage::done) continue;
                const auto message = read_outbox_message(record->body);
                if (!message) continue;
                ++totals.messages;
                if (!totals.oldest) totals.oldest = message->queued_at;
            }
        }
        return totals;
    });
}

bool Outbox::is_empty() const {
    return numbers().empty();
}

std::string Outbox::take_damage() {
    std::string text;
    if (const std::uint64_t cut = std::exchange(cut_bytes_, 0); cut != 0) {
        text = fmt::format("{} bytes of a message whose writer was killed are ignored", cut);
    }
    if (const std::uint64_t damaged = std::exchange(damaged_bytes_, 0); damaged != 0) {
        if (!text.empty()) text += "; ";
        text += fmt::format("{} damaged bytes are ignored, with the messages in them", damaged);
    }
    return text;
}

}  // namespace mqtt_pub
