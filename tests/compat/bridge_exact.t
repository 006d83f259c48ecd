# timeout: 240
# A bridge whose link is cut at random, and whose broker is killed: durable subscribers at both ends, publishers at
# both ends, exact accounting. QoS 1: nothing is missing; QoS 2: nothing comes twice, and what we send is in order
# (mosquitto 2.0 mixes what it sends again with what is new, and sends some for a second time, as its log shows). Ours with a bridge to
# mosquitto and to ours, mosquitto with a bridge to ours, and kill -9 of ours with persistence strict. MQTT_BRIDGE_CUTS and
# MQTT_BRIDGE_KILLS say how often; the number of lines goes with them.
. "$(dirname "$0")/bridge_lib.sh"
need mosquitto python3
kills=${MQTT_BRIDGE_KILLS:-2}
limits=('max_queued_messages 0')
count=$((cuts * 1000))

for version in mqttv50 mqttv311; do
    start_mosquitto "${limits[@]}"
    mosquitto=$BROKER_PID mosquitto_log=$BROKER_LOG
    cut_bridge_to "$PORT" "$count" "bridge_protocol_version $version"
    stop_broker "$mosquitto"
done

# Ours at both ends.
mosquitto_log=
printf '%s\n' "user $(id -un)" 'max_queued_messages 0' 'max_queued_bytes 0' >"$T/remote.conf"
start_broker -c "$T/remote.conf"
remote_pid=$BROKER_PID
cut_bridge_to "$PORT" "$count"
stop_broker "$remote_pid"

# The other way round: mosquitto has the bridge. It takes six seconds to come back, so this is for longer runs.
mosquitto_has_it() {
    sender=theirs
    printf '%s\n' "user $(id -un)" 'max_queued_messages 0' 'max_queued_bytes 0' >"$T/plain.conf"
    start_broker -c "$T/plain.conf"
    ours=$PORT our_pid=$BROKER_PID
    proxy "$ours"
    start_mosquitto "${limits[@]}" 'connection x' "address 127.0.0.1:$link" "remote_clientid x$$" 'restart_timeout 1' \
        'cleansession false' 'topic up/# out 2' 'topic down/# in 2'
    mosquitto_log=$BROKER_LOG
    prepare "$PORT" "$ours"
    until_true 60 is_up "$ours" x$$
    both_ways "$PORT" "$ours" "$count"
    all_published
    check out "$count"; check in "$count"
    was_cut
    stop_readers; stop_broker; stop_broker "$our_pid"
}
[ "$cuts" -le 3 ] || mosquitto_has_it

# kill -9 of ours, with strict persistence; mosquitto stays.
sender=ours
start_mosquitto "${limits[@]}"
theirs=$PORT mine=$(free_port) mosquitto_log=$BROKER_LOG
has_store || exit 0
general=("listener $mine 127.0.0.1" 'allow_anonymous true' 'persistence strict' "persistence_location $T")
bridge "$theirs" >"$T/kill.conf"
serve() {
    BROKER_LOG=$T/broker.${#lib_pids[@]}.log BROKER_URLS=$T/broker.${#lib_pids[@]}.urls
    mqtt-broker-lite -c "$T/kill.conf" --ready-file "$BROKER_URLS" >"$BROKER_LOG" 2>&1 & BROKER_PID=$!
    lib_pids+=("$BROKER_PID")
    until_true 30 lib_broker_is_up
}
is_back() { [ "$(grep -c 'connected again' "$T/up1.err" "$T/down1.err" | cut -d: -f2 | sort -n | tail -n 1)" -ge "$1" ] || ! kill -0 "${publishers[0]}"; }
serve
prepare "$mine" "$theirs"
until_true 20 is_up "$mine" x$$
both_ways "$mine" "$theirs" "$count"
for ((i = 0; i < kills; i++)); do
    until_true 30 is_back "$i"
    sleep "0.$(printf '%03d' $((RANDOM % 700 + 100)))"  # the instant of the kill
    kill -KILL "$BROKER_PID"; wait "$BROKER_PID" 2>/dev/null || true
    serve
done
all_published
check out "$count"; check in "$count"
