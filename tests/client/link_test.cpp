// client::Link on a stream that fails or writes short at call N, for all N.
#include <doctest/doctest.h>

#include "client/link.hpp"
#include "support/faulty_stream.hpp"
#include "support/net_loop.hpp"
#include "support/session_broker.hpp"
#include "support/socket_pair.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

struct Owner final : client::LinkOwner {
    void on_link_connected(const Connack&) override { connected = true; }
    void on_link_closed(const Error& e, std::error_code, const std::string& m) override {
        ++closed;
        error = e;
        message = m;
    }
    bool connected = false;
    int closed = 0;
    Error error;
    std::string message;
};

struct Sink final : ConnectionSink {
    AckDecision on_publish(const Publish& publish) override {
        heard += as_text(publish.payload);
        return AckDecision::now();
    }
    void on_delivered(PacketId, std::uint64_t token, ReasonCode) override { delivered += token; }
    std::string heard;
    std::uint64_t delivered = 0;
};

// A whole conversation with the fault at call `n`. False: the fault was not reached.
bool converse(Fault fault, int n) {
    TestLoop test_loop;
    SessionBroker broker(test_loop.loop());
    broker.to_send = {"0", "1", "2"};
    const SocketPair pair = make_unix_pair();
    broker.take(plain(pair.b));
    FaultPlan plan{fault, n};
    Owner owner;
    Sink sink;
    core::Session session;
    auto link = std::make_unique<client::Link>(
        owner, sink, test_loop.loop(), std::make_unique<FaultyStream>(plain(pair.a), plan), "peer");
    Connect connect;
    connect.client_id = "c";
    link->start(connect, session, std::chrono::seconds(5), Clock::now() + std::chrono::seconds(5),
                Transport::tcp);
    REQUIRE(test_loop.run_until([&] { return owner.connected || owner.closed != 0; }));
    FilterListBuilder filters(true);
    filters.add("#");
    link->subscribe(filters.view(), {});
    for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        link->publish({.topic = "t", .payload = as_bytes("p"), .qos = qos}, 1);
    }
    REQUIRE(test_loop.run_until(
        [&] { return owner.closed != 0 || (sink.heard.size() == 3 && sink.delivered == 2); }));
    link->disconnect(ReasonCode::success, {}, std::chrono::seconds(5));
    REQUIRE(test_loop.run_until([&] { return owner.closed != 0; }));
    CHECK(owner.closed == 1);
    const bool is_fatal =
        fault == Fault::fail_read || fault == Fault::fail_write || fault == Fault::end;
    if (owner.error) {
        CHECK(is_fatal);
        CHECK(!owner.message.empty());
    } else {
        CHECK(sink.heard == "012");
        CHECK(broker.received.size() == 3);
    }
    test_loop.loop().retire(std::move(link));
    test_loop.run_one();
    return plan.fired;
}

}  // namespace

TEST_CASE("link: a stream that fails or falls short at call N ends with a reason or goes on") {
    for (const Fault fault : {Fault::fail_read, Fault::fail_write, Fault::end, Fault::short_read,
                              Fault::short_write, Fault::block_write, Fault::want_write_on_read}) {
        int n = 1;
        while (converse(fault, n)) {
            CAPTURE(n);
            ++n;
        }
        CHECK(n > 3);
    }
}
