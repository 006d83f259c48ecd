# timeout: 120
# mosquitto.conf files as people have them (tests/conf): each is accepted and behaves as it says.
. "$(dirname "$0")/lib.sh"
need openssl
make_certs
(cd "$T/certs"
 lib_certificate revoked 'extendedKeyUsage=clientAuth'
 printf '[ca]\ndefault_ca = own\n[own]\ndatabase = index\ndefault_md = sha256\ndefault_crl_days = 2\n' >ca.conf
 : >index
 openssl ca -config ca.conf -keyfile ca.key -cert ca.crt -revoke revoked.crt
 openssl ca -config ca.conf -keyfile ca.key -cert ca.crt -gencrl -out crl.pem) >/dev/null 2>&1 || fail "no CRL"
mkdir -p "$T/etc/conf.d" "$T/var/lib" "$T/var/log" "$T/run"
mv "$T/certs" "$T/etc/certs"
mqtt-broker-lite passwd -c -b "$T/etc/passwords" home secret
mqtt-broker-lite passwd -b "$T/etc/passwords" system topsecret
printf '%s\n' 'topic read public/#' '' 'user home' 'topic readwrite home/#' 'topic deny home/locks/#' '' 'user system' \
    'topic readwrite #' '' 'user client' 'topic readwrite home/#' '' 'pattern readwrite clients/%c/#' >"$T/etc/acl"
printf '%s\n' 'topic read public/#' 'topic readwrite guests/#' >"$T/etc/guests"
declare -A port
for number in 1883 1884 8883 8884 9001; do port[$number]=$(free_port); done
ca=$T/etc/certs/ca.crt
nobody=$(free_port)  # where nothing listens

# localise FILE: the file with the test's folders and ports.
localise() {
    sed -e "s#/etc/mosquitto#$T/etc#; s#/var/lib/mosquitto#$T/var/lib#; s#/var/log/mosquitto#$T/var/log#; s#/run/mosquitto#$T/run#" \
        -e "s/listener 1883/listener ${port[1883]}/; s/listener 1884/listener ${port[1884]}/; s/listener 8883/listener ${port[8883]}/" \
        -e "/^address/s/[a-z]*\.example\.org\(:[0-9]*\)\?/127.0.0.1:$nobody/g; s/listener 8884/listener ${port[8884]}/; s/listener 9001/listener ${port[9001]}/" "$lib_root/tests/conf/$1"
}
# start NAME: runs tests/conf/NAME.conf.
start() {
    localise "$1.conf" >"$T/$1.conf"
    grep -q '^user ' "$T/$1.conf" || echo 'user root' >>"$T/$1.conf"
    mqtt-broker-lite -c "$T/$1.conf" --check-config 2>"$T/$1.check" || fail "$1 is not accepted: $(cat "$T/$1.check")"
    BROKER_LOG=$T/$1.log BROKER_URLS=$T/$1.urls
    mqtt-broker-lite -c "$T/$1.conf" --ready-file "$BROKER_URLS" >"$BROKER_LOG" 2>&1 &
    BROKER_PID=$!; lib_pids+=("$BROKER_PID")
    until_true 20 lib_broker_is_up
}
# gets PORT... flags: the exchange of a retained message works; refused: it does not.
pub() { run mqtt-pub -q 1 -m x --max-retries 0 "$@"; }
gets() { pub "$@"; expect_exit 0; }
refused() { pub "$@"; [ "$status" != 0 ] || fail "not refused: $*"; }
home=(-u home -P secret) tls=(--cafile "$ca")

for file in 10-listener 20-limits; do localise "debian.d/$file.conf" >"$T/etc/conf.d/$file.conf"; done
start debian
gets -p "${port[1883]}" -t a
expect_match "$T/var/log/mosquitto.log" 'New client connected from 127\.0\.0\.1:[0-9]+ as '
expect_eq "pid" "$(cat "$T/run/mosquitto.pid")" "$BROKER_PID"
run mqtt-broker-lite -c "$T/debian.conf" --print-config
expect_match "$T/out" '^max_inflight_messages 50  # .*/20-limits\.conf:2$'
expect_match "$T/out" '^max_qos 2  # default$'
stop_broker

start docker
gets -p "${port[1883]}" -t a -k 600 -V 5
until_true 5 grep -qE "^20[0-9-]+T[0-9:]+: New client connected from .* k120\)" "$BROKER_LOG"
until_true 5 grep -qE "^20[0-9-]+T[0-9:]+: New client connected from .* k120\)" "$T/var/log/mosquitto.log"
stop_broker

start home_assistant
for url in "mqtt://localhost:${port[1883]}" "ws://localhost:${port[1884]}/mqtt" "mqtts://localhost:${port[8883]}" \
    "wss://localhost:${port[8884]}/mqtt"; do
    trust=(); [[ $url == *s://* ]] && [[ $url != ws://* ]] && trust=("${tls[@]}")
    gets -L "$url" "${trust[@]}" "${home[@]}" -t home/light
    refused -L "$url" "${trust[@]}" -t home/light
    refused -L "$url" "${trust[@]}" "${home[@]}" -t home/locks/door
    gets -L "$url" "${trust[@]}" -u system -P topsecret -t home/locks/door
done
stop_broker

start tls_password_acl
expect_match "$T/tls_password_acl.check" 'warning: .*conf:12: dhparamfile has no effect'
gets -L "mqtts://localhost:${port[8883]}" "${tls[@]}" "${home[@]}" -t home/x
expect_match "$BROKER_LOG" 'Received PUBLISH from '
gets -L "mqtts://localhost:${port[8883]}" "${tls[@]}" "${home[@]}" -t clients/me/x -i me
refused -L "mqtts://localhost:${port[8883]}" "${tls[@]}" "${home[@]}" -t clients/you/x -i me
refused -L "mqtts://localhost:${port[8883]}" "${tls[@]}" "${home[@]}" -t home/x -m "$(printf '%3000s')"
suite() { openssl s_client -connect "localhost:${port[8883]}" "$@" </dev/null 2>&1 | sed -n 's/.*Cipher is //p' | head -n 1; }
expect_eq "TLS 1.1" "$(suite -tls1_1 -cipher DEFAULT@SECLEVEL=0)" '(NONE)'
expect_eq "TLS 1.2" "$(suite -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256)" ECDHE-ECDSA-AES128-GCM-SHA256
expect_eq "a cipher that is not listed" "$(suite -tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305)" '(NONE)'
expect_eq "TLS 1.3" "$(suite -tls1_3)" TLS_AES_128_GCM_SHA256
stop_broker

start websocket_tls
gets -p "${port[1883]}" -t a
gets -L "wss://localhost:${port[9001]}/any/path" "${tls[@]}" -t a
! grep -q '\[::' "$BROKER_URLS" || fail "socket_domain ipv4 listens on IPv6"
stop_broker

start bridge
! grep -qv "is OK" "$T/bridge.check" || fail "bridges are not taken as they are: $(cat "$T/bridge.check")"
for bridge in cloud backup; do until_true 10 grep -q "Bridge $bridge: next attempt in" "$BROKER_LOG"; done
gets -p "${port[1883]}" -t a
stop_broker

start per_listener
gets -p "${port[1883]}" -t guests/x
refused -p "${port[1883]}" -t other
refused -p "${port[1883]}" -t guests/x -q 2
refused -p "${port[1884]}" -t guests/x
gets -p "${port[1884]}" "${home[@]}" -t anything
gets -p "${port[1884]}" "${home[@]}" -t anything -V 311
refused -p "${port[1884]}" "${home[@]}" -t anything -V 31
gets -L "unix:$T/run/mosquitto.sock" -t anything
stop_broker

start client_certificates
own() { pub -L "mqtts://localhost:${port[8883]}" "${tls[@]}" --cert "$T/etc/certs/$1.crt" --key "$T/etc/certs/$1.key" -t "$2"; }
own client home/x; expect_exit 0
expect_match "$BROKER_LOG" "u'client'\)"
own client other; [ "$status" != 0 ] || fail "published where it may not"
own revoked home/x; [ "$status" != 0 ] || fail "a revoked certificate got in"
refused -L "mqtts://localhost:${port[8883]}" "${tls[@]}" -t home/x
stop_broker

start plugins
gets -p "${port[1883]}" "${home[@]}" -t home/x
refused -p "${port[1883]}" "${home[@]}" -t other
refused -p "${port[1883]}" -t home/x
stop_broker
printf '%s\n' 'plugin /usr/lib/mosquitto_dynamic_security.so' 'plugin_opt_config_file x' >"$T/other.conf"
run mqtt-broker-lite -c "$T/other.conf" --check-config
expect_exit 1
expect_match "$T/err" 'other.conf:1: plugin: plug-ins are not loaded by this broker: mosquitto_dynamic_security\.so'
expect_match "$T/err" 'other.conf:2: unknown key .plugin_opt_config_file.'
