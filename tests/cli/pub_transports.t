# timeout: 120
# mqtt-pub over TLS, WebSocket, Unix socket, IPv6 and a proxy (cases 17 and 22 to 26 of the table).
. "$(dirname "$0")/drop_in.sh"
need openssl
make_certs
printf 'u:p@ss\n' >"$T/passwords"
mosquitto_passwd -U "$T/passwords" 2>/dev/null || skip 'mosquitto_passwd is not installed'
chmod 644 "$T/passwords"; chmod 777 "$T"  # mosquitto gives up root before it opens them

unix_socket() { # a listener of mosquitto since 2.0
    [ -S "$T/sock" ] || fail "$(at 'no socket')"
    deliver '--unix' '%p' 1 m --unix "$T/sock" -t t -m m
}
row 23 2.0 unix_socket
websocket() {
    head -c 65556 /dev/zero | tr '\0' x >"$T/large"
    deliver '--ws' '%l' 1 65556 --ws -p "$PORT2" -t t -q 1 -f "$T/large"
}
row 22 2.1 websocket
# A SOCKS5 proxy that asks for user and password (RFC 1928, RFC 1929) and says what it was asked for.
proxy_port=$(free_port)
perl -MIO::Socket::INET -MIO::Select -e '
    my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], ReuseAddr => 1)
        or die $!;
    sub take { my ($s, $n) = @_; my $d = ""; while (length $d < $n) { sysread($s, my $p, $n - length $d) or exit; $d .= $p } $d }
    while (my $c = $listener->accept) {
        next if fork;
        my (undef, $n) = unpack "CC", take($c, 2); take($c, $n);
        syswrite $c, "\x05\x02";
        my (undef, $u) = unpack "CC", take($c, 2); my $user = take($c, $u);
        my $w = unpack "C", take($c, 1); my $word = take($c, $w);
        if ("$user/$word" ne "user/pass:word") { syswrite $c, "\x01\x01"; exit }
        syswrite $c, "\x01\x00";
        my (undef, undef, undef, $type) = unpack "CCCC", take($c, 4);
        my $host = $type == 3 ? take($c, unpack "C", take($c, 1)) : join ".", unpack "C4", take($c, 4);
        my $port = unpack "n", take($c, 2);
        my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port) or exit;
        syswrite $c, "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00";
        my $select = IO::Select->new($c, $s);
        while (1) { for my $from ($select->can_read) {
            sysread($from, my $bytes, 65536) or exit;
            syswrite $from == $c ? $s : $c, $bytes;
        } }
    }' "$proxy_port" &
lib_pids+=("$!")
port_is_open_at() { (exec 3<>"/dev/tcp/$HOST/$1"); }
until_true 10 port_is_open_at "$proxy_port"
proxied() {
    deliver '--proxy' '%p' 1 m --proxy "socks5h://user:pass%3Aword@127.0.0.1:$proxy_port" -h localhost -p "$PORT" \
        -t t -m m
    go --proxy "socks5h://user:wrong@127.0.0.1:$proxy_port" -t t -m m
    [ "$status" != 0 ] || fail "$(at '--proxy'): a wrong password was accepted"
    [ -s "$T/err" ] || fail "$(at '--proxy'): nothing on stderr"
}
row 24 2.0 proxied
lanes pub 'listener %PORT2% 127.0.0.1' 'protocol websockets' 'listener 0 %T%/sock'

certs=$T/certs
(cd "$certs" && lib_certificate named 'subjectAltName=DNS:localhost') >/dev/null 2>&1
encrypted() {
    deliver '--cafile' '%p' 1 m -h localhost -p "$PORT2" --cafile "$certs/ca.crt" -t t -m m
    go -p "$PORT2" --cafile "$certs/ca.crt" -t t -m m  # the certificate is for localhost alone
    if is_ours; then expect_exit 23; else handshake_failed; fi
    go -h localhost -p "$PORT" --cafile "$certs/ca.crt" -t t -m m  # no TLS there
    handshake_failed
    deliver '--insecure' '%p' 1 m -h 127.0.0.1 -p "$PORT2" --cafile "$certs/ca.crt" --insecure -t t -m m
    run "$PROGRAM" -h localhost -p "$PORT2" --cafile "$T/missing" -t t -m m
    expect_exit 1
    [ -s "$T/err" ] || fail "$(at 'missing cafile'): nothing on stderr"
}
# Theirs has 1 for it, too, when the handshake is over before it waits for the first time.
handshake_failed() { [ "$status" = 1 ] && is_theirs "$PROGRAM" || expect_exit 8; }
row 25-26 2.0 encrypted
lanes pub 'listener %PORT2% 127.0.0.1' "cafile $certs/ca.crt" "certfile $certs/named.crt" "keyfile $certs/named.key"

url_login() { # ours decodes the password and knows IPv6 in brackets
    run mqtt-pub -L "mqtt://u:p%40ss@[::1]:$PORT2/t" -m m -q 1; expect_exit 0
    run mqtt-pub -L "mqtt://u:wrong@[::1]:$PORT2/t" -m m -q 1; expect_exit 135
}
row 17 ours url_login
lanes pub 'listener %PORT2% ::1' "password_file $T/passwords" 'allow_anonymous false'
