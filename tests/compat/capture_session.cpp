// Writes conversations of our two protocol roles, every packet type of 3.1, 3.1.1 and 5.0 in them, as text for
// text2pcap: "O hex" from client to server, "I hex" back. Used by tests/compat/capture_roles.t, where tshark reads them.
//   capture_session 31|311|5
#include <cstdio>

#include "core/protocol_fixture.hpp"

namespace {

using namespace test;

class Conversation {
public:
    explicit Conversation(ProtocolVersion version) : version_(version) {
        server_.auto_accept = version != ProtocolVersion::v5;
        server_.sink.subscribe_hook = [this](const Subscribe& subscribe) {
            const std::vector<ReasonCode> granted(subscribe.filters.count(),
                                                  ReasonCode::granted_qos_2);
            server_.protocol.suback(subscribe.id, granted);
        };
        // 5.0 with extended authentication: CONNECT, AUTH, AUTH, CONNACK.
        server_.sink.connect_hook = [this](const Connect&) {
            if (version_ == ProtocolVersion::v5) {
                server_.protocol.auth(ReasonCode::continue_authentication, proof("challenge"));
            } else {
                server_.protocol.accept(server_.session, server_.accept, server_.now);
            }
        };
    }

    void run() {
        connect();
        const bool v5 = version_ == ProtocolVersion::v5;
        FilterListBuilder subscribe(true);
        FilterListBuilder unsubscribe(false);
        for (const std::string_view filter : {"大楼/+/温度", "building/#"}) {
            subscribe.add(filter, {QoS::exactly_once});
            unsubscribe.add(filter);
        }
        client_.protocol.subscribe(
            subscribe.view(), v5 ? list(PropertyId::subscription_identifier, 7) : PropertyList());
        exchange();
        for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
            publish_kept(client_.protocol, "大楼/三层/温度", "21.5 ℃", qos);
            exchange();
            publish_kept(server_.protocol, "大楼/四层/温度", "19.0 ℃", qos);
            exchange();
        }
        client_.protocol.unsubscribe(unsubscribe.view());
        exchange();
        client_.now += 60s;
        client_.protocol.on_time(client_.now, client_.sink);
        exchange();
        client_.protocol.disconnect(ReasonCode::success);
        exchange();
    }

private:
    static PropertyList proof(std::string_view data) {
        PropertyList properties;
        properties.add(PropertyId::authentication_method, "TEST");
        properties.add(PropertyId::authentication_data, data);
        return properties;
    }

    void connect() {
        Connect connect = connect_packet(version_);
        connect.keep_alive = 30;
        connect.client_id = "capture";
        const std::string_view password = "秘密";
        connect.user_name = "用户";
        connect.password = as_bytes(password);
        connect.will = WillView{};
        connect.will->topic = "大楼/遗嘱";
        const std::string_view farewell = "gone";
        connect.will->payload = as_bytes(farewell);
        const PropertyList properties = proof("hello").add(PropertyId::topic_alias_maximum, 5U);
        if (version_ == ProtocolVersion::v5) connect.properties = properties;
        client_.protocol.connect(connect, client_.session, client_.now, 10s);
        exchange();
        if (version_ != ProtocolVersion::v5) return;
        client_.protocol.auth(ReasonCode::continue_authentication, proof("response"));
        exchange();
        server_.protocol.accept(server_.session, {.keep_alive = 30, .properties = proof("welcome")},
                                server_.now);
        exchange();
    }

    // Moves bytes both ways until both are silent, one line per packet.
    void exchange() {
        for (;;) {
            const ByteVector up = take(client_.out);
            print('O', up);
            server_.feed(Bytes(up));
            answer_unsubscribe(up);
            const ByteVector down = take(server_.out);
            print('I', down);
            client_.feed(Bytes(down));
            if (up.empty() && down.empty()) return;
        }
    }

    void answer_unsubscribe(Bytes up) {
        while (!up.empty()) {
            const FrameResult found = find_frame(up, 0);
            const Result<Packet> packet = decode(found.frame, version_);
            if (const auto* unsubscribe = packet ? std::get_if<Unsubscribe>(&*packet) : nullptr) {
                const std::vector<ReasonCode> codes(unsubscribe->filters.count(),
                                                    ReasonCode::success);
                server_.protocol.unsuback(unsubscribe->id, codes);
            }
            up = up.subspan(found.frame.size);
        }
    }

    static void print(char direction, Bytes bytes) {
        while (!bytes.empty()) {
            const FrameResult found = find_frame(bytes, 0);
            std::printf("%c ", direction);
            for (const std::uint8_t byte : bytes.first(found.frame.size))
                std::printf("%02x", byte);
            std::printf("\n");
            bytes = bytes.subspan(found.frame.size);
        }
    }

    ProtocolVersion version_;
    test::Client client_;
    test::Server server_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::string_view word = argc == 2 ? argv[1] : "";
    const auto version = word == "31"    ? ProtocolVersion::v3_1
                         : word == "311" ? ProtocolVersion::v3_1_1
                                         : ProtocolVersion::v5;
    Conversation(version).run();
    return 0;
}
