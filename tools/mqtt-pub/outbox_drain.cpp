// See outbox_drain.hpp.
#include "mqtt-pub/outbox_drain.hpp"

#include <fmt/format.h>

#include <asio/post.hpp>
#include <chrono>
#include <fstream>

#include "common/exit_code.hpp"
#include "common/json.hpp"
#include "common/message_json.hpp"
#include "common/units.hpp"
#include "mqtt-pub/client_setup.hpp"
#include "mqtt-pub/outbox_session.hpp"

namespace mqtt_pub {
namespace {

using mqtt::Errc;
using mqtt::ReasonCode;

constexpr std::uint32_t kDrainSessionSeconds = 86'400;  // that the server keeps what is in flight
constexpr int kRetries = 5;  // after a loss, unless --max-retries says else
constexpr int kDrainedPerTurn = 2'000;
constexpr int kDrainChecksPerTimeout = 4;

std::string server_name(const mqtt::Endpoint& endpoint) {
    return fmt::format("{} {} {}", endpoint.host, endpoint.port, endpoint.path);
}

}  // namespace

OutboxDrain::OutboxDrain(asio::io_context& context, const tools::Invocation& invocation,
                         const Options& options, Outbox& outbox, const tools::ConnectionLog& log,
                         EndHandler on_end)
    : context_(context)
    , invocation_(invocation)
    , options_(options)
    , outbox_(outbox)
    , log_(log)
    , on_end_(std::move(on_end))
    , changes_(invocation, options.settings, options.connect)
    , ack_timer_(context) {}

mqtt::ClientOptions OutboxDrain::client_options(const std::string& client_id) const {
    Options options = options_;
    options.connect.client_id = client_id;
    const auto expiry = mqtt::PropertyId::session_expiry_interval;
    if (mqtt::has_properties(options.connect.version) &&
        !options.connect.properties.view().number(expiry)) {
        options.connect.properties.add(expiry, kDrainSessionSeconds);
    }
    mqtt::ClientOptions client = make_client_options(invocation_, options, log_);
    client.reconnect = options_.settings.reconnect;
    const bool is_streaming = is_stream(options_.source);
    client.retry_first_connect = is_streaming || client.reconnect.max_retries > 0;
    if (!is_streaming && client.reconnect.max_retries < 0) client.reconnect.max_retries = kRetries;
    return client;
}

void OutboxDrain::start() {
    end_ = {};
    sent_.clear();
    outstanding_ = 0;
    was_connected_ = is_pumping_ = is_ending_ = is_last_ = false;

    const std::string path = outbox_.path_of("session");
    const OutboxSession before = read_outbox_session(path);
    OutboxSession now{options_.connect.client_id, server_name(options_.connect.endpoint)};
    if (now.client_id.empty()) now.client_id = before.client_id;
    if (now.client_id.empty()) now.client_id = make_client_id("outbox");

    mqtt::ClientOptions client = client_options(now.client_id);
    client.connect.clean_start = false;
    client_ = std::make_unique<mqtt::Client>(context_, client);
    std::uint64_t restored = 0, cut_off = 0;
    const bool is_same = now == before;
    outbox_.restore([&](const Outbox::Entry& entry) {
        mqtt::PublishRequest request = entry.message.request;
        request.message_expiry_interval = entry.message.remaining_expiry(unix_time());
        const auto step = entry.state.stage == OutboxStage::received ? mqtt::ExchangeStep::received
                                                                     : mqtt::ExchangeStep::sent;
        const bool is_back =
            is_same && client_->restore(request, entry.state.id, step, entry.token);
        if (is_back) {
            if (step == mqtt::ExchangeStep::sent) sent_.insert(entry.token);
            ++outstanding_;
        }
        ++(is_back ? restored : cut_off);
        return is_back;
    });
    if (cut_off > 0) {
        log_.say(
            fmt::format("{} messages were sent to another server or by another client id and "
                        "not acknowledged: they are sent anew and may arrive twice",
                        cut_off));
    }
    // Nothing of ours is on the server; what may be there under our packet ids is not ours.
    const bool is_clean = restored == 0;
    if (is_clean) {
        client.connect.clean_start = true;
        client_ = std::make_unique<mqtt::Client>(context_, client);
    }
    if (!is_same) write_outbox_session(path, now);
    connect(is_clean);
}

void OutboxDrain::connect(bool is_clean) {
    client_->set_state_handler([this](const mqtt::StateChange& change) { on_state(change); });
    client_->set_exchange_handler([this](std::uint64_t token, mqtt::PacketId id,
                                         mqtt::ExchangeStep step) { on_step(token, id, step); });
    client_->set_delivery_handler([this](std::uint64_t token, std::error_code error,
                                         ReasonCode reason) { on_delivery(token, error, reason); });
    client_->connect([this, is_clean](std::error_code error, mqtt::ConnectReport report) {
        const bool ends_with_connection = is_clean && !mqtt::has_properties(report.version);
        if (!error && ends_with_connection && !is_ending_) return connect_again();
        on_connected(error, report);
    });
}

// Before 5.0 a session that begins clean ends with its connection, and QoS 2 needs it after a loss:
// this one was there to remove an old one.
void OutboxDrain::connect_again() {
    client_->disconnect([this](std::error_code) {
        if (is_ending_) return;
        mqtt::ClientOptions client =
            client_options(read_outbox_session(outbox_.path_of("session")).client_id);
        client.connect.clean_start = false;
        client_ = std::make_unique<mqtt::Client>(context_, client);
        connect(false);
    });
}

void OutboxDrain::on_connected(std::error_code error, const mqtt::ConnectReport& report) {
    if (is_ending_) return;
    if (!error) {
        was_connected_ = true;
        watch_acknowledgements(0, 0);
        return pump();
    }
    const mqtt::Error& cause = client_->last_error();
    stop({false,
          cause.code == Errc::refused_by_server
              ? tools::connack_exit_code(report.reason, report.version)
              : tools::exit_code(cause, invocation_.persona),
          report.message.empty() ? error.message() : report.message});
}

void OutboxDrain::on_state(const mqtt::StateChange& change) {
    if (is_ending_) return;
    changes_.on_change(change);
    if (change.state == mqtt::ClientState::connected) {
        if (change.connack != nullptr && !change.connack->session_present) forget_lost_session();
        return;
    }
    const int code = tools::exit_code(change.error, invocation_.persona);
    const std::string why(change.message);
    // A stream's client tries for ever; when the input has ended that is too long, unless
    // --max-retries has asked for a number, which the client counts.
    const bool has_limit = options_.settings.reconnect.max_retries >= 0;
    const bool is_hopeless = change.state == mqtt::ClientState::waiting && is_last_ && !has_limit &&
                             (!was_connected_ || change.attempt > kRetries);
    const bool gave_up = change.state == mqtt::ClientState::gave_up && was_connected_;
    if (is_hopeless || gave_up) stop({false, code, why});
}

// What was sent is sent again under new ids: the old ones mean nothing any more.
void OutboxDrain::forget_lost_session() {
    if (sent_.empty()) return;
    log_.say(
        fmt::format("the server has lost the session: {} messages without an answer are sent "
                    "anew; those with QoS 2 may arrive twice",
                    sent_.size()));
    for (const std::uint64_t token : sent_)
        outbox_.mark(token, {OutboxStage::waiting, 0});
    sent_.clear();
}

void OutboxDrain::on_step(std::uint64_t token, mqtt::PacketId id, mqtt::ExchangeStep step) {
    const bool is_sent = step == mqtt::ExchangeStep::sent;
    outbox_.mark(token, {is_sent ? OutboxStage::sent : OutboxStage::received, id});
    if (is_sent) {
        sent_.insert(token);
    } else {
        sent_.erase(token);
    }
}

void OutboxDrain::on_delivery(std::uint64_t token, std::error_code error, ReasonCode reason) {
    --outstanding_;
    // Cut short by our end: it stays as it is marked, for the next drain.
    if (error == make_error_code(Errc::cancelled) ||
        error == make_error_code(Errc::not_connected)) {
        return;
    }
    sent_.erase(token);
    if (error == make_error_code(Errc::timed_out)) {
        ++counts_.expired;
    } else if (error || mqtt::is_error(reason)) {
        refuse(token, mqtt::is_error(reason) ? reason : ReasonCode::unspecified_error);
        if (counts_.refused_code == 0) {
            const mqtt::Error cause(
                error ? static_cast<Errc>(error.value()) : Errc::refused_by_server, reason);
            counts_.refused_code = tools::exit_code(cause, invocation_.persona);
        }
    } else {
        ++counts_.delivered;
    }
    outbox_.mark(token, {OutboxStage::done, 0});
    if (outstanding_ == 0) on_more(is_last_);
}

void OutboxDrain::refuse(std::uint64_t token, ReasonCode reason) {
    const std::uint64_t count = ++counts_.refused[reason];
    const std::string path = outbox_.path_of("refused.jsonl");
    if (count == 1) {
        log_.say(fmt::format("a message was refused: {}; it is kept in '{}'",
                             mqtt::reason_text(reason), path));
    }
    std::string line;
    outbox_.look_at(token, [&](const OutboxMessage& message) {
        tools::MessageClock clock;
        clock.refresh();
        const mqtt::PublishRequest& request = message.request;
        tools::append_message_json(line,
                                   {.qos = request.qos,
                                    .retain = request.retain,
                                    .topic = request.topic,
                                    .properties = request.properties,
                                    .payload = request.payload},
                                   tools::JsonPayload::text, clock);
    });
    std::ofstream file(path, std::ios::app);
    file << line << '\n' << std::flush;
    if (!file) log_.say(fmt::format("cannot write '{}': a refused message is lost", path));
}

void OutboxDrain::on_more(bool is_last) {
    if (client_ == nullptr || is_ending_) return;
    is_last_ = is_last;
    if (is_last && !was_connected_ && client_->state() == mqtt::ClientState::waiting) {
        return stop({false, tools::exit_code(client_->last_error(), invocation_.persona),
                     client_->last_error_message()});
    }
    if (!was_connected_ || std::exchange(is_pumping_, true)) return;
    asio::post(context_, [this] { pump(); });
}

void OutboxDrain::pump() {
    is_pumping_ = false;
    if (is_ending_ || client_ == nullptr) return;
    for (int i = 0; i < kDrainedPerTurn; ++i) {
        const Outbox::Entry* entry = outbox_.peek();
        if (entry == nullptr) {
            if (is_last_ && outstanding_ == 0 && outbox_.clean()) {
                stop({true, tools::kExitDone, {}});
            }
            return;
        }
        if (!send(*entry)) return;
    }
    is_pumping_ = true;
    asio::post(context_, [this] { pump(); });
}

// False: the client has no room.
bool OutboxDrain::send(const Outbox::Entry& entry) {
    const std::uint64_t token = entry.token;
    mqtt::PublishRequest request = entry.message.request;
    request.message_expiry_interval = entry.message.remaining_expiry(unix_time());
    if (request.message_expiry_interval == 0) {
        ++counts_.expired;
        outbox_.mark(token, {OutboxStage::done, 0});
        outbox_.take();
        return true;
    }
    if (!mqtt::has_properties(client_->version())) {
        request.properties = {};
        request.message_expiry_interval.reset();
    }
    ++outstanding_;
    const mqtt::Status status = client_->submit(request, token);
    if (status.error().code == Errc::queue_full) {
        --outstanding_;
        is_pumping_ = true;
        client_->when_ready([this](std::error_code error) {
            if (!error) pump();
        });
        return false;
    }
    if (status.error().code == Errc::not_connected) {
        --outstanding_;
        return false;
    }
    if (!status) on_delivery(token, make_error_code(status.error().code), status.error().reason);
    outbox_.take();
    return true;
}

void OutboxDrain::watch_acknowledgements(std::uint64_t seen, int quiet_checks) {
    if (options_.ack_timeout.count() == 0) return;
    ack_timer_.expires_after(options_.ack_timeout / kDrainChecksPerTimeout);
    ack_timer_.async_wait([this, seen, quiet_checks](std::error_code error) {
        if (error || is_ending_ || client_ == nullptr) return;
        const bool is_quiet =
            client_->is_connected() && outstanding_ > 0 && counts_.answered() == seen;
        const int checks = is_quiet ? quiet_checks + 1 : 0;
        if (checks >= kDrainChecksPerTimeout) {
            return stop({false, tools::kExitTimedOut,
                         fmt::format("the server acknowledged nothing for {}",
                                     tools::format_duration(options_.ack_timeout))});
        }
        watch_acknowledgements(counts_.answered(), checks);
    });
}

void OutboxDrain::stop(DrainEnd end) {
    if (client_ == nullptr || is_ending_) return;
    is_ending_ = true;
    end_ = std::move(end);
    ack_timer_.cancel();
    // Not from inside a callback of the client.
    asio::post(context_, [this] { leave(); });
}

void OutboxDrain::leave() {
    mqtt::PropertyList properties = options_.settings.disconnect_properties;
    const auto expiry = mqtt::PropertyId::session_expiry_interval;
    const bool has_expiry = properties.view().number(expiry).has_value();
    // Nothing is in flight: the session has served.
    if (end_.all_done && mqtt::has_properties(client_->version()) && !has_expiry) {
        properties.add(expiry, 0);
    }
    client_->disconnect(ReasonCode::success, std::move(properties), [this](std::error_code error) {
        if (error && end_.all_done) log_.say("not everything could be written");
        client_.reset();
        outbox_.unlock_drain();
        on_end_(end_);
    });
}

std::uint64_t DrainCounts::answered() const {
    std::uint64_t count = delivered;
    for (const auto& [reason, n] : refused)
        count += n;
    return count;
}

std::string drain_report_json(const DrainCounts& counts, std::uint64_t kept, std::uint64_t invalid,
                              std::uint64_t waiting, int exit_code) {
    std::string reasons;
    std::uint64_t refused = 0;
    for (const auto& [reason, n] : counts.refused) {
        if (!reasons.empty()) reasons += ',';
        tools::append_json_string(reasons, mqtt::reason_name(reason));
        fmt::format_to(std::back_inserter(reasons), ":{}", n);
        refused += n;
    }
    return fmt::format(
        "{{\"kept\":{},\"delivered\":{},\"refused\":{},\"reasons\":{{{}}},\"expired\":{},"
        "\"waiting\":{},\"invalid\":{},\"exit_code\":{}}}\n",
        kept, counts.delivered, refused, reasons, counts.expired, waiting, invalid, exit_code);
}

}  // namespace mqtt_pub
