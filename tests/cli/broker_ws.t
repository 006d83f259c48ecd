# timeout: 60
# WebSocket listeners: pages of other sites are refused unless the configuration names them.
. "$(dirname "$0")/lib.sh"
port=$(free_port) port2=$(free_port)
printf '%s\n' 'allow_anonymous true' 'user root' "listener $port 127.0.0.1" 'protocol websockets' \
    "listener $port2 127.0.0.1" 'protocol websockets' 'websockets_origin https://app.example.org' >"$T/conf"
BROKER_LOG=$T/broker.log BROKER_URLS=$T/broker.urls
mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
# status PORT [ORIGIN]: the first line of the answer to an upgrade.
status() {
    exec 3<>"/dev/tcp/$HOST/$1"
    printf 'GET /mqtt HTTP/1.1\r\nHost: localhost:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s%s' "$1" \
        "${2:+Origin: $2$'\r\n'}" $'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n' >&3
    head -n 1 <&3 | cut -d' ' -f2
    exec 3>&-
}
expect_eq "no origin" "$(status "$port")" 101
expect_eq "same host" "$(status "$port" http://localhost:8000)" 101
expect_eq "foreign" "$(status "$port" https://evil.example)" 403
until_true 10 grep -q 'disconnected: a web page of another origin was refused (websockets_origin)' "$BROKER_LOG"
expect_eq "listed" "$(status "$port2" https://app.example.org)" 101
expect_eq "not listed" "$(status "$port2" http://localhost)" 403
run mqtt-pub -L "ws://localhost:$port2/mqtt" -t a -m x -q 1
expect_exit 0
