// Batches of QoS 1/2 messages that are in flight on this connection: topic and properties once per batch, payloads
// as views into bytes that the caller lent. When the connection ends, what is unfinished becomes ordinary entries
// of the outgoing store (client_batch.cpp), so that only this file and that one know of batches.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "client/outgoing_store.hpp"
#include "mqtt/connection.hpp"

namespace mqtt::client {

class Batch final : public base::Counted {
public:
    Batch(const PublishRequest& common, std::span<const Bytes> payloads,
          std::shared_ptr<const void> owner, std::uint64_t user_token);

    std::uint64_t user_token() const { return user_token_; }
    core::MessageRef message(std::size_t index) const;

private:
    friend class BatchStore;
    void destroy() noexcept override { delete this; }

    std::string topic_;
    PropertyList properties_;
    QoS qos_;
    bool retain_;
    TimePoint expires_at_ = TimePoint::max();
    std::vector<Bytes> payloads_;
    std::shared_ptr<const void> owner_;
    std::uint64_t user_token_;
    std::size_t unfinished_ = 0;
    std::size_t bytes_ = 0;
};

class BatchStore {
public:
    // No token of OutgoingStore is one of a batch.
    static bool is_batch(StoreToken token) { return token >> 63 != 0; }
    static std::uint32_t index_of(StoreToken token) { return static_cast<std::uint32_t>(token); }

    // The token of the first message; those of the others count from it.
    StoreToken add(base::Ref<Batch> batch);
    // Of the batch just added, only the first `count` messages were sent.
    void sent(std::size_t count);

    Batch* find(StoreToken token);                // null: is over, or none
    void finish(StoreToken token, Batch& batch);  // as find() found it
    // The batches that have unfinished messages: f(batch, how many).
    template <class F>
    void for_each(F&& f) const {
        for (const base::Ref<Batch>& batch : batches_) {
            if (batch) f(*batch, batch->unfinished_);
        }
    }
    void clear();

    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }       // messages
    std::size_t size_bytes() const { return bytes_; }  // of batches that are not finished

private:
    static constexpr std::uint32_t kNumbers = 0x8000'0000;
    std::uint32_t place_of(StoreToken token) const {
        return (static_cast<std::uint32_t>(token >> 32) - first_number_) & (kNumbers - 1);
    }
    void trim();

    std::deque<base::Ref<Batch>> batches_;  // null: finished
    std::uint32_t first_number_ = 0;        // of batches_.front()
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace mqtt::client
