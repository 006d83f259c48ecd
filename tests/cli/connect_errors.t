# timeout: 120
# What can go wrong on the way to a connection: each cause has its own line on stderr, its own exit code
# and nothing on stdout. The peers are scripted: one connection, one answer.
. "$(dirname "$0")/lib.sh"
need openssl
make_certs

# fake_peer HEX: accepts connections on $PORT, reads once, answers with the bytes, closes; "hold" keeps silent.
fake_peer() {
    PORT=$(free_port)
    perl -MIO::Socket::INET -e '
        my ($port, $hex) = @ARGV;
        my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => $port, ReuseAddr => 1)
            or die $!;
        my @held;
        while (my $peer = $listener->accept) {
            sysread($peer, my $request, 4096);
            if ($hex eq "hold") { push @held, $peer; next }
            syswrite($peer, pack("H*", $hex));
            shutdown($peer, 1);
            sysread($peer, $request, 4096);
            close $peer;
        }' "$PORT" "$1" &
    lib_pids+=("$!")
    until_true 10 lib_port_is_open
}
lib_port_is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT"); }

# expect_failure LABEL CODE REGEX command...: one connection line that matches, the code, a silent stdout.
expect_failure() {
    local label=$1 code=$2 regex=$3; shift 3
    run "$@"
    [ "$status" = "$code" ] || { cat "$T/err" >&2; fail "$label: exit status $status, expected $code"; }
    grep -qiE -- "$regex" "$T/err" || { cat "$T/err" >&2; fail "$label: stderr has nothing like: $regex"; }
    expect_quiet
    [ "$(wc -l <"$T/err")" -le 2 ] || { cat "$T/err" >&2; fail "$label: more than two lines on stderr"; }
}
publish() { local label=$1 code=$2 regex=$3; shift 3
            expect_failure "$label" "$code" "$regex" mqtt-pub -h 127.0.0.1 -p "$PORT" -t a -m x -q 1 "$@"; }

# Reaching the host.
PORT=$(free_port)
publish 'nothing listens' 14 'refused'
grep -q "127.0.0.1.*$PORT" "$T/err" || fail 'the line does not name address and port'
expect_failure 'unknown host' 15 'no-such-host.invalid' mqtt-pub -h no-such-host.invalid -t a -m x

# A listener whose queue is full does not answer SYN: our deadline ends it, not the kernel's.
PORT=$(free_port)
perl -MIO::Socket::INET -e '
    my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => $ARGV[0]) or die $!;
    listen($listener, 0);
    my @held = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Blocking => 0) } 1..8;
    open my $flag, ">", $ARGV[1]; close $flag;
    sleep 60' "$PORT" "$T/full" &
lib_pids+=("$!")
until_true 10 test -e "$T/full"
started=$(date +%s%N)
publish 'no answer to SYN' 27 'timed out|no answer' --connect-timeout 700ms
took=$((($(date +%s%N) - started) / 1000000))
[ "$took" -lt 5000 ] || fail "our deadline of 700 ms took $took ms"
expect_match "$T/err" 'firewall'

# A peer that is not an MQTT broker, or not on this port.
fake_peer hold
publish 'accepts, never answers' 27 'did not answer CONNECT in time' --connect-timeout 500ms
fake_peer ''
publish 'closed before CONNACK' 7 'without an answer to CONNECT'
fake_peer "$(printf 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n' | od -An -v -tx1 | tr -d ' \n')"
publish 'HTTP on this port' 21 'HTTP'
fake_peer 15030100020246
publish 'a TLS alert on this port' 21 'TLS'

start_broker --listen mqtts://127.0.0.1:0 --listen ws://127.0.0.1:0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
tls_port=$(broker_port mqtts) ws_port=$(broker_port ws)
publish 'TLS to a plain port' 8 'TLS' --cafile "$T/certs/ca.crt"
publish 'WebSocket to a plain port' 21 'WebSocket' --ws
PORT=$ws_port publish 'MQTT to a WebSocket port' 21 'HTTP|WebSocket'
PORT=$tls_port
publish 'unknown authority' 23 'certificate' --cafile "$T/certs/other-ca.crt"
publish 'missing CA file' 1 'no-such-file' --cafile "$T/no-such-file"
start_broker --listen mqtts://127.0.0.2:0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
expect_failure 'certificate of another name' 23 'it is for localhost, 127.0.0.1, not for' \
    mqtt-pub -h 127.0.0.2 -p "$(sed -nE "s#^mqtts://127.0.0.2:([0-9]+).*#\1#p" "$BROKER_URLS")" -t a -m x --cafile "$T/certs/ca.crt"

# Refusals by the broker, 3.1.1: CONNACK 1 to 5.
for row in '1|version' '2|identifier' '3|unavailable' '4|user name|password' '5|authori'; do
    code=${row%%|*}
    fake_peer "2002000$code"
    publish "3.1.1 CONNACK $code" "$code" "${row#*|}" -V 311
done
# 5.0: the reason code.
for row in '84|version' '85|identifier' '86|user name|password' '87|authori' '88|unavailable' '89|busy' '8a|banned' \
    '8c|method' '95|large' '97|quota' '9c|another server' '9d|moved' '9f|rate'; do
    code=${row%%|*}
    fake_peer "200300${code}00"
    publish "5.0 CONNACK $code" "$((16#$code))" "${row#*|}" -V 5
done

# Usage errors say which flag.
expect_failure 'unknown flag' 1 'no-such-flag' mqtt-pub --no-such-flag
expect_failure 'bad port' 1 '-p|port' mqtt-pub -p 65536 -t a -m x
expect_failure 'bad URL' 1 'htp' mqtt-sub -L htp://localhost/t
