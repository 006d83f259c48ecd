// MQTT 5.0, chapters 3.15 and 4.12: AUTH and enhanced authentication, with SCRAM-SHA-256.
#include "support/scram_client.hpp"
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

namespace {

constexpr std::string_view kMethod = "SCRAM-SHA-256";

BrokerConfig with_scram() {
    BrokerConfig config = loopback();
    config.scram_credentials = [credentials = make_scram_credentials(as_bytes("pencil"))](
                                   const LoginRequest& request) -> std::optional<ScramCredentials> {
        if (request.user_name == "user" || request.user_name == "a,b=c") return credentials;
        return std::nullopt;
    };
    config.authenticate = [](const LoginRequest&) { return R::bad_user_name_or_password; };
    return config;
}

PropertyList method(std::string_view name, std::string_view data = {}) {
    PropertyList list;
    list.add(PropertyId::authentication_method, name);
    if (!data.empty()) list.add(PropertyId::authentication_data, data);
    return list;
}

void send_auth(RawClient& client, R reason, std::string_view data,
               std::string_view name = kMethod) {
    const PropertyList properties = method(name, data);
    client.send(Auth{reason, properties.view()});
}

RawClient begin(const SpecBroker& broker, std::string_view id, std::string_view first) {
    RawClient client = broker.client();
    const PropertyList properties = method(kMethod, first);
    client.send_connect({.client_id = id, .properties = properties.view()});
    return client;
}

std::string data_of(Properties properties) {
    CHECK(properties.text(PropertyId::authentication_method) == kMethod);
    return std::string(properties.text(PropertyId::authentication_data).value_or(""));
}

std::string challenge_of(RawClient& client) {
    const Auth auth = client.expect<Auth>();
    CHECK(auth.reason == R::continue_authentication);
    return data_of(auth.properties);
}

// Connected as "user".
RawClient logged_in(const SpecBroker& broker, std::string_view id) {
    ScramClient scram("user", "pencil");
    RawClient client = begin(broker, id, scram.first());
    send_auth(client, R::continue_authentication, scram.last(challenge_of(client)));
    const Connack connack = client.expect<Connack>();
    REQUIRE(connack.reason == R::success);
    CHECK(data_of(connack.properties) == scram.expected());
    return client;
}

}  // namespace

TEST_CASE(
    "5.0 server: without a method there is none in CONNACK, and AUTH is a protocol error "
    "[MQTT-4.12.0-6] [MQTT-4.12.0-7] [MQTT-3.15.1-1]") {
    SpecBroker broker;
    for (const std::string packet : {"f0 00", "f1 00", "f0 02 18 00"}) {
        CAPTURE(packet);
        RawClient client = broker.client();
        const Connack connack = client.connect(broker.id("c"));
        CHECK_FALSE(connack.properties.text(PropertyId::authentication_method));
        client.send_hex(packet);
        expect_ended(client, {R::protocol_error, R::malformed_packet});
    }
}

TEST_CASE("5.0 server: a method that it does not know is refused [MQTT-4.12.0-1]") {
    SpecBroker broker;
    RawClient client = broker.client();
    const PropertyList properties = method("no such method");
    client.send_connect({.client_id = broker.id("c"), .properties = properties.view()});
    expect_refused(client, {R::bad_authentication_method});
}

TEST_CASE(
    "5.0 server: SCRAM-SHA-256 lets in who knows the password, and proves to know it, too "
    "[MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5] [MQTT-3.15.2-1]" *
    only_own_broker()) {
    SpecBroker broker(with_scram());
    RawClient client = logged_in(broker, "c");
    client.subscribe("t");
    client.publish("t", "x").expect_publish("t", "x");
    // A name with the characters that SCRAM writes in its own way.
    ScramClient scram("a=2Cb=3Dc", "pencil");
    RawClient other = begin(broker, "o", scram.first());
    send_auth(other, R::continue_authentication, scram.last(challenge_of(other)));
    CHECK(other.expect<Connack>().reason == R::success);
    // The password in the clear goes its own way.
    RawClient plain = broker.client();
    plain.send_connect({.client_id = "p", .user_name = "user", .password = "pencil"});
    expect_refused(plain, {R::bad_user_name_or_password});
}

TEST_CASE(
    "5.0 server: the first data may follow CONNECT, an assigned id and a session hold "
    "[MQTT-4.12.0-2] [MQTT-3.1.3-7]" *
    only_own_broker()) {
    SpecBroker broker(with_scram());
    ScramClient scram("user", "pencil");
    RawClient client = begin(broker, "", {});
    CHECK(challenge_of(client).empty());
    send_auth(client, R::continue_authentication, scram.first());
    send_auth(client, R::continue_authentication, scram.last(challenge_of(client)));
    const Connack connack = client.expect<Connack>();
    CHECK(connack.reason == R::success);
    CHECK(connack.properties.text(PropertyId::assigned_client_identifier));
}

TEST_CASE(
    "5.0 server: a wrong proof, an unknown user and broken data are refused by CONNACK "
    "[MQTT-4.12.0-4] [MQTT-3.14.0-1]" *
    only_own_broker()) {
    SpecBroker broker(with_scram());
    for (const std::string user : {"user", "nobody"}) {
        ScramClient scram(user, user == "user" ? "wrong" : "pencil");
        RawClient client = begin(broker, "c", scram.first());
        send_auth(client, R::continue_authentication, scram.last(challenge_of(client)));
        expect_refused(client, {R::not_authorized});
    }
    for (const std::string first :
         {"x", "p=tls-unique,,n=user,r=abc", "n,a=other,n=user,r=abc", "n,,n=us=er,r=abc",
          "n,,n=user", "n,,n=,r=abc", "n,,m=ext,n=user,r=abc"}) {
        CAPTURE(first);
        RawClient client = begin(broker, "c", first);
        expect_refused(client, {R::not_authorized});
    }
    ScramClient scram("user", "pencil");
    for (const std::string change : {"c=eSws", "nonce", "no proof", "proof", "method", "reason"}) {
        CAPTURE(change);
        RawClient client = begin(broker, "c", scram.first());
        std::string last = scram.last(challenge_of(client));
        if (change == "c=eSws") last.replace(0, 6, change);
        if (change == "nonce") last.insert(last.find(",p="), "x");
        if (change == "no proof") last.resize(last.find(",p="));
        if (change == "proof") last.resize(last.size() - 4);
        send_auth(client, change == "reason" ? R::re_authenticate : R::continue_authentication,
                  last, change == "method" ? "SCRAM-SHA-1" : kMethod);
        expect_refused(client, {R::not_authorized, R::protocol_error});
    }
}

TEST_CASE(
    "5.0 server: between CONNECT and CONNACK nothing but AUTH and DISCONNECT is taken "
    "[MQTT-3.1.2-30] [MQTT-3.1.4-6]" *
    only_own_broker()) {
    SpecBroker broker(with_scram());
    ScramClient scram("user", "pencil");
    RawClient client = begin(broker, "c", scram.first());
    challenge_of(client);
    client.publish("t", "x");
    expect_refused(client, {R::protocol_error});
    RawClient leaving = begin(broker, "c", scram.first());
    challenge_of(leaving);
    PropertyList expiry;
    expiry.add(PropertyId::session_expiry_interval, 0u);
    leaving.send(Disconnect{R::success, expiry.view()}).expect_closed();
}

TEST_CASE("5.0 server: a user name in CONNECT must be the one of the exchange" *
          only_own_broker()) {
    SpecBroker broker(with_scram());
    ScramClient scram("user", "pencil");
    const std::string first = scram.first();
    const PropertyList properties = method(kMethod, first);
    RawClient client = broker.client();
    client.send_connect(
        {.client_id = "c", .properties = properties.view(), .user_name = "somebody else"});
    send_auth(client, R::continue_authentication, scram.last(challenge_of(client)));
    expect_refused(client, {R::not_authorized});
}

TEST_CASE("5.0 server: rights are those of the user who has proved to be" * only_own_broker()) {
    BrokerConfig config = with_scram();
    config.authorize = [](const AccessRequest& request) { return request.user_name == "user"; };
    SpecBroker broker(std::move(config));
    CHECK(logged_in(broker, "c").subscribe("t")[0] == R::success);
}

TEST_CASE(
    "5.0 server: a client authenticates again while messages go on, failing ends it "
    "[MQTT-4.12.1-1] [MQTT-4.12.1-2] [MQTT-4.12.0-5]" *
    only_own_broker()) {
    SpecBroker broker(with_scram());
    RawClient client = logged_in(broker, "c");
    client.subscribe("t");
    for (int i = 0; i < 2; ++i) {
        ScramClient again("user", "pencil", "another nonce");
        send_auth(client, R::re_authenticate, again.first());
        const std::string answer = again.last(challenge_of(client));
        client.publish("t", "meanwhile").expect_publish("t", "meanwhile");
        send_auth(client, R::continue_authentication, answer);
        const Auth done = client.expect<Auth>();
        CHECK(done.reason == R::success);
        CHECK(data_of(done.properties) == again.expected());
    }
    ScramClient wrong("user", "wrong");
    send_auth(client, R::re_authenticate, wrong.first());
    send_auth(client, R::continue_authentication, wrong.last(challenge_of(client)));
    expect_ended(client, {R::not_authorized});

    RawClient somebody_else = logged_in(broker, "c");
    ScramClient other("a=2Cb=3Dc", "pencil");
    send_auth(somebody_else, R::re_authenticate, other.first());
    send_auth(somebody_else, R::continue_authentication, other.last(challenge_of(somebody_else)));
    expect_ended(somebody_else, {R::not_authorized});

    RawClient method_changed = logged_in(broker, "c");
    send_auth(method_changed, R::re_authenticate, wrong.first(), "SCRAM-SHA-1");
    expect_ended(method_changed, {R::not_authorized, R::bad_authentication_method});

    RawClient out_of_turn = logged_in(broker, "c");
    send_auth(out_of_turn, R::continue_authentication, "x");
    expect_ended(out_of_turn, {R::protocol_error});
}

TEST_CASE(
    "5.0 server: SCRAM on several threads: the connection moves to where its session lives "
    "[MQTT-4.12.0-2]" *
    only_own_broker()) {
    BrokerConfig config = with_scram();
    config.threads = 3;
    SpecBroker broker(std::move(config));
    for (int i = 0; i < 8; ++i) {
        const std::string id = "c" + std::to_string(i);
        logged_in(broker, id).expect_silence();
    }
}
