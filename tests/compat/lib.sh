# Shared by tests/compat/*.t: our broker and mosquitto under one name, and subscribers that are known to be
# subscribed before anything is published (the broker's own log says so).

# with_broker ours|theirs [flag or config line...]
with_broker() {
    local whose=$1; shift
    if [ "$whose" = ours ]; then start_broker -v "$@"; else start_mosquitto "$@"; fi
    subscribed=0
}

# subscriber NAME command...: runs it in the background and returns when the broker has sent its SUBACK.
subscriber() {
    background "$@"
    subscribed=$((subscribed + 1))
    until_true 10 suback_count_is "$subscribed"
}
suback_count_is() { [ "$(grep -c 'Sending SUBACK to ' "$BROKER_LOG")" -ge "$1" ]; }

# hears_from NAME WORDS command...: the peer runs to its good end, and our subscriber gets what it says on to/us.
hears_from() {
    local name=$1 words=$2 reader; shift 2
    background "hears.$name" mqtt-sub -L "$URL" -i "hears.$name" -q 2 -t to/us -C 1 -W 90
    reader=$pid
    until_true 20 grep -q "Sending SUBACK to hears.$name" "$BROKER_LOG"
    "$@" >"$T/peer.out" 2>&1 || { tail -n 20 "$T/peer.out" >&2; fail "$name: the peer did not come to a good end"; }
    finish "$reader" 30
    expect_eq "$name, what our subscriber heard" "$(cat "$T/hears.$name.out")" "$words"
}
