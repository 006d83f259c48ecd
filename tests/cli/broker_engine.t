# Listeners whose private key an engine of OpenSSL holds: with its password, without it, with a wrong one, with a key
# that it does not have; an engine that nobody has; one that only does the cryptography; a bridge by the same engine.
. "$(dirname "$0")/lib.sh"
make_key_engine
make_certs
certs=$T/certs
export KEY_ENGINE_FILE=$certs/server.key
right=$(printf secret | openssl sha1 -r | cut -d' ' -f1)
wrong=$(printf public | openssl sha1 -r | cut -d' ' -f1)
port=$(free_port)
# listener KEY [line...]
listener() {
    printf '%s\n' 'user root' 'allow_anonymous true' "listener $port 127.0.0.1" "cafile $certs/ca.crt" \
        "certfile $certs/server.crt" "keyfile $1" >"$T/conf"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$T/conf"
}
refused() { run mqtt-broker-lite -c "$T/conf" --check-config; expect_exit 1; expect_match "$T/err" "$1"; }
accepted() { run mqtt-broker-lite -c "$T/conf" --check-config; expect_exit 0; }
engine='tls_engine key_engine' form='tls_keyform engine' password='tls_engine_kpass_sha1'
listener "$certs/server.key" "$engine"; accepted
listener "$certs/server.key" "$engine" 'tls_keyform pem'; accepted
listener device "$engine" "$form"; refused "conf:6: the engine 'key_engine' has no private key 'device'.*tls_engine_kpass_sha1"
listener device "$engine" "$form" "$password $wrong"; refused "conf:6: the engine 'key_engine' has no private key 'device'"
listener other "$engine" "$form" "$password $right"; refused "conf:6: the engine 'key_engine' has no private key 'other'"
listener device 'tls_engine none' "$form"; refused "conf:7: cannot load the engine 'none'.*OPENSSL_ENGINES"
listener device "$form"; refused 'conf:7: tls_keyform engine needs tls_engine'
listener device "$engine" "$form" "$password 12ab"; refused 'conf:9: .*not 40 hexadecimal digits'
listener "$certs/server.key" "$engine" "$password $right"; refused 'conf:8: tls_engine_kpass_sha1 needs .*tls_keyform engine'
listener device "$engine" 'tls_keyform der'; refused "conf:8: .*'der' is neither pem nor engine"
listener device "$engine" "$form" "$password $right"
KEY_ENGINE_FILE=$certs/client.key refused 'does not belong to the certificate'
printf '%s\n' 'user root' "listener $port 127.0.0.1" "$engine" >"$T/conf"; refused 'conf:3: tls_engine is for TLS listeners'

listener device "$engine" "$form" "$password $right"
BROKER_LOG=$T/broker.log BROKER_URLS=$T/broker.urls
mqtt-broker-lite -v -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
pub() { run mqtt-pub -L "mqtts://localhost:$port" --cafile "$certs/ca.crt" -t t -q 1 -m "$1" --max-retries 0; }
pub x; expect_exit 0
kill -HUP "$BROKER_PID"
until_true 10 grep -q 'are read again' "$BROKER_LOG"
pub x; expect_exit 0

# The engine of the default listener is the bridges', too; this one's key is the client's.
sub_port=$port; port=$(free_port)
background here mqtt-sub -L "mqtts://localhost:$sub_port" --cafile "$certs/ca.crt" -t 'bridged/#' -C 1 -W 30
until_true 10 grep -q "Sending SUBACK" "$BROKER_LOG"
printf '%s\n' 'user root' "$engine" "$form" "$password $right" "port $port" 'bind_address 127.0.0.1' 'allow_anonymous true' \
    'connection up' "address localhost:$sub_port" 'topic bridged/# out 1' "bridge_cafile $certs/ca.crt" \
    "bridge_certfile $certs/client.crt" 'bridge_keyfile device' >"$T/bridge.conf"
BROKER_LOG=$T/bridge.log BROKER_URLS=$T/bridge.urls
KEY_ENGINE_FILE=$certs/client.key mqtt-broker-lite -c "$T/bridge.conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
run mqtt-pub -L "mqtt://$HOST:$port" -t bridged/x -q 1 -m over --max-retries 0; expect_exit 0
until_true 20 contains "$T/here.out" over
