// Publisher: the way of messages from the source to the client, and who waits for what.
#include <fmt/format.h>

#include <asio/post.hpp>
#include <cstring>

#include "mqtt-pub/publisher_impl.hpp"

namespace mqtt_pub {

using mqtt::Errc;

namespace {

// Messages handed to the client per turn of the loop, so that acknowledgements are read in between.
constexpr int kMessagesPerTurn = 2'000;
constexpr int kBatchesPerTurn = 8;  // and of input read in between

// After a fall-back to 3.1.1.
mqtt::PublishRequest without_properties(mqtt::PublishRequest request) {
    request.properties = {};
    request.message_expiry_interval.reset();
    return request;
}

}  // namespace

void Publisher::pump_soon() {
    if (pumping_) return;
    pumping_ = true;
    asio::post(context_, [this] { pump(); });
}

void Publisher::pump() {
    pumping_ = false;
    if (source_.has_plain_lines() && !id_stamp_) return pump_lines();
    for (int i = 0; i < kMessagesPerTurn && !finished_ && !pumping_; ++i) {
        switch (source_.next()) {
        case MessageSource::State::ready: submit(); break;
        case MessageSource::State::waiting: return wait_for_input();
        case MessageSource::State::later: return wait_until_due();
        case MessageSource::State::ended: return end_input();
        case MessageSource::State::invalid:
            log_.say(source_.problem());
            ++report_.invalid;
            source_.take();
            break;
        }
    }
    if (!finished_) pump_soon();
}

void Publisher::end_input() {
    ended_ = true;
    if (source_.errno_value() == 0) return check_done();
    fail(fmt::format("cannot read standard input: {}", std::strerror(source_.errno_value())),
         tools::kExitUsage);
}

// As pump(), with as many lines at once as are there.
void Publisher::pump_lines() {
    for (int i = 0; i < kBatchesPerTurn && !finished_; ++i) {
        switch (source_.next_lines()) {
        case MessageSource::State::ready:
            if (!submit_lines()) return wait_for_room();
            break;
        case MessageSource::State::ended: return end_input();
        default:
            if (input_can_wait_) return wait_for_input();
            source_.fill();
            break;
        }
    }
    if (!finished_) pump_soon();
}

// Publishes what the source shows. False: the client takes no more now.
bool Publisher::submit_lines() {
    const std::span<const mqtt::Bytes> lines = source_.lines();
    mqtt::PublishRequest common = source_.request();
    if (!mqtt::has_properties(client_->version())) common = without_properties(common);
    if (common.qos == mqtt::QoS::at_most_once) report_.provable = false;
    report_.accepted += lines.size();  // before: the handler may be called from inside
    const mqtt::SubmitResult result = client_->submit_batch(common, lines, source_.lines_owner());
    report_.accepted -= lines.size() - result.count;
    source_.take_lines(result.count);
    if (result.status) return true;
    if (result.status.error().code == Errc::queue_full) return false;
    ++report_.accepted;
    refuse(make_error_code(result.status.error().code), result.status.error().reason);
    source_.take_lines(1);
    return true;
}

mqtt::Status Publisher::hand_over(const mqtt::PublishRequest& request) {
    const std::uint64_t token = request.qos != mqtt::QoS::at_most_once ? 1 : 0;
    const bool has_properties = !request.properties.empty() || request.message_expiry_interval;
    if (!has_properties && !id_stamp_) return client_->submit(request, token);
    if (!mqtt::has_properties(client_->version())) {
        return client_->submit(without_properties(request), token);
    }
    if (!id_stamp_) return client_->submit(request, token);
    mqtt::PublishRequest stamped = request;
    stamped.properties = id_stamp_->stamped(request.properties);
    return client_->submit(stamped, token);
}

// Publishes the message that the source shows; waits when the client has no room for it.
void Publisher::submit() {
    const mqtt::PublishRequest& request = source_.request();
    const bool is_acknowledged = request.qos != mqtt::QoS::at_most_once;
    if (!is_acknowledged) report_.provable = false;
    ++report_.accepted;  // before: the delivery handler may be called from inside
    const mqtt::Status status = hand_over(request);
    if (status.error().code == Errc::queue_full) {
        --report_.accepted;
        return wait_for_room();
    }
    if (!status) refuse(make_error_code(status.error().code), status.error().reason);
    const bool is_last = source_.is_last();
    source_.take();
    if (goes_step_by_step() && !is_last) {
        pumping_ = true;  // on_delivery goes on
        if (outstanding() == 0) wait_before_repeat();
    }
}

void Publisher::wait_for_input() {
    if (!input_can_wait_) {
        source_.fill();
        return pump_soon();
    }
    pumping_ = true;
    input_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
        if (!error) source_.fill();
        pump();
    });
}

void Publisher::wait_for_room() {
    pumping_ = true;
    client_->when_sendable([this](std::error_code error) {
        if (!error) return pump();
        pumping_ = false;
    });
}

// mosquitto counts the gap from the acknowledgement.
void Publisher::wait_before_repeat() {
    repeat_timer_.expires_after(options_.repeat_delay);
    repeat_timer_.async_wait([this](std::error_code error) {
        if (!error) pump();
    });
}

void Publisher::wait_until_due() {
    pumping_ = true;
    repeat_timer_.expires_at(source_.due());
    repeat_timer_.async_wait(
        [this](std::error_code) { pump(); });  // cancelled: the input has ended
}

}  // namespace mqtt_pub
