# The lines of -v that people search for: of the same clients we say what mosquitto says, in its form. Where 2.1 has
# other words than the installed one, ours are those of 2.1.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/lib.sh"
need mosquitto mosquitto_pub mosquitto_sub

# opened FD BYTES: a connection whose first bytes are these, and which has been answered.
opened() {
    eval "exec $1<>/dev/tcp/$HOST/$PORT"
    printf "$2" >&"$1"
    head -c 1 <&"$1" >/dev/null
}
# connect_of ABC: CONNECT of 5.0 with an id of three letters.
connect_of() { printf '\\x10\\x10\\0\\4MQTT\\5\\2\\0\\x3c\\0\\0\\3%s' "$1"; }
gone() { until_true 10 grep -qE "Client $1 (\[[^]]*\] )?(disconnected|closed|already)" "$BROKER_LOG"; }

talk() {
    local at reader
    with_broker "$1"
    at="-h $HOST -p $PORT"
    # shellcheck disable=SC2086
    {
        subscriber sub mosquitto_sub $at -i sub -V 5 -t 'a/#' -q 2 -t b -C 4
        reader=$pid
        mosquitto_pub $at -i zero -V 5 -t a/0 -m hello
        mosquitto_pub $at -i one -V 311 -u user -t a/1 -m hello -q 1
        mosquitto_pub $at -i two -V 5 -t a/2 -m hello -q 2 -r
        mosquitto_pub $at -i will -V 311 -t b -m x -q 1 -k 33 --will-topic w/t --will-payload bye --will-qos 1 --will-retain
        finish "$reader"
        mosquitto_sub $at -i old -V 311 -c -q 1 -t a/2 -C 1 -W 10
        mosquitto_sub $at -i old -V 311 -c -q 1 -t a/2 -C 1 -W 10
        mosquitto_pub $at -i oldest -V 31 -t b -m x -q 1
    } >/dev/null
    opened 3 "$(connect_of abc)"; opened 4 "$(connect_of abc)"
    gone abc
    printf '\xe0\0' >&4; until_true 10 grep -q 'DISCONNECT from abc' "$BROKER_LOG"
    exec 3>&- 4>&-
    opened 3 "$(connect_of def)"; printf '\xa2\x09\0\1\0\0\4nope\xc0\0' >&3
    until_true 10 grep -q 'PINGRESP to def' "$BROKER_LOG"
    exec 3>&-; gone def
    opened 3 "$(connect_of ghi)"; printf '\x30\1\0' >&3; gone ghi; exec 3>&-
    expect_match "$BROKER_LOG" "^[0-9]+: New connection from 127\.0\.0\.1:[0-9]+ on port $PORT\.$"
    stop_broker
    # Not what is said at the start and the end. What was not read makes a reset of a client's end.
    sed -E '/New connection/d; s/^[0-9]+: //; s/127\.0\.0\.1:[0-9]+/ADDRESS/; s/^(Client ghi disconnected).*/\1 in error./
        s/: Connection reset by peer\.$/: connection closed by client./' "$BROKER_LOG" |
        grep -E '^(New|Client|Received|Sending|No will|Will|	|[a-z]+ [0-9] |def )' | grep -v '<unknown>' | LC_ALL=C sort >"$T/$1"
}
talk theirs
talk ours
sed -i -E 's/\(p1, /(p3, /; s/\(p2, /(p4, /; s/(^Client .*) closed its connection\.$/\1 disconnected: connection closed by client./
    s/(^Client .*) already connected, closing old connection\.$/\1 disconnected: session taken over./' "$T/theirs"
LC_ALL=C sort -o "$T/theirs" "$T/theirs"
[ "$(wc -l <"$T/theirs")" -gt 80 ] || fail "mosquitto said only $(wc -l <"$T/theirs") lines"
missing=$(LC_ALL=C comm -23 "$T/theirs" "$T/ours")
[ -z "$missing" ] || fail "lines of mosquitto's that we do not say: $missing"
more=$(LC_ALL=C comm -13 "$T/theirs" "$T/ours" | grep -v '^Sending DISCONNECT to' || true)
[ -z "$more" ] || fail "lines that mosquitto does not say: $more"
