# timeout: 120
# mqtt-broker-lite with mosquitto.conf files: what they say holds, and mistakes are named with file and line.
. "$(dirname "$0")/lib.sh"
need openssl
make_certs
port=$(free_port) port2=$(free_port)
kept=false
! has_store || kept=true

# conf LINE...: writes $T/conf.
conf() { printf '%s\n' "$@" >"$T/conf"; }
# start: the broker with $T/conf; $PORT and $URL are not set: the file has the ports.
start() {
    BROKER_LOG=$T/broker.${#lib_pids[@]}.log BROKER_URLS=$T/broker.${#lib_pids[@]}.urls
    mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" "$@" >"$T/broker.out" 2>"$BROKER_LOG" &
    BROKER_PID=$!
    lib_pids+=("$BROKER_PID")
    until_true 20 lib_broker_is_up
}
pub() { run mqtt-pub -h "$HOST" "$@" -t a -q 1 -m x --max-retries 0; }

# A listener of one's own: nobody gets in until the file says who; the start says so.
conf "listener $port 127.0.0.1" 'user root'
start
expect_match "$BROKER_LOG" 'nobody can log in: .*allow_anonymous true'
pub -p "$port"
expect_exit 135
pub -p "$port" -V 311
expect_exit 5
stop_broker

# No listener: loopback, open to everybody there, the port from -p.
conf '# nothing' 'max_queued_messages 10' 'user root'
start -p "$port"
pub -p "$port"; expect_exit 0
[ "$(cat "$BROKER_URLS" | grep -c "$port")" = 2 ] || fail "not on both loopback addresses: $(cat "$BROKER_URLS")"
stop_broker

# Debian's file, with its folders moved into the test's.
mkdir -p "$T/conf.d"
conf '# Place your local configuration in /etc/mosquitto/conf.d/' '#' "pid_file $T/broker.pid" '' "persistence $kept" \
    "persistence_location $T/" '' "log_dest file $T/broker.file" '' "include_dir $T/conf.d" 'user root'
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >"$T/conf.d/local.conf"
start
pub -p "$port"; expect_exit 0
[ $kept = false ] || [ -s "$T/mqtt-broker-lite.db" ] || fail 'persistence made no store'

expect_match "$T/broker.file" 'New client connected from 127\.0\.0\.1:[0-9]+ as '
expect_eq "pid file" "$(cat "$T/broker.pid")" "$BROKER_PID"
mv "$T/broker.file" "$T/broker.old"
kill -HUP "$BROKER_PID"
until_true 10 grep -qs 'read again' "$T/broker.file"
kill "$BROKER_PID"; finish "$BROKER_PID"; expect_exit 0
[ ! -e "$T/broker.pid" ] || fail "the pid file is left behind"

# TLS, passwords and access lists, MQTT and WebSocket, as for a home automation system.
mqtt-broker-lite passwd -c -b "$T/passwords" home secret
printf 'user home\ntopic readwrite home/#\n' >"$T/acl"
conf 'allow_anonymous false' "password_file $T/passwords" "acl_file $T/acl" \
    "listener $port 127.0.0.1" "certfile $T/certs/server.crt" "keyfile $T/certs/server.key" \
    "listener $port2 127.0.0.1" 'protocol websockets' "certfile $T/certs/server.crt" \
    "keyfile $T/certs/server.key" 'user root' 'log_type all'
start
for url in "mqtts://localhost:$port" "wss://localhost:$port2/mqtt"; do
    run mqtt-pub -L "$url" --cafile "$T/certs/ca.crt" -u home -P secret -t home/x -q 1 -m on -r
    expect_exit 0
    run mqtt-sub -L "$url" --cafile "$T/certs/ca.crt" -u home -P secret -t 'home/#' -C 1 -W 10
    expect_eq "over ${url%%:*}" "$(cat "$T/out")" on
    run mqtt-pub -L "$url" --cafile "$T/certs/ca.crt" -u home -P wrong -t home/x -m on --max-retries 0
    expect_exit 135
    run mqtt-pub -L "$url" --cafile "$T/certs/ca.crt" -u home -P secret -t other/x -q 1 -m on
    [ "$status" != 0 ] || fail "published where it may not"
done
stop_broker

# Client certificates are asked for.
conf "listener $port 127.0.0.1" "certfile $T/certs/server.crt" "keyfile $T/certs/server.key" \
    "cafile $T/certs/ca.crt" 'require_certificate true' 'allow_anonymous true' 'user root'
start
run mqtt-pub -L "mqtts://localhost:$port" --cafile "$T/certs/ca.crt" -t a -q 1 -m x --max-retries 0
[ "$status" != 0 ] || fail "got in without a certificate"
run mqtt-pub -L "mqtts://localhost:$port" --cafile "$T/certs/ca.crt" --cert "$T/certs/client.crt" \
    --key "$T/certs/client.key" -t a -q 1 -m x
expect_exit 0
stop_broker

# Settings of each listener's own.
conf 'per_listener_settings true' "listener $port 127.0.0.1" 'allow_anonymous true' \
    "listener $port2 127.0.0.1" "password_file $T/passwords" 'max_qos 0' 'user root'
start
pub -p "$port"; expect_exit 0
pub -p "$port2"; expect_exit 135
run mqtt-pub -h "$HOST" -p "$port2" -u home -P secret -t a -m x -q 1
[ "$status" != 0 ] || fail "max_qos 0 let QoS 1 in"
run mqtt-pub -h "$HOST" -p "$port2" -u home -P secret -t a -m x
expect_exit 0

# A reload with a mistake keeps what was; one without takes the new passwords.
echo 'alice:nonsense' >>"$T/passwords"
kill -HUP "$BROKER_PID"
until_true 10 grep -q 'The old configuration stays in force' "$BROKER_LOG"
expect_match "$BROKER_LOG" 'passwords:2: not a password of mosquitto_passwd'
pub -p "$port2" -u home -P secret; [ "$status" != 135 ] || fail "the old password is gone"
mqtt-broker-lite passwd -c -b "$T/passwords" home secret2
kill -HUP "$BROKER_PID"
until_true 10 grep -q 'are read again' "$BROKER_LOG"
run mqtt-pub -h "$HOST" -p "$port2" -u home -P secret -t a -m x --max-retries 0; expect_exit 135
run mqtt-pub -h "$HOST" -p "$port2" -u home -P secret2 -t a -m x; expect_exit 0
stop_broker

# Every problem at once, each with file and line; errors end it, slips of the finger are told.
conf 'alow_anonymous true' 'max_keepalive 70000' 'listener 0' 'protocol quic' 'max_qos two' \
    'connection cloud' 'address example.org' 'max_quued_messages 5' 'sys_interval' 'log_type loud' 'port 1' 'port 2'
run mqtt-broker-lite -c "$T/conf" --check-config
expect_exit 1
expect_quiet
expect_match "$T/err" 'conf:1: unknown key .alow_anonymous.; did you mean allow_anonymous\? Without it security'
expect_match "$T/err" "conf:2: max_keepalive: '70000' is not from 0 to 65535"
expect_match "$T/err" 'conf:3: listener: port 0 is for Unix sockets'
expect_match "$T/err" "conf:4: protocol: 'quic' is none of mqtt, websockets, any and http_api"
expect_match "$T/err" "conf:5: max_qos: 'two' is not a whole number"
expect_match "$T/err" 'conf:6: bridge cloud: it has no topic, so nothing would cross'
expect_match "$T/err" 'warning: .*conf:8: unknown key .max_quued_messages., ignored; did you mean max_queued_messages\?'
expect_match "$T/err" 'conf:9: sys_interval: the value is missing'
expect_match "$T/err" "conf:10: log_type: 'loud' is no type"
expect_match "$T/err" 'conf:12: port is there twice'
expect_eq "problems" "$(wc -l <"$T/err")" 10
# As mosquitto: of numbers and switches the last one counts, files and names are said once.
check() { run mqtt-broker-lite -c "$T/conf" --check-config; }
conf 'sys_interval 3' "listener $port 127.0.0.1" 'allow_anonymous false' 'allow_anonymous true' 'sys_interval 5'
check; expect_exit 0
expect_match "$T/err" 'warning: .*conf:4: allow_anonymous is there twice, first at .*conf:3; this one counts'
expect_match "$T/err" 'warning: .*conf:5: sys_interval is there twice, first at .*conf:1; this one counts'
run mqtt-broker-lite -c "$T/conf" --print-config
expect_match "$T/out" '^sys_interval 5 '
! grep -q '^sys_interval 3\|^allow_anonymous false' "$T/out" || fail "a line that does not count is printed"
conf "password_file $T/passwords" "listener $port 127.0.0.1" "password_file $T/passwords"
check; expect_exit 1
expect_match "$T/err" 'conf:3: password_file is there twice, first at .*conf:1'
# Files are looked at, too, when there are other mistakes; what is told already is not told in other words.
conf 'per_listener_settings false' 'allow_anonymous true' 'per_listener_settings true' "listener $port 127.0.0.1" \
    "acl_file $T/none.acl" "certfile $T/certs/server.crt" "listener 0 $T/sock" "certfile $T/certs/server.crt" \
    "keyfile $T/certs/server.key" "listener $port 127.0.0.1" "certfile $T/none.crt" "keyfile $T/certs/server.key" \
    'persistence true' "persistence_location $T/nowhere/" 'auth_plugins x' '  # indented'
check; expect_exit 1
expect_match "$T/err" 'conf:3: per_listener_settings: it must stand before the settings'
expect_match "$T/err" 'conf:5: acl_file: .*none.acl: cannot be read'
expect_match "$T/err" 'conf:6: certfile needs keyfile'
expect_match "$T/err" 'conf:8: certfile: a Unix socket has no TLS here'
expect_match "$T/err" 'conf:10: listener: the one of .*conf:4 has the same address'
expect_match "$T/err" "conf:11: cannot read the certificate file '.*none.crt'"
[ $kept = false ] || expect_match "$T/err" 'conf:14: persistence_location: .*nowhere/?: No such file or directory; '
expect_match "$T/err" "conf:15: unknown key 'auth_plugins'; did you mean auth_plugin"
expect_match "$T/err" "warning: .*conf:16: unknown key '#', ignored; comments begin in the first column"
expect_eq "problems" "$(grep -vc 'is there twice' "$T/err")" 9
# With settings of their own for each, these are listeners' own, too.
conf 'per_listener_settings true' "listener $port 127.0.0.1" 'allow_anonymous true' 'allow_zero_length_clientid false' \
    'auto_id_prefix one-' "listener $port2 127.0.0.1" 'allow_anonymous true' 'auto_id_prefix two-' 'user root'
start
pub -p "$port" -V 311; expect_exit 2
pub -p "$port2" -V 311; expect_exit 0
until_true 10 grep -q 'New client connected from .* as two-' "$BROKER_LOG"
pub -p "$port"; expect_exit 0
until_true 10 grep -q 'New client connected from .* as one-' "$BROKER_LOG"
stop_broker
# The minimum of mosquitto 2.0 is taken, and what it is worth is told.
conf "listener $port 127.0.0.1" 'allow_anonymous true' "certfile $T/certs/server.crt" "keyfile $T/certs/server.key" 'tls_version tlsv1.1'
check; expect_exit 0
expect_match "$T/err" 'warning: .*conf:5: tls_version: TLS 1.1 is broken'

run mqtt-broker-lite -c "$T/none"
expect_exit 1
expect_match "$T/err" 'none: cannot be read: No such file or directory$'
conf "listener $port 127.0.0.1" "certfile $T/certs/server.crt"
run mqtt-broker-lite -c "$T/conf" --test-config
expect_exit 1
expect_match "$T/err" 'conf:2: certfile needs keyfile'
# What mosquitto takes: its flags, an old name of persistence, a keep-alive that is too short. Places of what it would not.
run mqtt-broker-lite -h; expect_exit 0
expect_match "$T/out" '^ +-c, --config-file'
conf 'retained_persistence true' "persistence_location $T/" "listener $port 127.0.0.1" 'allow_anonymous true' \
    "certfile $T/certs/server.crt" "keyfile $T/certs/server.key" 'max_topic_alias_broker 5' 'user root' \
    'connection x' 'address 127.0.0.1:1' 'topic a' 'keepalive_interval 4'
run mqtt-broker-lite -c "$T/conf" --check-config; expect_exit 0
expect_match "$T/err" 'warning: .*conf:12: keepalive_interval: 5 seconds are the shortest'
sed -i '/^connection/,$d' "$T/conf"
start --tls-keylog "$T/keys"
expect_match "$BROKER_LOG" "are kept in $T/mqtt-broker-lite.db \(batch"
run mqtt-pub -L "mqtts://localhost:$port" --cafile "$T/certs/ca.crt" -t a -q 1 -m x; expect_exit 0
expect_match "$T/keys" '^(CLIENT_RANDOM|SERVER_HANDSHAKE_TRAFFIC_SECRET) '
stop_broker
conf "listener $port 127.0.0.1" 'proxy_protocol_v2_require_tls true' 'connection x' 'address 127.0.0.1:1' 'topic a' 'password p'
run mqtt-broker-lite -c "$T/conf" --check-config; expect_exit 1
expect_match "$T/err" 'conf:2: settings of proxies need enable_proxy_protocol'

conf "listener $port 127.0.0.1" "password_file $T/nowhere"
run mqtt-broker-lite -c "$T/conf"
expect_exit 1
expect_match "$T/err" 'conf:2: password_file: .*nowhere: cannot be read \(mqtt-broker-lite passwd'
expect_eq "lines" "$(wc -l <"$T/err")" 1
conf "listener $port 127.0.0.1" 'queue_overflow block'
run mqtt-broker-lite -c "$T/conf" --threads 2
expect_exit 1
expect_match "$T/err" 'conf:2: queue_overflow block needs one thread'
conf "listener $port 127.0.0.1" 'allow_anonymous true' 'max_inflight_messages 0x10'
run mqtt-broker-lite -c "$T/conf" --check-config
expect_exit 0
run mqtt-broker-lite -c "$T/conf" --max-inflight 7 --sys-interval 3s --print-config
expect_match "$T/out" '^max_inflight_messages 7  # flag --max-inflight$'
expect_match "$T/out" '^sys_interval 3s  # flag --sys-interval$'
expect_eq "lines of the two" "$(grep -cE '^(max_inflight_messages|sys_interval) ' "$T/out")" 2
run mqtt-broker-lite -c "$T/conf" --print-config
expect_match "$T/out" '^max_inflight_messages 0x10  # .*conf:3$'
