# timeout: 60
# Bridges over TLS: a certificate authority, a client certificate, a pre-shared key; a name that is not the
# certificate's, and what is wrong with the configuration, told with its line.
. "$(dirname "$0")/../cli/lib.sh"
need mosquitto openssl
make_certs
certs=$T/certs
start_mosquitto "listener %PORT2% $HOST" "cafile $certs/ca.crt" "certfile $certs/server.crt" "keyfile $certs/server.key" \
    'require_certificate true'
plain=$PORT secure=$PORT2
state_is() { [ "$(mqtt-sub -h "$HOST" -p "$1" -t "\$SYS/broker/connection/$2/state" -C 1 -W 5 2>/dev/null)" = "$3" ]; }
crosses() { # crosses NAME: a message of QoS 1 from here to there
    until_true 20 state_is "$PORT" "$1" 1
    background "$1" mqtt-sub -h "$HOST" -p "$plain" -t "from/$1" -q 1 -C 1 -W 20 -d
    until_true 10 grep -q 'received SUBACK' "$T/$1.err"
    mqtt-pub -h "$HOST" -p "$PORT" -t "from/$1" -q 1 -m x
    finish "$pid"
    expect_eq "message of $1" "$(cat "$T/$1.out")" x
}
start() { # start NAME line...
    printf '%s\n' "user $(id -un)" "connection $1" "remote_clientid $1" 'topic from/# out 1' "${@:2}" >"$T/$1.conf"
    start_broker -c "$T/$1.conf"
}
own=("bridge_certfile $certs/client.crt" "bridge_keyfile $certs/client.key")

start ca "address localhost:$secure" "bridge_cafile $certs/ca.crt" "${own[@]}"
crosses ca
stop_broker

start other "address localhost:$secure" "bridge_cafile $certs/other-ca.crt" "${own[@]}"
until_true 20 grep -q 'Bridge other: .*certificate' "$BROKER_LOG"
state_is "$PORT" other 0 || fail "a bridge trusts a stranger"
stop_broker

# 127.0.0.2 is none of its names.
start name "address 127.0.0.2:$secure" "bridge_cafile $certs/ca.crt" "${own[@]}"
until_true 20 grep -q 'Bridge name: ' "$BROKER_LOG"
until_true 20 grep -q 'next attempt in' "$BROKER_LOG"
state_is "$PORT" name 0 || fail "a bridge takes a certificate of another name"
stop_broker

# A pre-shared key: ours at both ends, since mosquitto takes certificates or keys, not both on one bridge.
printf 'site:0123456789abcdef\n' >"$T/psk"
port=$(free_port)
printf '%s\n' "user $(id -un)" "listener $port 127.0.0.1" 'psk_hint bridges' "psk_file $T/psk" 'use_identity_as_username true' \
    >"$T/remote.conf"
BROKER_LOG=$T/remote.log BROKER_URLS=$T/remote.urls
mqtt-broker-lite -c "$T/remote.conf" --ready-file "$BROKER_URLS" >"$BROKER_LOG" 2>&1 & BROKER_PID=$!
lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
start psk "address 127.0.0.1:$port" 'bridge_identity site' 'bridge_psk 0123456789abcdef'
until_true 20 state_is "$PORT" psk 1
until_true 10 grep -q "New client connected from .* as psk .*u'site'" "$T/remote.log"

printf '%s\n' 'topic a out' 'connection x' 'topic # sideways' 'topic a# out' 'bridge_identity site' "bridge_certfile $certs/client.crt" \
    'bridge_protocol_version 6' 'restart_timeout 10 5' 'start_type manual' 'bridge_require_ocsp true' 'keepalive_interval 2' \
    'bridge_insecur true' 'address host:99999' >"$T/wrong.conf"
run mqtt-broker-lite -c "$T/wrong.conf" --check-config
expect_exit 1
expect_match "$T/err" 'wrong.conf:1: topic: it belongs to a bridge: a connection line comes first'
expect_match "$T/err" "wrong.conf:3: topic: 'sideways' is none of out, in and both"
expect_match "$T/err" "wrong.conf:4: topic: 'a#' is no topic filter"
expect_match "$T/err" 'wrong.conf:5: bridge x: bridge_identity and bridge_psk go together'
expect_match "$T/err" 'wrong.conf:6: bridge x: bridge_certfile needs bridge_keyfile'
expect_match "$T/err" "wrong.conf:7: bridge_protocol_version: '6' is none of"
expect_match "$T/err" 'wrong.conf:8: restart_timeout: the cap is below the base'
expect_match "$T/err" 'wrong.conf:9: start_type: manual'
expect_match "$T/err" 'wrong.conf:10: bridge_require_ocsp: answers of OCSP are not checked'
expect_match "$T/err" 'wrong.conf:11: keepalive_interval: 5 seconds are the shortest, and taken'
expect_match "$T/err" "wrong.conf:12: unknown key .bridge_insecur.; did you mean bridge_insecure"
expect_match "$T/err" "wrong.conf:13: address: '99999' is not from 1 to 65535"
expect_match "$T/err" 'wrong.conf:2: bridge x: its address is missing'
expect_match "$T/err" 'wrong.conf:2: bridge x: it has no topic'
