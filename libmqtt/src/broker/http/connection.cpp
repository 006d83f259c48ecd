// See connection.hpp.
#include "broker/http/connection.hpp"

#include <fmt/format.h>

#include <array>

#include "broker/http/api.hpp"
#include "broker/http/server.hpp"
#include "broker/shard.hpp"
#include "net/front_stream.hpp"
#include "net/random.hpp"
#include "net/ws_stream.hpp"

namespace mqtt::broker::http {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdle = 60s;          // between requests
constexpr auto kAnswerWithin = 30s;  // of the broker
constexpr auto kStreamBeat = 15s;
constexpr auto kVerifiedFor = 60s;  // then a password is checked again
constexpr std::size_t kPieceBytes = 32 * 1024;
constexpr std::size_t kBacklogBytes = 128 * 1024;

std::string make_client_id(const BrokerConfig& config) {
    std::array<std::uint8_t, 6> bytes;
    net::fill_random(bytes);
    std::string id = config.client_id_prefix + "http-";
    for (const std::uint8_t byte : bytes)
        id += fmt::format("{:02x}", byte);
    return id;
}

}  // namespace

Connection::Connection(Server& server, std::uint64_t id, std::unique_ptr<net::ByteStream> stream,
                       std::string address, Admission::Seat seat)
    : server_(server)
    , shard_(server.shard())
    , id_(id)
    , address_(std::move(address))
    , seat_(seat)
    , driver_(server.shard().loop(), std::move(stream), *this) {
    caller_.listener = seat.listener;
    shard().loop().set_timer(*this, shard().now() + config().connect_timeout);
}

Connection::~Connection() {
    if (task_) task_->cancel();
    shard().loop().timers().cancel(*this);
    if (has_seat_) shard().shared().admission.leave(seat_);
}

Shard& Connection::shard() const {
    return shard_;
}

const BrokerConfig& Connection::config() const {
    return shard().config();
}

const ListenerConfig& Connection::listener() const {
    return config().listeners[seat_.listener];
}

std::string_view Connection::mount_point() const {
    return listener().mount_point;
}

const Files* Connection::files() const {
    return server_.files(seat_.listener);
}

Ticket Connection::ticket() const {
    return {server_.self(), id_, request_number_};
}

// Requests.

// Answers that are there at once leave the driver with nothing to wait for: go on to the next request.
base::Consumed Connection::on_bytes(Bytes bytes) {
    std::size_t consumed = 0;
    while (consumed < bytes.size() && !is_busy_ && driver_.is_open()) {
        const std::size_t size = read_one(bytes.subspan(consumed));
        if (size == 0) break;
        consumed += size;
    }
    if (is_busy_) driver_.pause_reading();
    return {consumed};
}

// Returns the bytes of the request; 0: it is not whole, or an upgrade that stays unread.
std::size_t Connection::read_one(Bytes bytes) {
    std::size_t most = kMaxBodyBytes;
    if (config().maximum_payload_size != 0) most = std::min(most, config().maximum_payload_size);
    Reading reading =
        read_request(as_text(bytes), most, *server_.origins(seat_.listener), &driver_.stream());
    if (reading.refusal) {
        refuse(*reading.refusal);
        return bytes.size();
    }
    if (!reading.request) {
        if (reading.wants_continue && !has_continued_) {
            has_continued_ = true;
            send("HTTP/1.1 100 Continue\r\n\r\n");
        }
        if (!is_reading_) {
            is_reading_ = true;
            shard().loop().set_timer(*this, shard().now() + config().connect_timeout);
        }
        return 0;
    }
    is_reading_ = has_continued_ = false;
    if (!reading.request->is_upgrade) {
        take(std::move(*reading.request));
        return reading.size;
    }
    // The WebSocket sees the request itself, in a turn in which the driver can let go of it.
    is_busy_ = true;
    ++request_number_;
    shard().loop().post([ticket = ticket()] {
        if (Connection* self = ticket.find()) self->upgrade();
    });
    return 0;
}

// The connection ends with it.
void Connection::refuse(const Refusal& refusal) {
    request_ = {};
    request_.keeps_alive = false;
    is_busy_ = true;
    respond(failure(refusal.status, refusal.text));
}

void Connection::take(Request request) {
    request_ = std::move(request);
    is_busy_ = true;
    ++request_number_;
    driver_.pause_reading();
    shard().loop().set_timer(*this, shard().now() + kAnswerWithin);
    admit();
}

// What every request must pass, and what none needs a password for.
void Connection::admit() {
    if (answer_to_anybody(*this)) return;
    if (!request_.is_same_site || !request_.is_same_origin) {
        return respond(failure(403, "pages of other sites may not ask here"));
    }
    if (request_.authorization.empty() && !request_.is_host_own) {
        return respond(
            failure(421,
                    "this host name is not known here: ask by address, log in, or name it with "
                    "websockets_origin"));
    }
    authenticate();
}

void Connection::authenticate() {
    const ListenerConfig& listener = this->listener();
    if (caller_.client_id.empty()) {
        caller_.client_id = make_client_id(config());
        driver_.stream().identify(caller_.identity);
    }
    const bool is_known = !verified_.empty() && request_.authorization == verified_ &&
                          shard().now() < verified_until_;
    if (is_known) return answer_api(*this);
    verified_.clear();
    const auto credentials = parse_basic(request_.authorization);
    if (!credentials && !request_.authorization.empty()) return ask_for_login();
    LoginRequest login;
    if (listener.user_name_source != UserNameSource::packet) {
        const bool is_subject = listener.user_name_source == UserNameSource::subject;
        caller_.user_name = is_subject ? caller_.identity.subject : caller_.identity.common_name;
        login.is_identified = caller_.has_name = !caller_.user_name.empty();
        if (!caller_.has_name) {
            return respond(failure(403, "this listener asks for a client certificate"));
        }
    } else {
        caller_.has_name = credentials.has_value();
        caller_.user_name = credentials ? credentials->user_name : std::string();
        if (!credentials && !is_local(listener)) return ask_for_login();
    }
    if (!config().authenticate) {
        if (!is_local(listener) && !login.is_identified) return ask_for_login();
        return authenticated(ReasonCode::success);
    }
    login.client_id = caller_.client_id;
    if (caller_.has_name) login.user_name = caller_.user_name;
    if (credentials) login.password = as_bytes(credentials->password);
    login.peer_address = address_;
    login.listener = seat_.listener;
    if (config().login_threads == 0 || !login.password || login.is_identified) {
        return authenticated(config().authenticate(login));
    }
    Shard& home = shard();
    auto done = [&home, ticket = ticket()](ReasonCode verdict) {
        home.loop().post([ticket, verdict] {
            if (Connection* self = ticket.find()) self->authenticated(verdict);
        });
    };
    ReasonCode known{};
    const TimePoint deadline = home.now() + kAnswerWithin;
    switch (home.shared().login_office.submit(login, deadline, known, std::move(done))) {
    case LoginOffice::Taken::known: return authenticated(known);
    case LoginOffice::Taken::waits: return;
    case LoginOffice::Taken::waits_for_turn: return home.hit(Limit::login_budget, address_);
    case LoginOffice::Taken::full: return authenticated(ReasonCode::server_busy);
    }
}

void Connection::authenticated(ReasonCode verdict) {
    if (verdict == ReasonCode::server_busy) {
        shard().hit(Limit::waiting_logins, address_);
        return respond(failure(503, "too many logins are waiting"));
    }
    if (is_error(verdict)) return refuse_login(verdict);
    verified_ = request_.authorization;
    verified_until_ = shard().now() + kVerifiedFor;
    answer_api(*this);
}

// As late as the refusals of MQTT clients; see Lobby::refuse_login.
void Connection::refuse_login(ReasonCode verdict) {
    shard().log.client_refused(caller_.has_name ? caller_.user_name : caller_.client_id, address_,
                               verdict);
    const Duration most = config().maximum_login_delay;
    if (most == Duration::zero()) return ask_for_login();
    const Duration delay = shard().shared().login_office.guard.failed(
        LoginGuard::source_of(address_, caller_.user_name), shard().now(), most);
    if (delay == Duration::zero()) return ask_for_login();
    shard().hit(Limit::login_delay, address_);
    is_refusal_held_ = true;
    shard().loop().set_timer(*this, shard().now() + delay);
}

// A browser would show its own dialogue for Basic, over the page's.
void Connection::ask_for_login() {
    Response response = failure(401, "a user name and password are needed, or these are wrong");
    response.headers = fmt::format("WWW-Authenticate: {} realm=\"mqtt-broker-lite\"\r\n",
                                   request_.is_from_script ? "Page" : "Basic");
    respond(response);
}

// Answers.

void Connection::send(std::string_view text) {
    driver_.out().append(as_bytes(text));
    driver_.mark_dirty();
}

void Connection::respond(const Response& response) {
    if (!is_busy_ || is_streaming_) return;
    send(to_text(response, request_.keeps_alive, request_.is_head));
    finish_answer();
}

void Connection::begin_stream(std::string_view content_type) {
    is_chunked_ = request_.can_be_chunked;
    if (!is_chunked_ || request_.is_head) request_.keeps_alive = false;
    begin_body(stream_head(content_type, is_chunked_));
}

void Connection::begin_file(std::string_view content_type, std::uint64_t size) {
    is_chunked_ = false;
    begin_body(file_head(content_type, size, request_.keeps_alive));
}

void Connection::begin_body(std::string_view head) {
    is_streaming_ = true;
    is_produced_ = false;
    send(head);
    shard().loop().set_timer(*this, shard().now() + kStreamBeat);
    if (!request_.is_head) return wake();
    finish_answer();
}

void Connection::wake() {
    if (is_streaming_) pump();
}

// As much as the socket takes; what comes after that in a later turn.
void Connection::pump() {
    if (!is_streaming_ || is_pumping_ || !task_ || !driver_.is_open()) return;
    is_pumping_ = true;
    Task::More more = Task::More::now;
    while (more == Task::More::now && driver_.backlog_bytes() < kBacklogBytes) {
        std::string piece;
        more = task_->produce(piece);
        if (!piece.empty()) send(is_chunked_ ? chunk(piece) : piece);
        if (piece.size() < kPieceBytes && more == Task::More::now) break;
    }
    is_pumping_ = false;
    if (more == Task::More::done) {
        if (is_chunked_) send(chunk({}));
        return finish_answer();
    }
    if (more == Task::More::later) return;
    if (more == Task::More::broken) {
        request_.keeps_alive = false;
        return finish_answer();
    }
    driver_.flush();
    if (driver_.is_blocked()) return;  // on_writable goes on
    shard().loop().post([ticket = ticket()] {
        if (Connection* self = ticket.find()) self->pump();
    });
}

void Connection::end_task() {
    if (!task_) return;
    task_->cancel();
    shard().loop().retire(std::move(task_));
}

void Connection::finish_answer() {
    end_task();
    is_busy_ = is_streaming_ = false;
    if (!driver_.is_open()) return;
    if (!request_.keeps_alive) {
        shard().loop().set_timer(*this, TimePoint::max());
        return driver_.close_gracefully(config().drain_timeout);
    }
    shard().loop().set_timer(*this, shard().now() + kIdle);
    driver_.resume_reading();
}

void Connection::on_timer(TimePoint now) {
    if (!is_busy_) {
        if (!is_reading_) return driver_.close_gracefully(config().drain_timeout);
        return refuse({408, "the request did not come in time"});
    }
    if (std::exchange(is_refusal_held_, false)) return ask_for_login();
    if (!is_streaming_) return respond(failure(504, "the broker did not answer in time"));
    if (driver_.is_blocked() && driver_.bytes_sent() == sent_before_) {
        on_closed({});  // a reader that reads nothing
        return;
    }
    sent_before_ = driver_.bytes_sent();
    std::string beat;
    if (!driver_.is_blocked() && task_) task_->keep_alive(beat);
    if (!beat.empty()) send(is_chunked_ ? chunk(beat) : beat);
    shard().loop().set_timer(*this, now + kStreamBeat);
}

// Ends.

void Connection::on_closed(std::error_code) {
    end_task();
    is_busy_ = is_streaming_ = false;
    driver_.abort();
    shard().loop().timers().cancel(*this);
    server_.drop(*this);
}

void Connection::upgrade() {
    if (!driver_.is_open()) return;
    net::Driver::Parts parts = driver_.release();
    std::string head(as_text(parts.unread));
    auto front = std::make_unique<net::FrontStream>(std::move(parts.stream), std::move(head));
    auto stream =
        std::make_unique<net::WsStream>(std::move(front), server_.origins(seat_.listener));
    has_seat_ = false;
    Peer::Origin origin{std::move(address_), seat_, shard().now() + config().connect_timeout};
    shard().peers.add(std::move(stream), std::move(origin)).start({});
    if (FiguresTopic* topic = server_.figures_topic()) topic->expect();
    shard().loop().timers().cancel(*this);
    server_.drop(*this);
}

}  // namespace mqtt::broker::http
