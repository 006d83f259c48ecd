// A store without a disk, for tests: what it holds is what was written, and it fails when it is told to. What SQLite
// must do is what this one does.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "broker/store/backend.hpp"

namespace test {

using namespace mqtt;

class MemoryBackend final : public broker::store::Backend {
public:
    using Key = broker::store::Key;
    using Fault = broker::store::Fault;

    // From the next call on.
    std::atomic<bool> fails_to_write = false;
    std::atomic<bool> fails_to_read = false;

    struct Message {
        std::string topic;
        std::vector<std::uint8_t> properties;
        std::vector<std::uint8_t> payload;
        broker::store::MessageRow rest;  // without the views
        broker::store::MessageRow row() const;
    };
    struct Entry {
        broker::store::EntryRow row;  // without the view
        std::vector<std::uint32_t> subscription_ids;
    };
    struct Session {
        std::string client_id;
        std::string user_name;
        broker::store::SessionRow row;  // without views and will
        std::optional<Message> will;
        broker::store::WillRow will_rest;
    };
    struct Transit {
        broker::store::TransitRow row;  // without views
        std::string filter;
        Message message;
    };
    struct Retained {
        Message message;
        std::optional<broker::KeptSource> source;
    };
    struct Content {
        std::map<Key, Session> sessions;
        std::map<std::pair<Key, std::string>, broker::store::SubscriptionRow> subscriptions;
        std::map<std::pair<Key, std::uint32_t>, std::string> handovers;  // by session and tag
        std::map<Key, Message> messages;
        std::map<Key, Entry> entries;
        std::set<std::pair<Key, PacketId>> received_ids;
        std::map<std::string, Retained> retained;
        std::map<Key, Transit> transits;
    };

    Fault read(broker::store::Reader& reader, bool several_shards) override;
    Fault write(std::span<const broker::store::Batch* const> batches) override;
    Fault find(std::span<const Key> messages,
               std::vector<broker::store::FoundMessage>& found) override;
    // One part for each message, or one.
    Fault copy(const std::string& to, bool& is_done) override;
    void stop_copying() override { copied_ = 0; }
    void idle() override { ++idles; }

    // Any thread.
    std::size_t writes() const { return writes_; }
    std::size_t tries() const { return tries_; }
    Content content() const {
        const std::lock_guard lock(mutex_);
        return content_;
    }
    std::atomic<std::size_t> idles = 0;

private:
    mutable std::mutex mutex_;
    Content content_;
    std::size_t copied_ = 0;
    std::atomic<std::size_t> writes_ = 0;
    std::atomic<std::size_t> tries_ = 0;
};

}  // namespace test
