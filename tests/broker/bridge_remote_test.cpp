// Bridges as their remote sees them, which acknowledges and answers when the test says so.
#include <doctest/doctest.h>

#include "support/bridged_brokers.hpp"
#include "support/raw_remote.hpp"

using namespace ::test;

namespace {

// Lets t out, and tells its remote nothing of itself.
BridgeConfig out_to(const RawRemote& remote) {
    BridgeConfig bridge = bridge_to(remote.port());
    bridge.notifications = false;
    bridge.attempt_unsubscribe = false;
    bridge.topics = {{"t/#", BridgeDirection::out, QoS::exactly_once, "", ""}};
    return bridge;
}

BrokerConfig with_byte_window(const RawRemote& remote, std::size_t bytes) {
    BrokerConfig config = with(out_to(remote));
    config.maximum_inflight_bytes = bytes;
    return config;
}

// An option of this process' socket that is connected to the port; -1: there is none, or it has none.
int option_of_socket_to(std::uint16_t port, int level, int name) {
    for (int fd = 3; fd < 1000; ++fd) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
        if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != port) continue;
        int value = -1;
        size = sizeof value;
        ::getsockopt(fd, level, name, &value, &size);
        return value;
    }
    return -1;
}

}  // namespace

TEST_CASE("bridge: max_inflight_bytes lets the next message go while less payload is unfinished") {
    RawRemote remote;
    const TestBroker here(with_byte_window(remote, 100));
    remote.accept();
    RawClient pub = here.client("pub");
    for (const std::size_t size : {60, 60, 60, 500, 1})
        pub.publish_acked("t", std::string(size, 'x'));
    const PacketId first = remote.expect<Publish>().id;
    const PacketId second = remote.expect<Publish>().id;
    remote.expect_silence();  // 120 are under way
    remote.ack(PacketType::puback, second);
    const PacketId third = remote.expect<Publish>().id;
    remote.expect_silence();
    remote.ack(PacketType::puback, first);
    const Publish large = remote.expect<Publish>();  // 60 are under way
    CHECK(large.payload.size() == 500);
    const PacketId large_id = large.id;
    remote.ack(PacketType::puback, third);
    remote.expect_silence();

    // Sent again it counts: what waits behind it still does.
    remote.hang_up();
    remote.accept(true);
    CHECK(remote.expect<Publish>().dup);
    remote.expect_silence();
    remote.ack(PacketType::puback, large_id);
    CHECK(remote.expect<Publish>().payload.size() == 1);

    // A remote without the session gets both again, one after the other.
    pub.publish_acked("t", std::string(100, 'x'));
    CHECK(remote.expect<Publish>().payload.size() == 100);
    remote.expect_silence();
    pub.publish_acked("t", "last");
    remote.hang_up();
    remote.accept();
    CHECK(remote.expect<Publish>().payload.size() == 1);
    const Publish again = remote.expect<Publish>();
    CHECK(again.payload.size() == 100);
    const PacketId again_id = again.id;
    remote.expect_silence();
    remote.ack(PacketType::puback, again_id);
    CHECK(as_text(remote.expect<Publish>().payload) == "last");
}

TEST_CASE("bridge: max_inflight_bytes counts QoS 2 to the end, QoS 0 never, retained as others") {
    RawRemote remote;
    const TestBroker here(with_byte_window(remote, 100));
    RawClient pub = here.client("pub");
    for (const char* topic : {"t/a", "t/b"}) {
        const PacketId id = pub.next_id();
        pub.publish(topic, std::string(100, 'x'), QoS::exactly_once, id, true);
        pub.expect<Ack>();
        pub.ack(PacketType::pubrel, id).expect<Ack>();
    }
    remote.accept();
    const auto finish = [&](PacketId id) {
        remote.ack(PacketType::pubrec, id);
        CHECK(remote.expect<Ack>().type == PacketType::pubrel);
        remote.expect_silence();
        // What is new looks whether there is room.
        pub.publish_acked("t/c", "new");
        remote.expect_silence();
        remote.ack(PacketType::pubcomp, id);
    };
    finish(remote.expect<Publish>().id);
    finish(remote.expect<Publish>().id);
    for (int i = 0; i < 2; ++i)
        CHECK(as_text(remote.expect<Publish>().payload) == "new");
    // The queue is empty: what was retained before the connection follows.
    const PacketId retained = remote.expect<Publish>().id;
    remote.expect_silence();
    pub.publish("t/d", std::string(500, 'x'));
    CHECK(remote.expect<Publish>().qos == QoS::at_most_once);
    finish(retained);
    CHECK(as_text(remote.expect<Publish>().payload) == "new");
    CHECK(remote.expect<Publish>().retain);
}

TEST_CASE("bridge: its CONNECT says what the configuration says, from the address that it names") {
    for (const auto version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
        RawRemote remote;
        BridgeConfig bridge = out_to(remote);
        bridge.version = version;
        bridge.try_private = false;
        bridge.notifications = true;
        bridge.notification_topic = "up";
        bridge.session_expiry = 77;
        bridge.receive_maximum = 33;
        bridge.topic_alias_maximum = 4;
        bridge.connect.maximum_packet_size = 5'000;
        bridge.connect.keep_alive = std::chrono::seconds(30);
        bridge.connect.user_name = "user";
        bridge.connect.password = "secret";
        bridge.connect.bind_address = "127.0.0.2";
        const TestBroker here(with(bridge));
        const Connect connect = remote.accept();
        CHECK(remote.peer_address() == "127.0.0.2");
        CHECK(connect.version == version);
        CHECK_FALSE(connect.clean_start);
        CHECK(connect.client_id == "b");
        CHECK(connect.keep_alive == 30);
        CHECK(connect.user_name == "user");
        CHECK(as_text(connect.password.value()) == "secret");
        REQUIRE(connect.will);
        CHECK(connect.will->topic == "up");
        CHECK(as_text(connect.will->payload) == "0");
        if (version != ProtocolVersion::v5) continue;
        const Properties& properties = connect.properties;
        CHECK(properties.number(PropertyId::session_expiry_interval) == 77);
        CHECK(properties.number(PropertyId::receive_maximum) == 33);
        CHECK(properties.number(PropertyId::topic_alias_maximum) == 4);
        CHECK(properties.number(PropertyId::maximum_packet_size) == 5'000);
    }
    RawRemote remote;
    BridgeConfig bridge = out_to(remote);
    bridge.clean_start = true;
    const TestBroker here(with(bridge));
    const Connect connect = remote.accept();
    CHECK(connect.clean_start);
    CHECK_FALSE(connect.will);
    CHECK_FALSE(connect.user_name);
    CHECK_FALSE(connect.properties.number(PropertyId::session_expiry_interval));
}

TEST_CASE("bridge: its socket has the probes and the patience of the configuration") {
    RawRemote remote;
    BridgeConfig bridge = out_to(remote);
    bridge.tcp_keepalive_idle = 101;
    bridge.tcp_keepalive_interval = 11;
    bridge.tcp_keepalive_count = 3;
    bridge.tcp_user_timeout = std::chrono::milliseconds(2'345);
    const TestBroker here(with(bridge));
    remote.accept();
    remote.expect_silence();  // CONNACK has been heard
    const auto option = [&](int level, int name) {
        return option_of_socket_to(remote.port(), level, name);
    };
    CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option(IPPROTO_TCP, TCP_KEEPIDLE) == 101);
    CHECK(option(IPPROTO_TCP, TCP_KEEPINTVL) == 11);
    CHECK(option(IPPROTO_TCP, TCP_KEEPCNT) == 3);
    CHECK(option(IPPROTO_TCP, TCP_USER_TIMEOUT) == 2'345);
}

TEST_CASE("bridge: with local_cleansession nothing waits for a remote that is away") {
    for (const bool is_clean : {true, false}) {
        CAPTURE(is_clean);
        RawRemote remote;
        BridgeConfig bridge = out_to(remote);
        bridge.local_clean_start = is_clean;
        BrokerConfig config = with(bridge);
        LogLines lines;
        lines.take_from(config);
        const TestBroker here(config);
        remote.accept();
        remote.expect_silence();
        RawClient pub = here.client("pub");
        CHECK(pub.publish_acked("t/x", "unfinished") == ReasonCode::success);
        CHECK(as_text(remote.expect<Publish>().payload) == "unfinished");
        remote.hang_up();
        CHECK(eventually([&] { return lines.have("next attempt in"); }));
        CHECK(pub.publish_acked("t/x", "away") ==
              (is_clean ? ReasonCode::no_matching_subscribers : ReasonCode::success));
        remote.accept(true);
        if (is_clean) {
            remote.expect_silence();
        } else {
            for (const char* kept : {"unfinished", "away"})
                CHECK(as_text(remote.expect<Publish>().payload) == kept);
        }
        CHECK(pub.publish_acked("t/x", "back") == ReasonCode::success);
        CHECK(as_text(remote.expect<Publish>().payload) == "back");
    }
}
