# timeout: 90
# TLS listeners: user names from certificates, revocation, and certificates that are read again while connections
# stay.
. "$(dirname "$0")/lib.sh"
need openssl
make_certs
port=$(free_port) port2=$(free_port)
(cd "$T/certs"
 lib_certificate revoked 'extendedKeyUsage=clientAuth'
 printf '[ca]\ndefault_ca = own\n[own]\ndatabase = index\ndefault_md = sha256\ndefault_crl_days = 2\n' >ca.conf
 : >index
 openssl ca -config ca.conf -keyfile ca.key -cert ca.crt -revoke revoked.crt
 openssl ca -config ca.conf -keyfile ca.key -cert ca.crt -gencrl -out crl.pem) >/dev/null 2>&1 || fail "no CRL"
cp "$T/certs/server.crt" "$T/certs/second.crt"; cp "$T/certs/server.key" "$T/certs/second.key"
tls() { printf '%s\n' "certfile $T/certs/$1.crt" "keyfile $T/certs/$1.key" "cafile $T/certs/ca.crt" \
    'require_certificate true'; }
printf 'user client\ntopic readwrite own/#\n' >"$T/acl"
printf 'user CN=client\ntopic readwrite own/#\n' >>"$T/acl"
{ printf '%s\n' 'user root' 'allow_anonymous false' "acl_file $T/acl" "listener $port 127.0.0.1"
  tls server
  printf '%s\n' 'use_identity_as_username true' "crlfile $T/certs/crl.pem" "listener $port2 127.0.0.1" 'protocol websockets'
  tls second
  echo 'use_subject_as_username true'; } >"$T/conf"
BROKER_LOG=$T/broker.log BROKER_URLS=$T/broker.urls
mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
# pub NAME URL TOPIC
pub() {
    run mqtt-pub -L "$2" --cafile "$T/certs/ca.crt" --cert "$T/certs/$1.crt" --key "$T/certs/$1.key" -t "$3" -q 1 -m x \
        --max-retries 0
}
pub client "mqtts://localhost:$port" own/x; expect_exit 0
expect_match "$BROKER_LOG" "New client connected from .* u'client'\)\.$"
pub client "wss://localhost:$port2/mqtt" own/x; expect_exit 0
expect_match "$BROKER_LOG" "New client connected from .* u'CN=client'\)\.$"
pub client "mqtts://localhost:$port" other; [ "$status" != 0 ] || fail "published where it may not"
pub revoked "mqtts://localhost:$port" own/x; [ "$status" != 0 ] || fail "a revoked certificate got in"

# A certificate that is replaced while a client is connected: it stays, the next one sees the new one.
background stays mqtt-sub -L "mqtts://localhost:$port" --cafile "$T/certs/ca.crt" --cert "$T/certs/client.crt" \
    --key "$T/certs/client.key" -t 'own/#' -i stays
until_true 10 grep -q 'as stays' "$BROKER_LOG"
serial() { openssl s_client -connect "$HOST:$port" -cert "$T/certs/client.crt" -key "$T/certs/client.key" </dev/null \
    2>/dev/null | openssl x509 -noout -serial; }
before=$(serial)
# One that cannot be used keeps everything as it was: the good one of another listener and a limit in the same file are
# not taken either.
cp "$T/conf" "$T/conf.good"
renew() { (cd "$T/certs" && lib_certificate server 'subjectAltName=DNS:localhost,IP:127.0.0.1') >/dev/null 2>&1; }
renew
echo nonsense >"$T/certs/second.crt"
echo 'message_size_limit 1' >>"$T/conf"
kill -HUP "$BROKER_PID"
until_true 10 grep -qE 'conf:[0-9]+: cannot read the certificate file .*second.crt.*; ' "$BROKER_LOG"
until_true 10 grep -q 'The old configuration stays in force' "$BROKER_LOG"
expect_eq "serial after a bad reload" "$(serial)" "$before"
pub client "mqtts://localhost:$port" own/long; expect_exit 0
cp "$T/conf.good" "$T/conf"
# Each file is read once, into what is then used, so that no change between two looks at it can be missed: this one is
# there for one reader.
renew
cp "$T/certs/server.crt" "$T/certs/second.crt"; cp "$T/certs/server.key" "$T/certs/second.key"
once() { mv "$T/certs/server.crt" "$T/certs/renewed.crt"; mkfifo "$T/certs/server.crt"
    background writer sh -c "cat '$T/certs/renewed.crt' >'$T/certs/server.crt'"; }
once
kill -HUP "$BROKER_PID"
changed() { local now; now=$(serial); [ -n "$now" ] && [ "$now" != "$before" ]; }
until_true 10 changed
pub client "mqtts://localhost:$port" own/y; expect_exit 0
until_true 10 contains "$T/stays.out" x
! grep -q 'Client stays disconnected' "$BROKER_LOG" || fail "the connection was dropped"

# Without a configuration file certificates are read again all the same.
rm "$T/certs/server.crt"; cp "$T/certs/renewed.crt" "$T/certs/server.crt"
start_broker --tls 0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
port=$(broker_port mqtts)
before=$(serial)
echo nonsense >"$T/certs/server.crt"
kill -HUP "$BROKER_PID"
until_true 10 grep -q 'The old certificates and passwords stay in use' "$BROKER_LOG"
expect_match "$BROKER_LOG" "cannot read the certificate file '$T/certs/server.crt'.*PEM"
expect_eq "serial after a bad reload" "$(serial)" "$before"
rm "$T/certs/server.crt"; renew
once
kill -HUP "$BROKER_PID"
until_true 10 changed

# --cafile alone: a certificate may be missing, but not be another's.
rm "$T/certs/server.crt"; renew
start_broker --tls 0 --cert "$T/certs/server.crt" --key "$T/certs/server.key" --cafile "$T/certs/ca.crt"
url=mqtts://localhost:$(broker_port mqtts)
pub client "$url" a; expect_exit 0
run mqtt-pub -L "$url" --cafile "$T/certs/ca.crt" -t a -q 1 -m x; expect_exit 0
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=client -keyout "$T/certs/alien.key" -out "$T/certs/alien.crt" 2>/dev/null
pub alien "$url" a; [ "$status" != 0 ] || fail "a certificate of another authority got in"

# Names from certificates need certificates.
printf '%s\n' "listener $port" 'use_identity_as_username true' >"$T/conf"
run mqtt-broker-lite -c "$T/conf" --check-config
expect_exit 1
expect_match "$T/err" 'user names from certificates need certfile'
