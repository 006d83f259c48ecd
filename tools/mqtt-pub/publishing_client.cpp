// See publishing_client.hpp.
#include "mqtt-pub/publishing_client.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <chrono>
#include <utility>

namespace mqtt_pub {
namespace {

// What was published has arrived by then: nobody should wait long for the tidying.
constexpr std::chrono::milliseconds kRemoveWithin{5'000};

}  // namespace

PublishingClient::PublishingClient(asio::io_context& context, const tools::Invocation& invocation,
                                   const Options& options, const tools::ConnectionLog& log)
    : context_(context)
    , invocation_(invocation)
    , options_(options)
    , log_(log) {}

void PublishingClient::connect(Connected connected) {
    connected_ = std::move(connected);
    open(make_client_options(invocation_, options_, log_));
}

void PublishingClient::open(const mqtt::ClientOptions& client) {
    client_.emplace(context_, client);
    client_->set_state_handler([this](const mqtt::StateChange& change) { on_state(change); });
    client_->set_delivery_handler(
        [this](std::uint64_t token, std::error_code error, mqtt::ReasonCode reason) {
            on_delivery(token, error, reason);
        });
    client_->set_batch_handler(on_batch);
    client_->connect([this](std::error_code error, const mqtt::ConnectReport& report) {
        const bool again = !error && !kept_ && !is_ending_ && needs_kept_session(report.version);
        if (again) return connect_again(report.version);
        connected_(error, report);
    });
}

bool PublishingClient::needs_kept_session(mqtt::ProtocolVersion version) const {
    return options_.settings.persona == tools::Persona::ours && may_have_qos2(options_) &&
           options_.settings.reconnect.enabled && !mqtt::has_properties(version) &&
           options_.connect.clean_start;
}

void PublishingClient::connect_again(mqtt::ProtocolVersion version) {
    kept_ = make_client_options(invocation_, options_, log_);
    limit_window(*kept_, options_, version);
    kept_->connect.version = version;
    kept_->connect.clean_start = false;
    if (kept_->connect.client_id.empty()) kept_->connect.client_id = make_client_id("pub");
    client_->disconnect([this](std::error_code) {
        if (!is_ending_) open(*kept_);
    });
}

void PublishingClient::end(std::function<void(std::error_code)> ended) {
    is_ending_ = true;
    client_->disconnect(mqtt::ReasonCode::success, disconnect_properties(options_),
                        [this, ended = std::move(ended)](std::error_code error) {
                            if (error || !kept_) return ended(error);
                            remove_session([ended] { ended({}); });
                        });
}

// Nobody comes back for it.
void PublishingClient::remove_session(std::function<void()> removed) {
    kept_->connect.clean_start = true;
    kept_->reconnect.enabled = false;
    kept_->connect.connect_timeout = std::min(kept_->connect.connect_timeout, kRemoveWithin);
    client_.emplace(context_, *kept_);
    client_->connect(
        [this, removed = std::move(removed)](std::error_code error, const mqtt::ConnectReport&) {
            if (error) return removed();
            client_->disconnect([removed](std::error_code) { removed(); });
        });
}

}  // namespace mqtt_pub
