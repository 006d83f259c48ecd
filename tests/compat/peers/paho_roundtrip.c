/* Eclipse Paho's C client against a broker: subscribes, publishes every QoS to itself, checks what comes back.
 *   paho_roundtrip URI VERSION [CA file]      version 3 (3.1), 4 (3.1.1) or 5
 * Exit status 0, or 1 with the reason. */
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char* what, int code) {
    fprintf(stderr, "%s: %d\n", what, code);
    exit(1);
}

static void connect_to_broker(MQTTClient client, int version, const char* ca_file) {
    MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions options5 = MQTTClient_connectOptions_initializer5;
    if (version == MQTTVERSION_5) options = options5;
    options.MQTTVersion = version;
    options.keepAliveInterval = 30;
    options.connectTimeout = 15;
    if (ca_file) {
        tls.trustStore = ca_file;
        tls.verify = 1;
        options.ssl = &tls;
    }
    int code;
    if (version == MQTTVERSION_5) {
        MQTTResponse response = MQTTClient_connect5(client, &options, NULL, NULL);
        code = response.reasonCode;
        MQTTResponse_free(response);
    } else {
        code = MQTTClient_connect(client, &options);
    }
    if (code != 0) fail("connect", code);
}

static void subscribe(MQTTClient client, int version) {
    int code;
    if (version == MQTTVERSION_5) {
        MQTTResponse response = MQTTClient_subscribe5(client, "paho/c/+", 2, NULL, NULL);
        code = response.reasonCode;
        MQTTResponse_free(response);
    } else {
        code = MQTTClient_subscribe(client, "paho/c/+", 2);
    }
    if (code != 0 && code != 2) fail("subscribe", code);
}

static void publish(MQTTClient client, int version, MQTTClient_message* message) {
    MQTTClient_deliveryToken token = 0;
    int code;
    if (version == MQTTVERSION_5) {
        MQTTResponse response = MQTTClient_publishMessage5(client, "paho/c/x", message, &token);
        code = response.reasonCode;
        MQTTResponse_free(response);
    } else {
        code = MQTTClient_publishMessage(client, "paho/c/x", message, &token);
    }
    if (code != 0) fail("publish", code);
    code = MQTTClient_waitForCompletion(client, token, 15000);
    if (code != 0) fail("delivery", code);
}

static void expect(MQTTClient client, const MQTTClient_message* wanted) {
    char* topic = NULL;
    int topic_length = 0;
    MQTTClient_message* got = NULL;
    const int code = MQTTClient_receive(client, &topic, &topic_length, &got, 15000);
    if (code != 0 || !got) fail("receive", code);
    if (strcmp(topic, "paho/c/x") != 0) fail("topic", topic_length);
    if (got->qos != wanted->qos) fail("QoS", got->qos);
    if (got->payloadlen != wanted->payloadlen ||
        memcmp(got->payload, wanted->payload, (size_t)got->payloadlen) != 0) {
        fail("payload of length", got->payloadlen);
    }
    MQTTClient_freeMessage(&got);
    MQTTClient_free(topic);
}

int main(int argc, char** argv) {
    if (argc < 3) fail("usage: URI VERSION [CA file]", argc);
    const int version = atoi(argv[2]);
    MQTTClient client;
    MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
    create.MQTTVersion = version;
    int code = MQTTClient_createWithOptions(&client, argv[1], "paho-c", MQTTCLIENT_PERSISTENCE_NONE, NULL, &create);
    if (code != 0) fail("create", code);
    connect_to_broker(client, version, argc > 3 ? argv[3] : NULL);
    subscribe(client, version);

    static char large[70000];
    memset(large, 'x', sizeof large);
    const int sizes[] = {0, 5, sizeof large};
    for (int qos = 0; qos <= 2; ++qos) {
        for (int i = 0; i < 3; ++i) {
            MQTTClient_message message = MQTTClient_message_initializer;
            message.payload = large;
            message.payloadlen = sizes[i];
            message.qos = qos;
            publish(client, version, &message);
            expect(client, &message);
        }
    }
    code = version == MQTTVERSION_5 ? MQTTClient_disconnect5(client, 2000, MQTTREASONCODE_SUCCESS, NULL)
                                    : MQTTClient_disconnect(client, 2000);
    if (code != 0) fail("disconnect", code);
    MQTTClient_destroy(&client);
    return 0;
}
