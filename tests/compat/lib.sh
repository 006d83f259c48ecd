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
