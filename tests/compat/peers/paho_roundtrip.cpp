// Eclipse Paho's C++ client against a broker: reads what our publisher left, publishes every QoS to itself, lets its
// will be published, then says something that our subscriber waits for.
//   paho_roundtrip URI VERSION [CA file]      version 3 (3.1), 4 (3.1.1) or 5
// Exit status 0, or 1 with the reason.
#include <mqtt/async_client.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr std::chrono::seconds kDeadline{20};

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(1);
}

struct Way {
    std::string uri;
    int version;
    std::string ca_file;
};

class Peer {
public:
    Peer(const Way& way, const std::string& id, bool with_will)
        : version_(way.version)
        , client_(way.uri, id, mqtt::create_options(way.version)) {
        mqtt::connect_options_builder options;
        options.mqtt_version(way.version);
        options.keep_alive_interval(std::chrono::seconds(30));
        way.version == MQTTVERSION_5 ? options.clean_start(true) : options.clean_session(true);
        if (!way.ca_file.empty()) {
            mqtt::ssl_options tls;
            tls.set_trust_store(way.ca_file);
            options.ssl(tls);
        }
        if (with_will) options.will(mqtt::message("cpp/will", std::string("gone"), 1, false));
        client_.start_consuming();
        if (!client_.connect(options.finalize())->wait_for(kDeadline)) fail(id + ": no CONNACK");
    }
    void subscribe(const std::string& filter, int qos) {
        if (!client_.subscribe(filter, qos)->wait_for(kDeadline)) fail("no SUBACK");
    }
    void publish(const std::string& topic, const std::string& payload, int qos) {
        auto message = mqtt::make_message(topic, payload, qos, false);
        if (version_ == MQTTVERSION_5) {
            mqtt::properties properties;
            properties.add({mqtt::property::USER_PROPERTY, "unit", "°C"});
            message->set_properties(properties);
        }
        if (!client_.publish(message)->wait_for(kDeadline)) fail("no end of the delivery");
    }
    void expect(const std::string& topic, const std::string& payload, int qos,
                bool retained = false) {
        const mqtt::const_message_ptr got = client_.try_consume_message_for(kDeadline);
        if (!got) fail("nothing came, instead of " + topic);
        if (got->get_topic() != topic || got->to_string() != payload || got->get_qos() != qos ||
            got->is_retained() != retained) {
            fail("came " + got->get_topic() + ", QoS " + std::to_string(got->get_qos()) + ", " +
                 std::to_string(got->to_string().size()) + " bytes, instead of " + topic);
        }
        if (version_ == MQTTVERSION_5 && topic == "cpp/温度" &&
            mqtt::get<mqtt::string_pair>(got->get_properties(), mqtt::property::USER_PROPERTY) !=
                mqtt::string_pair("unit", "°C")) {
            fail("another user property");
        }
    }
    void leave() { client_.disconnect()->wait_for(kDeadline); }

private:
    const int version_;
    mqtt::async_client client_;
};

void talk(const Way& way) {
    Peer watcher(way, "cpp-watcher", false);
    watcher.subscribe("cpp/#", 2);
    watcher.expect("cpp/from/us", "kept by mqtt-pub", 1, true);
    Peer sender(way, "cpp-sender", true);
    for (int qos = 0; qos <= 2; ++qos) {
        for (const std::string& payload :
             {std::string("21.5"), std::string(), std::string(100'000, 'x')}) {
            sender.publish("cpp/温度", payload, qos);
            watcher.expect("cpp/温度", payload, qos);
        }
    }
    Peer(way, "cpp-sender", false).leave();  // a take-over: the will of the one before is due
    watcher.expect("cpp/will", "gone", 1);
    watcher.publish("to/us", "from Paho C++", 2);
    watcher.leave();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) fail("usage: URI VERSION [CA file]");
    try {
        talk({argv[1], std::atoi(argv[2]), argc > 3 ? argv[3] : ""});
    } catch (const std::exception& error) {
        fail(error.what());
    }
}
