// Retained messages: one per topic, found by topic name or by walking with a filter. Shared by all
// shards: partitioned by topic hash, one short lock each, taken for PUBLISH with RETAIN and for
// replay. Nothing outside keeps a reference to a stored message: counts of Message are not atomic.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/hash_set.hpp"
#include "broker/sources.hpp"
#include "core/message.hpp"

namespace mqtt::broker {

class RetainedStore {
public:
    // `limit`: messages; 0: none.
    RetainedStore(unsigned partitions, std::size_t limit);
    ~RetainedStore();
    RetainedStore(const RetainedStore&) = delete;
    RetainedStore& operator=(const RetainedStore&) = delete;

    // Replaces what the topic had [MQTT-3.3.1-5] [MQTT311-3.3.1-5]
    // [MQTT311-3.3.1-7]; an empty payload removes it and is not kept [MQTT-3.3.1-6]
    // [MQTT311-3.3.1-10] [MQTT311-3.3.1-11].
    // False: the store is full and the topic has none. `source`: who has to have the right to publish it
    // as long as it is here; null: nobody.
    bool store(const core::Message::Init& message, const Source* source = nullptr);
    // True: the topic's message had expired, and is gone.
    bool remove_expired(std::string_view topic, TimePoint now);

    bool has(std::string_view topic) const;
    std::size_t count() const;
    std::size_t size_bytes() const;

    // What the topic has at present, for the durable store: a message of the caller's own, since counts are
    // not atomic. Null: nothing.
    core::MessageRef copy_of(std::string_view topic, std::optional<KeptSource>& source) const;
    // Whose rights message.source() numbers; asked with messages that a cursor shows.
    const Sources& sources() const { return sources_; }

    struct Node;
    struct Partition;
    // Walks what matches a filter, as far as the receiver takes it, and goes on later. Messages
    // that are stored meanwhile may or may not be seen; none is seen twice.
    class Cursor {
    public:
        Cursor(RetainedStore& store, std::string_view filter);
        explicit Cursor(RetainedStore& store);  // over everything, topics with a leading $ too
        ~Cursor();
        Cursor(const Cursor&) = delete;
        Cursor& operator=(const Cursor&) = delete;

        // Calls `take(const Message&)`, but for those that have expired [MQTT-3.3.2-5], under the store's lock until it returns false (this message
        // was not taken and comes again) or all were seen; true: all were seen.
        template <class F>
        bool run(TimePoint now, F&& take);

    private:
        bool run_erased(TimePoint now, bool (*take)(void*, const core::Message&), void* context);
        bool run_partition(Partition& partition, TimePoint now,
                           bool (*take)(void*, const core::Message&), void* context);
        bool is_hit() const;
        bool allows(const Node& node) const;
        Node* first_allowed(Node* node) const;
        void step(Partition& partition);
        Node* descend(Partition& partition) const;
        void next();

        RetainedStore& store_;
        std::string filter_;
        std::vector<std::string_view> levels_;
        bool sees_dollar_ = false;
        std::size_t hash_at_;  // level of "#", or how many levels there are
        std::size_t partition_ = 0;
        Node* node_ = nullptr;   // pinned by its partition; null: not begun or at its end
        std::size_t depth_ = 0;  // of node_; the root has 0
        bool begun_ = false;     // in this partition
    };

private:
    unsigned partition_number(std::string_view topic) const;
    Partition& partition_of(std::string_view topic) const;
    Sources sources_;
    std::vector<std::unique_ptr<Partition>> partitions_;
    const std::size_t limit_;
};

template <class F>
bool RetainedStore::Cursor::run(TimePoint now, F&& take) {
    return run_erased(
        now,
        [](void* context, const core::Message& message) {
            return (*static_cast<std::remove_reference_t<F>*>(context))(message);
        },
        &take);
}

}  // namespace mqtt::broker
