# timeout: 60
# Limits from flags and mosquitto.conf: what they refuse, the one line that tells it, the count in $SYS.
. "$(dirname "$0")/lib.sh"
connected() { [ "$(grep -c "New client connected" "$BROKER_LOG")" -ge $(($1 + clients)) ]; }
port=$(free_port) port2=$(free_port)
printf '%s\n' 'allow_anonymous true' 'user root' 'message_size_limit 10' 'max_queued_messages 100' 'sys_interval 1' \
    'max_topic_levels 4' 'max_subscriptions 2' 'memory_limit 0x4000000' 'max_connections_per_address 3' \
    'queue_overflow oldest' 'connect_timeout 5' 'max_connect_rate 1000' 'max_publish_rate 10000' 'global_max_clients 50' \
    "listener $port 127.0.0.1" 'max_connections 2' "listener $port2 127.0.0.1" 'max_connect_packet_size 1000' >"$T/conf"
BROKER_LOG=$T/broker.log BROKER_URLS=$T/broker.urls
mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up

# message_size_limit: 5.0 is told, 3.1.1 is not; one line for both.
run mqtt-pub -h "$HOST" -p "$port" -q 1 -t a -m 0123456789x -i big
expect_exit 151
run mqtt-pub -h "$HOST" -p "$port" -V 311 -q 1 -t a -m 0123456789x -i big
expect_exit 0
expect_eq "lines" "$(grep -c 'message_size_limit exceeded' "$BROKER_LOG")" 1
expect_match "$BROKER_LOG" 'Dropped too large PUBLISH from big: message_size_limit exceeded\.$'

# Levels and subscriptions.
run mqtt-pub -h "$HOST" -p "$port" -q 1 -t a/b/c/d/e -m x
expect_exit 144
run mqtt-sub -h "$HOST" -p "$port" -t a -t b -t c -W 2
expect_match "$BROKER_LOG" 'max_subscriptions exceeded'

# A third connection to the listener, and a fourth from the address.
clients=$(grep -c "New client connected" "$BROKER_LOG")
background one mqtt-sub -h "$HOST" -p "$port" -t a
background two mqtt-sub -h "$HOST" -p "$port" -t a
until_true 10 connected 2
run mqtt-pub -h "$HOST" -p "$port" -t a -m x --max-retries 0
[ "$status" != 0 ] || fail "a third client got in"
expect_match "$BROKER_LOG" 'denied: max_connections of its listener exceeded\.$'
background three mqtt-sub -h "$HOST" -p "$port2" -t '$SYS/broker/limits/#' -v
until_true 10 connected 3
run mqtt-pub -h "$HOST" -p "$port2" -t a -m x --max-retries 0
[ "$status" != 0 ] || fail "a fourth client got in"
expect_match "$BROKER_LOG" 'denied: max_connections_per_address exceeded\.$'
until_true 10 grep -q '^\$SYS/broker/limits/max_connections_per_address [1-9]' "$T/three.out"
expect_match "$T/three.out" '^\$SYS/broker/limits/message_size_limit 2$'
expect_match "$T/three.out" '^\$SYS/broker/limits/max_topic_levels 1$'
expect_match "$T/three.out" '^\$SYS/broker/limits/listener_max_connections [1-9]'
kill -INT "$BROKER_PID"; finish "$BROKER_PID"; expect_exit 0

# The same as flags; a policy that is none is refused.
run mqtt-broker-lite --queue-overflow random
expect_exit 1
start_broker --max-connections-per-address 1 --max-connect-rate 100 --max-publish-rate 1k --max-subscriptions 1 \
    --memory-limit 64Mi --queue-overflow block
background one mqtt-sub -L "$URL/a"
until_true 10 grep -q 'New client connected' "$BROKER_LOG"
run mqtt-pub -L "$URL/a" -m x --max-retries 0
[ "$status" != 0 ] || fail "a second client got in"
run mqtt-broker-lite --threads 2 --queue-overflow block
expect_exit 1
expect_match "$T/err" 'queue_overflow block needs one thread'
