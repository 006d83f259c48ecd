"""Eclipse Paho's Python client against a broker: what its users do. Exit status 0, or 1 with the reason.

paho_roundtrip.py PORT VERSION TRANSPORT [CA file]    version 31, 311 or 5; transport tcp or websockets
"""
import queue
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PORT, VERSION, TRANSPORT = int(sys.argv[1]), sys.argv[2], sys.argv[3]
CA_FILE = sys.argv[4] if len(sys.argv) > 4 else None
PROTOCOL = {"31": mqtt.MQTTv31, "311": mqtt.MQTTv311, "5": mqtt.MQTTv5}[VERSION]
DEADLINE = 20


def connected(name, will=None):
    events = queue.Queue()
    options = {} if VERSION == "5" else {"clean_session": True}
    client = mqtt.Client(name, protocol=PROTOCOL, transport=TRANSPORT, **options)
    if CA_FILE:
        client.tls_set(CA_FILE)
    if will:
        client.will_set(*will)
    client.on_connect = lambda *words: events.put(("connect", int(getattr(words[3], "value", words[3]))))
    client.on_subscribe = lambda *words: events.put(("subscribe", words[2]))
    client.on_message = lambda _client, _data, message: events.put(("message", message))
    client.connect("localhost", PORT, keepalive=30)
    client.loop_start()
    expect(events, "connect", lambda reason: reason == 0)
    return client, events


def expect(events, kind, right):
    got_kind, value = events.get(timeout=DEADLINE)
    if got_kind != kind or not right(value):
        sys.exit(f"expected {kind}, got {got_kind} {getattr(value, 'topic', value)}")
    return value


watcher, seen = connected("watcher")
watcher.subscribe([("paho/#", 2), ("+/楼/+", 1)])
expect(seen, "subscribe", lambda _codes: True)

sender, _events = connected("sender", will=("paho/will", "gone", 1, False))
for qos in (0, 1, 2):
    for payload in (b"21.5", b"", bytes(range(256)), b"x" * 100_000):
        properties = None
        if VERSION == "5":
            properties = Properties(PacketTypes.PUBLISH)
            properties.UserProperty = ("unit", "°C")
            properties.CorrelationData = b"\x00\x01"
        sender.publish("paho/温度", payload, qos, properties=properties).wait_for_publish(DEADLINE)
        message = expect(seen, "message", lambda m: m.payload == payload and m.qos == qos)
        if VERSION == "5" and message.properties.UserProperty != [("unit", "°C")]:
            sys.exit("the user property did not arrive")

sender.publish("paho/retained", "kept", 1, retain=True).wait_for_publish(DEADLINE)
expect(seen, "message", lambda m: m.payload == b"kept" and not m.retain)
late, late_seen = connected("late")
late.subscribe("paho/retained", 1)
expect(late_seen, "subscribe", lambda _codes: True)
expect(late_seen, "message", lambda m: m.payload == b"kept" and m.retain)

sender.loop_stop()
sender.socket().close()  # without DISCONNECT: the will is due
expect(seen, "message", lambda m: m.topic == "paho/will" and m.payload == b"gone")
sender_again, _events = connected("sender")
sender_again.publish("paho/retained", b"", 1, retain=True).wait_for_publish(DEADLINE)
expect(seen, "message", lambda m: m.payload == b"")
for client in (watcher, late, sender_again):
    client.disconnect()
    client.loop_stop()
