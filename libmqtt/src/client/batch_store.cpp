// See batch_store.hpp.
#include "client/batch_store.hpp"

#include <utility>

#include "base/assert.hpp"
#include "core/inflight.hpp"

namespace mqtt::client {
namespace {

// What a message costs here and in the session, besides its bytes.
constexpr std::size_t kBytesPerMessage = sizeof(Bytes) + sizeof(core::InflightEntry);

}  // namespace

Batch::Batch(const PublishRequest& common, std::span<const Bytes> payloads,
             std::shared_ptr<const void> owner, std::uint64_t user_token)
    : topic_(common.topic)
    , properties_(common.properties)
    , qos_(common.qos)
    , retain_(common.retain)
    , payloads_(payloads.begin(), payloads.end())
    , owner_(std::move(owner))
    , user_token_(user_token) {
    if (common.message_expiry_interval) {
        expires_at_ = Clock::now() + std::chrono::seconds(*common.message_expiry_interval);
    }
}

core::MessageRef Batch::message(std::size_t index) const {
    core::Message::Init init;
    init.topic = topic_;
    init.properties = properties_.view();
    init.payload = payloads_[index];
    init.qos = qos_;
    init.retain = retain_;
    init.expires_at = expires_at_;
    return core::Message::create(init);
}

StoreToken BatchStore::add(base::Ref<Batch> batch) {
    const auto number =
        static_cast<std::uint32_t>((first_number_ + batches_.size()) & (kNumbers - 1));
    batches_.push_back(std::move(batch));
    return static_cast<StoreToken>(number | kNumbers) << 32;
}

void BatchStore::sent(std::size_t count) {
    Batch& batch = *batches_.back();
    batch.payloads_.resize(count);
    batch.unfinished_ = count;
    for (const Bytes payload : batch.payloads_)
        batch.bytes_ += payload.size() + kBytesPerMessage;
    count_ += count;
    bytes_ += batch.bytes_;
    if (count == 0) batches_.pop_back();
}

Batch* BatchStore::find(StoreToken token) {
    if (!is_batch(token)) return nullptr;
    const std::uint32_t place = place_of(token);
    return place < batches_.size() ? batches_[place].get() : nullptr;
}

void BatchStore::finish(StoreToken token, Batch& batch) {
    MQTT_ASSERT(batch.unfinished_ > 0);
    --count_;
    if (--batch.unfinished_ != 0) return;
    bytes_ -= batch.bytes_;
    batches_[place_of(token)] = {};
    trim();
}

void BatchStore::trim() {
    while (!batches_.empty() && !batches_.front()) {
        batches_.pop_front();
        first_number_ = (first_number_ + 1) & (kNumbers - 1);
    }
}

// Numbers go on: tokens of what is forgotten find nothing.
void BatchStore::clear() {
    first_number_ = (first_number_ + static_cast<std::uint32_t>(batches_.size())) & (kNumbers - 1);
    batches_.clear();
    count_ = 0;
    bytes_ = 0;
}

}  // namespace mqtt::client
