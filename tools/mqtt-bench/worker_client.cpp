// Events of one load connection. Receiving is in worker_roles.
#include "mqtt-bench/worker_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include "mqtt/reason_code.hpp"

namespace mqtt::bench {
namespace {

constexpr std::int64_t kRetryAfter = 100'000'000;

bool has_variable(const std::optional<std::string>& text) {
    return text && text->find('%') != std::string::npos;
}

}  // namespace

// User names, passwords and wills with variables in them differ between clients.
ConnectOptions Worker::Client::personal_options(const ConnectOptions& base) const {
    ConnectOptions out = base;
    Pattern::Values values;
    values.number = number + planned().spec.start_number;
    values.clients = planned().spec.clients;
    values.run_id = worker_.plan_.run_id();
    out.client_id = worker_.plan_.client_id_of(planned(), number);
    values.client_id = out.client_id;
    if (const auto& known = worker_.spec_.credentials; !known.empty()) {
        const auto& [user, password] = known[(planned().first_client + number) % known.size()];
        out.user_name = user;
        out.password = password;
    }
    if (out.user_name) out.user_name = expand_pattern(*out.user_name, values);
    if (out.user_name) values.user_name = *out.user_name;
    if (out.password) out.password = expand_pattern(*out.password, values);
    if (out.will) out.will->topic = expand_pattern(out.will->topic, values);
    return out;
}

Status Worker::Client::open_connection() {
    if (keeps_session() && !session_) session_ = std::make_unique<ClientSession>();
    const ConnectOptions& options = worker_.options_of(group, number);
    const bool personal = !worker_.spec_.credentials.empty() || has_variable(options.user_name) ||
                          has_variable(options.password) ||
                          (options.will && has_variable(options.will->topic));
    if (personal) return connection_.open(personal_options(options), session_.get());
    return connection_.open(&options, worker_.plan_.client_id_of(planned(), number),
                            session_.get());
}

void Worker::Client::open() {
    state_ = State::opening;
    const Status status = open_connection();
    if (status.ok()) return;
    worker_.fail(status.error().detail);
    ++worker_.generator_->counters().connect_failed;
    state_ = State::closed;
    settle();
}

void Worker::Client::close() {
    if (is_away()) return;
    const bool connected = connection_.is_connected();
    state_ = State::closing;
    comes_back_ = false;
    if (connected) {
        connection_.disconnect(ReasonCode::success, {}, std::chrono::seconds(1));
    } else {
        connection_.abort();
        state_ = State::closed;
    }
}

bool Worker::Client::drop(Ending ending, bool comes_back) {
    if (state_ != State::ready && state_ != State::subscribing) return false;
    ++worker_.generator_->counters().dropped;
    if (subscriber != kNone) worker_.generator_->on_absent(subscriber);
    if (ending == Ending::disconnect) {
        comes_back_ = comes_back;
        if (state_ == State::subscribing) settle();
        state_ = State::closing;
        connection_.disconnect(ReasonCode::success, {}, std::chrono::seconds(1));
        return true;
    }
    if (state_ == State::subscribing) settle();
    if (ending == Ending::reset) reset();
    connection_.abort();
    left(comes_back);
    return true;
}

// What is closed without lingering ends with RST, as when a machine loses its state.
void Worker::Client::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(connection_.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Worker::Client::set_buffers() const {
    const auto set = [this](int name, int bytes) {
        if (bytes > 0)
            ::setsockopt(connection_.descriptor(), SOL_SOCKET, name, &bytes, sizeof bytes);
    };
    set(SO_RCVBUF, worker_.spec_.receive_buffer_bytes);
    set(SO_SNDBUF, worker_.spec_.send_buffer_bytes);
}

// The connection is gone; another one may follow.
void Worker::Client::left(bool comes_back) {
    state_ = State::closed;
    worker_.connected_now_.fetch_sub(1, std::memory_order_relaxed);
    if (publisher != kNone) worker_.generator_->on_closed(publisher, keeps_session());
    if (comes_back) worker_.reopen(*this, worker_.now_ns());
}

void Worker::Client::on_connected(const Connack& connack, const ConnectTiming& timing) {
    Worker& w = worker_;
    Counters& counters = w.generator_->counters();
    set_buffers();
    resumed_ = connack.session_present && session_ != nullptr;
    if (settled_) {
        ++counters.reconnected;
        if (keeps_session() && !resumed_) ++counters.sessions_lost;
    } else {
        ++counters.connected;
    }
    w.connected_now_.fetch_add(1, std::memory_order_relaxed);
    const auto took = std::chrono::nanoseconds(timing.connected - timing.started);
    w.generator_->interval()[SeriesId::connect].record(took.count());
    if (!planned().filters.empty()) {
        if (resumed_ && subscribed_) {
            if (subscriber != kNone) w.generator_->on_subscribed(subscriber, true);
            return on_ready();
        }
        state_ = State::subscribing;
        return send_filters();
    }
    on_ready();
}

void Worker::Client::send_filters() {
    FilterListBuilder filters(true);
    const std::vector<std::string> texts = worker_.plan_.filters_of(planned(), number);
    for (const std::string& filter : texts)
        filters.add(filter, {planned().spec.subscribe_qos});
    subscribe_sent_ = worker_.now_ns();
    if (subscriber != kNone) worker_.generator_->on_subscribing(subscriber);
    connection_.subscribe(filters.view(), planned().spec.subscribe_properties);
}

bool Worker::Client::subscribe() {
    if (state_ != State::ready || subscribed_ || planned().filters.empty()) return false;
    send_filters();
    return true;
}

bool Worker::Client::unsubscribe() {
    if (state_ != State::ready || !subscribed_) return false;
    FilterListBuilder filters(false);
    const std::vector<std::string> texts = worker_.plan_.filters_of(planned(), number);
    for (const std::string& filter : texts)
        filters.add(filter);
    connection_.unsubscribe(filters.view());
    if (subscriber != kNone) worker_.generator_->on_absent(subscriber);
    subscribed_ = false;
    return true;
}

void Worker::Client::on_suback(const Suback& suback) {
    Worker& w = worker_;
    for (std::size_t i = 0; i < suback.codes.size(); ++i) {
        if (suback.codes[i] < 0x80) continue;
        ++w.generator_->counters().subscribe_failed;
        const auto filters = w.plan_.filters_of(planned(), number);
        w.fail(fmt::format("the broker refused the subscription to '{}' (reason 0x{:02X})",
                           filters[std::min(i, filters.size() - 1)], unsigned{suback.codes[i]}));
    }
    ++w.generator_->counters().subscribed;
    w.generator_->interval()[SeriesId::subscribe].record(w.now_ns() - subscribe_sent_);
    subscribed_ = true;
    if (subscriber != kNone) w.generator_->on_subscribed(subscriber, false);
    if (state_ == State::subscribing) {
        on_ready();
    } else if (stage != 0) {
        w.note_back(stage);
        stage = 0;
    }
}

// The largest PUBLISH that is to come.
std::size_t Worker::Client::packet_bytes() const {
    const Group& spec = planned().spec;
    std::string topic;
    worker_.plan_.append_topic(planned(), number, 0, 0, topic);
    const std::size_t properties = spec.properties.view().raw().size();
    const std::size_t body = 2 + topic.size() + (spec.qos != QoS::at_most_once ? 2 : 0) + 1 +
                             properties + spec.payload_bytes;
    return 1 + (body < 128 ? 1 : body < 16'384 ? 2 : body < 2'097'152 ? 3 : 4) + body;
}

// What the broker's CONNACK rules out is told before the load, not message by message.
void Worker::Client::check_limits(const ServerLimits& limits) {
    const Group& spec = planned().spec;
    std::string why;
    if (limits.maximum_packet_size != 0 && packet_bytes() > limits.maximum_packet_size) {
        why = fmt::format(
            "payloads of {} bytes are larger than the broker takes (packets of {}): "
            "use a smaller -s or raise its limit",
            spec.payload_bytes, limits.maximum_packet_size);
    } else if (spec.qos > limits.maximum_qos) {
        why = fmt::format("the broker takes QoS {} at most", static_cast<int>(limits.maximum_qos));
    } else if (spec.retain && !limits.retain_available) {
        why = "the broker takes no retained messages";
    }
    if (!why.empty()) worker_.fail(why, true);
}

void Worker::Client::on_ready() {
    state_ = State::ready;
    if (publisher != kNone) {
        check_limits(connection_.limits());
        worker_.generator_->on_connected(publisher, connection_.limits().receive_maximum, resumed_);
    }
    if (stage != 0) worker_.note_back(stage);
    stage = 0;
    settle();
}

void Worker::Client::settle() {
    const bool initial = !settled_ && is_initial();
    settled_ = true;
    worker_.on_settled_one(initial);
}

void Worker::Client::on_delivered(PacketId, std::uint64_t token, ReasonCode reason) {
    Worker& w = worker_;
    if (publisher == kNone) return;  // an answer
    w.generator_->on_delivered(token, is_error(reason), w.stamp(*this));
    if (w.spec_.max) w.want_turn();
}

void Worker::Client::on_send_quota() {
    if (publisher != kNone) worker_.generator_->on_room(publisher, worker_.now_ns());
    if (worker_.spec_.max) worker_.want_turn();
    send_waiting_answers();
}

void Worker::Client::on_writable() {
    on_send_quota();
}

void Worker::Client::on_failed(const CloseReason& reason) {
    Worker& w = worker_;
    ++w.generator_->counters().connect_failed;
    const OnClose policy = planned().spec.on_close;
    // Who was connected before, and is not there now, is tried again.
    if (policy == OnClose::reconnect || settled_) {
        --w.opening_;
        return w.reopen(*this, w.now_ns() + kRetryAfter);
    }
    if (policy == OnClose::fail) w.fail(reason.message);
    settle();
}

void Worker::Client::on_closed(const CloseReason& reason) {
    Worker& w = worker_;
    const State before = state_;
    if (before == State::opening) {
        state_ = State::closed;
        return on_failed(reason);
    }
    if (before == State::closing) {
        left(comes_back_);
        w.want_turn();
        return;
    }
    const OnClose policy = planned().spec.on_close;
    if (policy == OnClose::fail) {
        ++w.generator_->counters().connections_lost;
        w.fail(reason.message);
    } else if (policy == OnClose::reconnect) {
        ++w.generator_->counters().connections_lost;
    }
    if (policy != OnClose::fail && subscriber != kNone) w.generator_->on_absent(subscriber);
    left(false);
    if (policy == OnClose::reconnect) w.reopen(*this, w.now_ns() + kRetryAfter);
    if (before == State::subscribing) settle();
}

}  // namespace mqtt::bench
