// mqtt::Client: connecting, and what it says when that fails.
#include "client/client_fixture.hpp"

using namespace mqtt;
using namespace mqtt::test;
using std::chrono::milliseconds;

namespace {

struct Failure {
    std::error_code error;
    ConnectReport report;
};

// Connects to a peer that does as `act` says once it has heard CONNECT; it must fail.
Failure fail_to_connect(ClientFixture& f, const std::function<void(RawPeer&)>& act) {
    f.make().connect(f.connected.handler());
    act(f.accept());
    REQUIRE(f.wait([&] { return f.connected.is_done(); }));
    CHECK(f.client->state() == ClientState::gave_up);
    CHECK(f.client->last_error_message() == f.connected.get().message);
    return {f.connected.error, f.connected.get()};
}

bool says(const Failure& failure, std::string_view words) {
    CAPTURE(failure.report.message);
    return failure.report.message.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("client: connects and tells what CONNACK says") {
    ClientFixture f;
    f.options.connect.client_id.clear();
    // Assigned Client Identifier "x7", Server Keep Alive 30.
    f.connect("20 0B 00 00 08 12 00 02 78 37 13 00 1E");
    CHECK(f.connected.get().client_id == "x7");
    CHECK(!f.connected.get().session_present);
    CHECK(f.client->limits().keep_alive == std::chrono::seconds(30));  // [MQTT-3.1.2-21]
    CHECK(f.states == std::vector{ClientState::connecting, ClientState::connected});
    Outcome<ConnectReport> again;
    f.client->connect(again.handler());
    REQUIRE(f.wait([&] { return again.is_done(); }));
    CHECK(again.error == Errc::already_connected);
}

TEST_CASE("client: the next connection uses the client id that the server assigned") {
    ClientFixture f;
    f.options.connect.client_id.clear();
    f.options.connect.properties.add(PropertyId::session_expiry_interval, 60);
    RawPeer& first = f.connect("20 08 00 00 05 12 00 02 78 37");
    CHECK(first.packet<Connect>(0).client_id.empty());
    first.abort();
    CHECK(f.accept().packet<Connect>(0).client_id == "x7");
}

TEST_CASE("client: nobody listens: connection refused, at once, with the address") {
    ClientFixture f;
    f.broker.stop_listening();
    f.make().connect(f.connected.handler());
    REQUIRE(f.wait([&] { return f.connected.is_done(); }));
    CAPTURE(f.connected.get().message);
    CHECK(f.connected.error == Errc::connection_refused);
    CHECK(f.connected.get().message.find("127.0.0.1") != std::string::npos);
    CHECK(info(Errc::connection_refused).exit_code == 3);
}

TEST_CASE("client: a peer that closes before CONNACK is told apart, with the next thing to try") {
    ClientFixture f;
    const Failure failure = fail_to_connect(f, [](RawPeer& peer) { peer.close(); });
    CHECK(failure.error == Errc::closed_before_connack);
    CHECK(says(failure, "without an answer to CONNECT"));
    CHECK(says(failure, "mqtts://"));
}

TEST_CASE("client: a peer that never answers CONNECT ends at connect_timeout") {
    ClientFixture f;
    f.options.connect.connect_timeout = milliseconds(50);
    const Failure failure = fail_to_connect(f, [](RawPeer&) {});
    CHECK(failure.error == Errc::timed_out);
    CHECK(says(failure, "did not answer CONNECT in time"));
}

TEST_CASE("client: HTTP, TLS and other tongues are recognised at their first bytes") {
    ClientFixture f;
    SUBCASE("HTTP") {
        const Failure failure = fail_to_connect(f, [](RawPeer& peer) {
            peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        });
        CHECK(failure.error == Errc::not_mqtt);
        CHECK(says(failure, "answered in HTTP"));
        CHECK(says(failure, "ws://"));
    }
    SUBCASE("TLS alert") {
        const Failure failure =
            fail_to_connect(f, [](RawPeer& peer) { peer.send_hex("15 03 01 00 02 02 46"); });
        CHECK(failure.error == Errc::not_mqtt);
        CHECK(says(failure, "TLS alert"));
        CHECK(says(failure, "mqtts://"));
    }
    SUBCASE("SSH") {
        const Failure failure =
            fail_to_connect(f, [](RawPeer& peer) { peer.send("SSH-2.0-OpenSSH_9.2\r\n"); });
        CHECK(failure.error == Errc::not_mqtt);
        CHECK(says(failure, "SSH-2.0"));
    }
}

TEST_CASE("client: every refusal by CONNACK has its reason and advice [MQTT-4.13.2-1]") {
    struct Row {
        ReasonCode reason;
        std::string_view words;
    };
    const Row rows[] = {
        {ReasonCode::unsupported_protocol_version, "3.1.1"},
        {ReasonCode::client_identifier_not_valid, "another client id"},
        {ReasonCode::bad_user_name_or_password, "user name and password"},
        {ReasonCode::not_authorized, "user name and password"},
        {ReasonCode::server_unavailable, "later"},
        {ReasonCode::server_busy, "later"},
        {ReasonCode::banned, "ban"},
        {ReasonCode::quota_exceeded, "later"},
        {ReasonCode::connection_rate_exceeded, "less often"},
        {ReasonCode::bad_authentication_method, "authentication method"},
    };
    for (const Row& row : rows) {
        ClientFixture f;
        const Failure failure = fail_to_connect(f, [&](RawPeer& peer) {
            peer.send(ProtocolVersion::v5, Connack{false, row.reason, {}});
        });
        CHECK(failure.error == Errc::refused_by_server);
        CHECK(failure.report.reason == row.reason);
        CHECK(says(failure, reason_text(row.reason)));
        CHECK(says(failure, row.words));
    }
}

TEST_CASE("client: return codes of 3.1.1 are refusals with the same reasons") {
    const std::pair<int, ReasonCode> codes[] = {{1, ReasonCode::unsupported_protocol_version},
                                                {2, ReasonCode::client_identifier_not_valid},
                                                {3, ReasonCode::server_unavailable},
                                                {4, ReasonCode::bad_user_name_or_password},
                                                {5, ReasonCode::not_authorized}};
    for (const auto& [code, reason] : codes) {
        ClientFixture f;
        f.options.connect.version = ProtocolVersion::v3_1_1;
        const Failure failure = fail_to_connect(f, [code = code](RawPeer& peer) {
            peer.send(std::string("\x20\x02\x00", 3) + static_cast<char>(code));
        });
        CHECK(failure.error == Errc::refused_by_server);
        CHECK(failure.report.reason == reason);
    }
}

TEST_CASE("client: the server's reason string and reference are passed on") {
    ClientFixture f;
    const Failure failure = fail_to_connect(f, [&](RawPeer& peer) {
        PropertyList said;
        said.add(PropertyId::reason_string, "moving house");
        said.add(PropertyId::server_reference, "other.example");
        peer.send(ProtocolVersion::v5, Connack{false, ReasonCode::server_moved, said});
    });
    CHECK(says(failure, "moving house"));
    CHECK(says(failure, "other.example"));
}

TEST_CASE(
    "client: falls back from 5.0 to 3.1.1 when asked to, whatever way an old server refuses") {
    const std::function<void(RawPeer&)> refusals[] = {
        [](RawPeer& peer) { peer.send_hex("20 03 00 84 00"); },
        [](RawPeer& peer) { peer.send_hex("20 02 00 01"); },  // as 3.x says it
        [](RawPeer& peer) { peer.close(); },
    };
    for (const auto& refuse : refusals) {
        ClientFixture f;
        f.options.connect.fall_back_to_3_1_1 = true;
        f.options.connect.properties.add(PropertyId::session_expiry_interval, 60);
        f.make().connect(f.connected.handler());
        refuse(f.accept());
        RawPeer& second = f.accept(kConnackV3);
        REQUIRE(f.wait([&] { return f.connected.is_done(); }));
        CHECK(!f.connected.error);
        CHECK(f.connected.get().version == ProtocolVersion::v3_1_1);
        CHECK(second.packet<Connect>(0).version == ProtocolVersion::v3_1_1);
    }
}

TEST_CASE("client: without the option a version refusal is final") {
    ClientFixture f;
    const Failure failure = fail_to_connect(f, [](RawPeer& peer) { peer.send_hex("20 02 00 01"); });
    CHECK(failure.error == Errc::refused_by_server);
    CHECK(failure.report.reason == ReasonCode::unsupported_protocol_version);
}
