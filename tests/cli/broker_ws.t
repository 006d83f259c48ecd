# timeout: 60
# WebSocket listeners: pages of other sites, and host names that are not the machine's, are refused unless the
# configuration names them.
. "$(dirname "$0")/lib.sh"
port=$(free_port) port2=$(free_port) port3=$(free_port)
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -addext 'subjectAltName=DNS:broker.example' \
    -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
printf '%s\n' 'allow_anonymous true' 'user root' "listener $port 127.0.0.1" 'protocol websockets' \
    "listener $port2 127.0.0.1" 'protocol websockets' 'websockets_origin https://app.example.org' \
    "listener $port3 127.0.0.1" 'protocol websockets' "certfile $T/cert.pem" "keyfile $T/key.pem" >"$T/conf"
BROKER_LOG=$T/broker.log BROKER_URLS=$T/broker.urls
mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
# request HOST [ORIGIN]: an upgrade.
request() {
    printf 'GET /mqtt HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s%s' "$1" \
        "${2:+Origin: $2$'\r\n'}" $'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n'
}
# answer PORT HOST [ORIGIN]: the answer to it, when it is a refusal whole; status: its number.
answer() {
    exec 3<>"/dev/tcp/$HOST/$1"
    request "${@:2}" >&3
    local line
    IFS= read -r line <&3
    echo "$line"
    case $line in *' 101 '*) ;; *) cat <&3 ;; esac
    exec 3>&-
}
status() { answer "$1" "localhost:$1" "${@:2}" | head -n 1 | cut -d' ' -f2; }
named() { answer "$1" "$2" | head -n 1 | cut -d' ' -f2; }
expect_eq "no origin" "$(status "$port")" 101
expect_eq "same host" "$(status "$port" http://localhost:8000)" 101
expect_eq "foreign" "$(status "$port" https://evil.example)" 403
refused="disconnected: a web page of another origin or host name was refused (websockets_origin)"
until_true 10 grep -qF "$refused" "$BROKER_LOG"
expect_eq "by address" "$(named "$port" "$HOST:$port")" 101
expect_eq "by the machine's name" "$(named "$port" "$(hostname)")" 101
expect_eq "by a foreign name" "$(named "$port" evil.example)" 421
answer "$port" evil.example >"$T/answer"
expect_match "$T/answer" 'connect by address, or name it with websockets_origin'
until_true 10 eval '[ "$(grep -cF "$refused" "$BROKER_LOG")" = 3 ]'
expect_eq "by the name of a listed origin" "$(named "$port2" app.example.org)" 101
expect_eq "by a name that is not listed" "$(named "$port2" evil.example)" 421
# over TLS
tls() {
    local line
    exec 4< <(exec timeout 20 openssl s_client -quiet -connect "$HOST:$port3" 2>/dev/null < <(request "$1"))
    IFS= read -r line <&4
    kill $! 2>/dev/null || true
    exec 4<&-
    cut -d' ' -f2 <<<"$line"
}
expect_eq "by a name in the certificate" "$(tls broker.example)" 101
expect_eq "by another" "$(tls evil.example)" 421
expect_eq "listed" "$(status "$port2" https://app.example.org)" 101
expect_eq "not listed" "$(status "$port2" http://localhost)" 403
run mqtt-pub -L "ws://localhost:$port2/mqtt" -t a -m x -q 1
expect_exit 0
