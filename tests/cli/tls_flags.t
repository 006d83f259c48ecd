# timeout: 60
# The TLS options, each against mosquitto's broker: client certificates, versions, ciphers, key log, pre-shared keys; and
# the address to connect from. Under our name, and under mosquitto's by link.
. "$(dirname "$0")/drop_in.sh"
need openssl
make_certs
certs=$T/certs
chmod 755 "$T"
server=("cafile $certs/ca.crt" "certfile $certs/server.crt" "keyfile $certs/server.key")
tls() { go -h localhost --cafile "$certs/ca.crt" -t t -m m -q 1 "$@"; }
go() { run "$PROGRAM" -h "$HOST" -p "$PORT2" "$@"; }
# What is wrong by name; mosquitto has other words, see mosquitto_refusals.t.
fails_naming() { [ "$status" != 0 ] || fail "$LABEL: accepted"; ! is_ours || expect_match "$T/err" "$1"; }

with_broker theirs 'listener %PORT2% 127.0.0.1' "${server[@]}" 'require_certificate true' 'use_identity_as_username true'
with_certificate() {
    tls; [ "$status" != 0 ] || fail "$LABEL: no certificate was asked for"
    tls --cert "$certs/client.crt" --key "$certs/client.key"; expect_exit 0
    contains "$BROKER_LOG" "u'client'" || fail "$LABEL: the broker does not know the certificate's name"
    tls --cert "$certs/client.crt" --key "$certs/client.key" --keyform pem; expect_exit 0
    go --capath "$certs/hashed" -h localhost -t t -m m --cert "$certs/client.crt" --key "$certs/client.key"; expect_exit 0
    tls --cert "$certs/client.crt" --key "$certs/server.key"; fails_naming 'key'
    tls --cert "$certs/client.crt" --key "$T/none"; fails_naming 'none'
}
mkdir "$certs/hashed"; cp "$certs/ca.crt" "$certs/hashed/"; openssl rehash "$certs/hashed" 2>/dev/null
for PROGRAM in mqtt-pub "$LINKS/mosquitto_pub"; do LABEL=${PROGRAM##*/}; with_certificate; done
stop_broker

with_broker theirs 'listener %PORT2% 127.0.0.1' "${server[@]}" 'tls_version tlsv1.2'
versions() {
    rm -f "$T/keys"
    tls --tls-version tlsv1.2 --tls-keylog "$T/keys"; expect_exit 0
    expect_match "$T/keys" '^(CLIENT_RANDOM|CLIENT_TRAFFIC_SECRET_0) '
    tls --tls-version tlsv1.3 --tls-keylog "$T/keys"; expect_exit 0
    expect_match "$T/keys" '^CLIENT_TRAFFIC_SECRET_0 '
    tls --ciphers ECDHE-ECDSA-AES256-GCM-SHA384; expect_exit 0
    case $PROGRAM in
        */mosquitto_*) tls --ciphers no-such-cipher; fails_naming 'A TLS error occurred' ;;
        *) tls --ciphers no-such-cipher; fails_naming 'cipher' ;;
    esac
    tls --tls-version tlsv9; expect_exit 1
}
for PROGRAM in mqtt-pub "$LINKS/mosquitto_pub"; do LABEL=${PROGRAM##*/}; versions; done
stop_broker

# A server that knows no 1.3.
old_port=$(free_port)
openssl s_server -quiet -tls1_2 -accept "$old_port" -cert "$certs/server.crt" -key "$certs/server.key" </dev/null >/dev/null 2>&1 &
lib_pids+=("$!")
old() { run mqtt-pub -h localhost -p "$old_port" --cafile "$certs/ca.crt" -t t -m m --connect-timeout 1s "$@"; }
old_is_up() { old; [ "$status" = 27 ] || [ "$status" = 7 ]; }  # TLS is done, then nobody speaks MQTT
until_true 10 old_is_up
old --tls-version tlsv1.3; expect_exit 8
expect_match "$T/err" 'version'

printf 'device:00112233aabb\n' >"$T/psk"; chmod 644 "$T/psk"
with_broker theirs 'listener %PORT2% 127.0.0.1' 'psk_hint hint' "psk_file $T/psk"
pre_shared() {
    go -h localhost -t t -m m -q 1 --psk 00112233aabb --psk-identity device; expect_exit 0
    go -h localhost -t t -m m -q 1 --psk 00112233aabc --psk-identity device
    [ "$status" != 0 ] || fail "$LABEL: a wrong key was accepted"
    go -h localhost -t t -m m --psk xyz --psk-identity device; fails_naming 'hexadecimal|TLS-PSK'
}
for PROGRAM in mqtt-pub "$LINKS/mosquitto_pub" $(theirs pub); do LABEL=${PROGRAM##*/}
    is_theirs "$PROGRAM" || pre_shared
    # Theirs proves that the broker is set up as it should be.
    ! is_theirs "$PROGRAM" || { go -h localhost -t t -m m -q 1 --psk 00112233aabb --psk-identity device; expect_exit 0; }
done

from_address() {
    run "$PROGRAM" -h "$HOST" -p "$PORT" -A 127.0.0.9 -t t -m m -q 1; expect_exit 0
    expect_match "$BROKER_LOG" 'New connection from 127\.0\.0\.9:'
    run "$PROGRAM" -h "$HOST" -p "$PORT" -A 192.0.2.1 -t t -m m -q 1; [ "$status" != 0 ] || fail "$LABEL: -A was ignored"
    run "$PROGRAM" -h "$HOST" -p "$PORT" --nodelay -t t -m m -q 1; expect_exit 0
    run "$PROGRAM" -S -h no-such-host.invalid -t t -m m; [ "$status" != 0 ] && [ -s "$T/err" ] || fail "$LABEL: -S"
}
for PROGRAM in mqtt-pub "$LINKS/mosquitto_pub"; do LABEL=${PROGRAM##*/}; from_address; done

# The will and its properties.
willed() {
    subscriber will mqtt-sub -h "$HOST" -p "$PORT" -V 5 -t will/t -C 1 -W 20 -F '%t %p %q %C %F %E %R %P'
    local reader=$pid
    background dying "$PROGRAM" -h "$HOST" -p "$PORT" -V 5 -i "dying-$receivers" -t a --will-topic will/t --will-payload gone \
        --will-qos 1 --will-retain -D will content-type c -D will payload-format-indicator 1 \
        -D will message-expiry-interval 60 -D will response-topic r -D will user-property k v \
        -D will will-delay-interval 0 -D connect session-expiry-interval 0
    until_true 10 contains "$BROKER_LOG" "Sending SUBACK to dying-$receivers"
    kill -9 "$pid"
    finish "$reader"
    expect_match "$T/will.out" '^will/t gone 0 c 1 (60|59) r k:v$'
    mqtt-pub -h "$HOST" -p "$PORT" -t will/t -r -n
    receivers=$((receivers + 1))
}
for PROGRAM in mqtt-sub "$LINKS/mosquitto_sub"; do LABEL=${PROGRAM##*/}; willed; done
