# `mqtt-sub --json | jq -c . | mqtt-pub --json-lines` loses nothing: topics, QoS, retain flags, properties, payloads of any
# bytes, numbers beyond what a double holds.
. "$(dirname "$0")/lib.sh"
need jq python3
start_broker
first=$PORT
start_broker
second=$PORT
# Every kind of message. What jq must not change is text in payloads; it may change numbers that stand outside.
python3 - >"$T/input" <<'END'
import base64, json
everything = bytes(range(256))
rows = [
    {"topic": "a/plain", "qos": 0, "payload": "text"},
    {"topic": "a/retained", "qos": 1, "retain": True, "payload": "kept"},
    {"topic": "a/温度/ü", "qos": 2, "payload": "quote \" backslash \\ tab \t newline \n é 温 \U0001f600 \u2028"},
    {"topic": "a/bytes", "qos": 1, "payload_b64": base64.b64encode(everything).decode()},
    {"topic": "a/empty", "qos": 1, "payload": None},
    {"topic": "a/number", "qos": 1, "payload": "12345678901234567890 1.0 0.1e400"},
    {"topic": "a/json", "qos": 2, "payload": "{\"id\":12345678901234567890,\"x\":1.0,\"s\":\"\\ud83d\\ude00\"}"},
    {"topic": "a/properties", "qos": 2, "payload": "p", "properties": {
        "payload-format-indicator": 1, "message-expiry-interval": 4294967295, "content-type": "text/plain; ü",
        "response-topic": "a/answer", "correlation-data": "id 7",
        "user-properties": [{"k": "1"}, {"k": "2"}, {"": ""}, {"é": "\n"}]}},
]
rows += [{"topic": "a/many", "qos": n % 3, "payload": "line %d" % n} for n in range(2000)]
for row in rows:
    print(json.dumps(row))
END

# Readers say that they are there by a marker; what ends them is the last message.
how=(-t 'a/#' -q 2 --retain-as-published --json --until 'topic == "a/end"' -W 50)
mark() { mqtt-pub -p "$1" -t a/marker -m "$2" -q 1 && grep -q "$2" "$3"; }
background copied mqtt-sub -p "$second" "${how[@]}"; copied=$pid
until_true 20 mark "$second" here "$T/copied.out"
background direct mqtt-sub -p "$first" "${how[@]}"; direct=$pid
until_true 20 mark "$first" here "$T/direct.out"
mkfifo "$T/printed" "$T/edited"
# shellcheck disable=SC2016
background pub bash -c 'exec mqtt-pub -p "$1" --json-lines <"$2"' pub "$second" "$T/edited"; pub=$pid
jq -c --unbuffered . <"$T/printed" >"$T/edited" & lib_pids+=("$!")
mqtt-sub -p "$first" "${how[@]}" >"$T/printed" 2>"$T/from.err" & lib_pids+=("$!")
until_true 20 mark "$first" through "$T/copied.out"

mqtt-pub -p "$first" --json-lines <"$T/input"
mqtt-pub -p "$first" -t a/end -m end -q 2
finish "$direct"; expect_exit 0
finish "$pub"; expect_exit 0
finish "$copied"; expect_exit 0

# What may differ: times, packet ids, order between the QoS levels, a second of expiry.
normal() {
    python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    message = json.loads(line)
    if message["topic"] in ("a/marker", "a/end"):
        continue
    message.pop("tst"); message.pop("mid", None)
    properties = message.get("properties", {})
    if "message-expiry-interval" in properties:
        assert properties["message-expiry-interval"] > 4294967000
        properties["message-expiry-interval"] = "much"
    print(json.dumps(message, sort_keys=True))' "$1" | sort >"$1.normal"
}
normal "$T/direct.out"; normal "$T/copied.out"
expect_eq 'messages' "$(wc -l <"$T/direct.out.normal")" "$(wc -l <"$T/input")"
cmp "$T/direct.out.normal" "$T/copied.out.normal" || { diff "$T/direct.out.normal" "$T/copied.out.normal" | head >&2; fail 'the copy differs'; }
# Not only equal, but what was published: the bytes, and the text with everything in it.
expect_eq 'the bytes' "$(jq -r 'select(.topic == "a/bytes").payload_b64' "$T/copied.out")" "$(jq -r 'select(.topic == "a/bytes").payload_b64' "$T/input")"
expect_eq 'the text' "$(jq -c 'select(.topic == "a/温度/ü").payload' "$T/copied.out")" "$(jq -c 'select(.topic == "a/温度/ü").payload' "$T/input")"
