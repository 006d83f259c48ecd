// One HTTP connection of the broker: reads requests, finds out who asks, has them answered, one at a
// time. Becomes an MQTT connection when it asks for WebSocket. Belongs to shard 0's loop. What is asked
// and answered is in api*.cpp.
#pragma once

#include <memory>
#include <string>

#include "broker/admission.hpp"
#include "broker/http/caller.hpp"
#include "broker/http/request.hpp"
#include "broker/http/response.hpp"
#include "broker/retained.hpp"
#include "net/driver.hpp"

namespace mqtt::broker {
class Shard;
}

namespace mqtt::broker::http {

class Connection;
class Files;
class Server;

// An answer that is under way: a body in pieces, or one that somebody else's answer is waited for.
class Task {
public:
    enum class More : std::uint8_t { now, later, done, broken };
    virtual ~Task() = default;
    // Appends the next piece of the body; asked when the connection takes more. later: Connection::wake
    // follows. broken: the rest cannot be had, and the connection ends.
    virtual More produce(std::string&) { return More::later; }
    // Nothing was said for a while: appends something that keeps proxies from giving up.
    virtual void keep_alive(std::string&) {}
    // Nobody wants it any more; it is destroyed when the turn ends.
    virtual void cancel() {}
};

// Finds a connection again while it waits for the answer to the same request. Copied to other threads,
// asked on shard 0's.
class Ticket {
public:
    Ticket(std::weak_ptr<Server*> server, std::uint64_t id, std::uint64_t request)
        : server_(std::move(server))
        , id_(id)
        , request_(request) {}
    Connection* find() const;  // null: gone, or done with that request

private:
    std::weak_ptr<Server*> server_;
    std::uint64_t id_;
    std::uint64_t request_;
};

class Connection final : private net::ByteConsumer, private net::Timer {
public:
    Connection(Server& server, std::uint64_t id, std::unique_ptr<net::ByteStream> stream,
               std::string address, Admission::Seat seat);
    ~Connection();
    void start() { driver_.start(); }

    // For who answers.
    Shard& shard() const;
    const BrokerConfig& config() const;
    const Caller& caller() const { return caller_; }
    const std::string& address() const { return address_; }
    std::string_view mount_point() const;
    const ListenerConfig& listener() const;
    const Files* files() const;  // null: the listener has none
    Ticket ticket() const;
    const Request& request() const { return request_; }
    std::uint64_t request_number() const { return is_busy_ ? request_number_ : 0; }
    void respond(const Response& response);
    // Sends the head of an answer in pieces; then `task` is asked for them.
    void begin_stream(std::string_view content_type);
    // The same for a file of known size.
    void begin_file(std::string_view content_type, std::uint64_t size);
    // What the answer is waited for from, or comes from, until it is over.
    void keep(std::unique_ptr<Task> task) { task_ = std::move(task); }
    // The task has more, or is done.
    void wake();

private:
    friend class Server;
    base::Consumed on_bytes(Bytes bytes) override;
    void on_closed(std::error_code error) override;
    void on_writable() override { pump(); }
    void on_timer(TimePoint now) override;

    std::size_t read_one(Bytes bytes);
    void refuse(const Refusal& refusal);
    void take(Request request);
    void admit();
    void authenticate();
    void authenticated(ReasonCode verdict);
    void answer();
    void refuse_login(ReasonCode verdict);
    void ask_for_login();
    void begin_body(std::string_view head);
    void send(std::string_view text);
    void pump();
    void finish_answer();
    void end_task();
    void upgrade();

    Server& server_;
    Shard& shard_;  // outlives the server: what was retired in its last turn is destroyed after it
    const std::uint64_t id_;
    std::string address_;
    Admission::Seat seat_;
    net::Driver driver_;
    Caller caller_;
    Request request_;
    std::string verified_;  // the Authorization that was found right
    TimePoint verified_until_ = TimePoint::min();
    std::unique_ptr<Task> task_;
    std::uint64_t request_number_ = 0;
    bool is_busy_ = false;  // with a request
    bool is_streaming_ = false;
    bool is_chunked_ = false;
    bool has_seat_ = true;
    bool is_refusal_held_ = false;  // its password was wrong; the timer is for the answer
    bool has_continued_ = false;    // 100 is sent
    bool is_reading_ = false;       // a part of a request has come
    bool is_pumping_ = false;
    bool is_produced_ = false;       // the last piece is staged
    std::uint64_t sent_before_ = 0;  // bytes at the last look at a stream
};

}  // namespace mqtt::broker::http
