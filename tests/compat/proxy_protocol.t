# timeout: 60
# Behind HAProxy with the PROXY protocol, both versions, TLS ended there or passed through: the broker sees the
# client's address, and with version 2 the name of its certificate.
. "$(dirname "$0")/../cli/lib.sh"
need haproxy openssl
make_certs
cat "$T/certs/server.crt" "$T/certs/server.key" >"$T/certs/both.pem"
v1=$(free_port) v2=$(free_port) v2_tls=$(free_port) own_tls=$(free_port)
front_v1=$(free_port) front_v2=$(free_port) front_tls=$(free_port) front_pass=$(free_port)
printf 'user client\ntopic readwrite own/#\n' >"$T/acl"
{ printf '%s\n' 'user root' 'per_listener_settings true'
  printf '%s\n' "listener $v1 127.0.0.1" 'allow_anonymous true' 'enable_proxy_protocol 1' 'proxy_protocol_trusted 127.0.0.0/8' \
      'protocol any'
  printf '%s\n' "listener $v2 127.0.0.1" 'allow_anonymous true' 'enable_proxy_protocol 2'
  printf '%s\n' "listener $v2_tls 127.0.0.1" "acl_file $T/acl" 'enable_proxy_protocol 2' 'proxy_protocol_trusted 127.0.0.1' \
      'proxy_protocol_v2_require_tls true' 'use_identity_as_username true'
  printf '%s\n' "listener $own_tls 127.0.0.1" 'allow_anonymous true' 'enable_proxy_protocol 2' 'proxy_protocol_trusted ::1 127.0.0.1' \
      "certfile $T/certs/server.crt" "keyfile $T/certs/server.key"; } >"$T/conf"
BROKER_LOG=$T/broker.log BROKER_URLS=$T/broker.urls
mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
expect_match "$BROKER_LOG" 'warning: .*conf:10: whoever reaches this listener may claim any address'

cat >"$T/haproxy.cfg" <<EOF
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen one
    bind 127.0.0.2:$front_v1
    server broker 127.0.0.1:$v1 send-proxy
listen two
    bind 127.0.0.2:$front_v2
    server broker 127.0.0.1:$v2 send-proxy-v2
listen tls
    bind 127.0.0.2:$front_tls ssl crt $T/certs/both.pem ca-file $T/certs/ca.crt verify optional
    server broker 127.0.0.1:$v2_tls send-proxy-v2-ssl-cn
listen pass
    bind 127.0.0.2:$front_pass
    server broker 127.0.0.1:$own_tls send-proxy-v2
EOF
"$(lib_find haproxy)" -db -f "$T/haproxy.cfg" >"$T/haproxy.log" 2>&1 &
lib_pids+=($!)
listens() { (exec 3<>"/dev/tcp/127.0.0.2/$1") 2>/dev/null; }
for port in "$front_v1" "$front_v2" "$front_tls" "$front_pass"; do until_true 10 listens "$port"; done

# From an address that is not the proxy's.
pub() { run mqtt-pub --bind 127.0.0.3 -i "$1" -q 1 -t own/x -m x --max-retries 0 "${@:2}"; }
seen() { expect_match "$BROKER_LOG" "New client connected from 127\.0\.0\.3:[0-9]+ as $1 "; }
pub one -h 127.0.0.2 -p "$front_v1"; expect_exit 0; seen one
pub web -L "ws://127.0.0.2:$front_v1/mqtt"; expect_exit 0; seen web
pub two -h 127.0.0.2 -p "$front_v2"; expect_exit 0; seen two
pub pass -L "mqtts://127.0.0.2:$front_pass" --cafile "$T/certs/ca.crt" --insecure; expect_exit 0; seen pass
named=(-L "mqtts://127.0.0.2:$front_tls" --cafile "$T/certs/ca.crt" --insecure)
pub named "${named[@]}" --cert "$T/certs/client.crt" --key "$T/certs/client.key"; expect_exit 0
expect_match "$BROKER_LOG" "as named \(p5, c1, k60, u'client'\)"
pub nameless "${named[@]}"; [ "$status" != 0 ] || fail "got in without a certificate"

# Past the proxy: a trusted peer must send a header.
pub bare -h 127.0.0.1 -p "$v1" --bind 127.0.0.1; [ "$status" != 0 ] || fail "no header, and let in"
expect_match "$BROKER_LOG" 'disconnected: no PROXY header of the configured version'
