# timeout: 90
# Ways to listen: pre-shared keys, one port for two protocols, Unix sockets with a mode, an interface, sockets that
# a supervisor has opened; and each failure in one line with its place.
. "$(dirname "$0")/lib.sh"
port=$(free_port) port2=$(free_port)
conf() { printf '%s\n' 'user root' "$@" >"$T/conf"; }
start() {
    BROKER_LOG=$T/broker.${#lib_pids[@]}.log BROKER_URLS=$T/broker.${#lib_pids[@]}.urls
    mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" "$@" >"$BROKER_LOG" 2>&1 &
    BROKER_PID=$!
    lib_pids+=("$BROKER_PID")
    until_true 20 lib_broker_is_up
}

# Pre-shared keys; the identity is the user name; a reload takes a new file; ours and mosquitto's client.
printf 'device1:0123456789abcdef\n' >"$T/psk"
conf 'allow_anonymous false' "psk_file $T/psk" "listener $port 127.0.0.1" 'psk_hint broker' 'use_identity_as_username true' \
    "acl_file $T/acl"
printf 'user device1\ntopic readwrite own/#\n' >"$T/acl"
start
psk() { run mqtt-pub -L "mqtts://localhost:$port" --psk-identity "$1" --psk "$2" -t "${3:-own/x}" -q 1 -m x --max-retries 0; }
psk device1 0123456789abcdef; expect_exit 0
expect_match "$BROKER_LOG" "u'device1'\)\.$"
psk device1 0123456789abcdee; [ "$status" != 0 ] || fail "a wrong key got in"
psk device1 0123456789abcdef other; [ "$status" != 0 ] || fail "published where it may not"
if lib_find mosquitto_pub >/dev/null; then
    for version in tlsv1.2 tlsv1.3; do
        run mosquitto_pub -h localhost -p "$port" --psk-identity device1 --psk 0123456789abcdef --tls-version $version -q 1 \
            -t own/x -m x
        expect_exit 0
    done
fi
printf 'device2:aabb\n' >"$T/psk"
kill -HUP "$BROKER_PID"
until_true 10 grep -q 'are read again' "$BROKER_LOG"
psk device1 0123456789abcdef; [ "$status" != 0 ] || fail "the old key still works"
stop_broker

# As mosquitto: without keys it starts, and nobody gets in.
conf 'allow_anonymous true' "listener $port 127.0.0.1" 'psk_hint broker'
run mqtt-broker-lite -c "$T/conf" --check-config
expect_exit 0
expect_match "$T/err" 'warning: .*conf:4: psk_hint: without a psk_file'
start
psk device1 0123456789abcdef; [ "$status" != 0 ] || fail "got in by a key that nobody knows"
run mqtt-pub -h "$HOST" -p "$port" -t a -q 1 -m x --max-retries 0; [ "$status" != 0 ] || fail "got in without TLS"
stop_broker

# MQTT and WebSocket on one port, by flags and by the file; the Unix socket has its mode.
start_broker -p "$port" --ws "$port" --unix "$T/s" --unix-mode 600
expect_eq "mode" "$(stat -c %a "$T/s")" 600
run mqtt-pub -p "$port" -t a -m x -q 1; expect_exit 0
run mqtt-pub -L "ws://127.0.0.1:$port/mqtt" -t a -m x -q 1; expect_exit 0
stop_broker
conf 'allow_anonymous true' "listener $port" 'bind_interface lo' 'protocol any' "listener 0 $T/s" 'unix_socket_mode 0666'
start
! grep -qv '^mqtt://127\.\|^mqtt://\[::1\]\|^unix' "$BROKER_URLS" || fail "not only the interface: $(cat "$BROKER_URLS")"
expect_eq "mode" "$(stat -c %a "$T/s")" 666
run mqtt-pub -L "ws://127.0.0.1:$port/mqtt" -t a -m x -q 1; expect_exit 0
run mqtt-pub -L "unix:$T/s" -t a -m x -q 1; expect_exit 0
stop_broker

# Socket activation: the supervisor's sockets go to the listeners with their address.
activate() { exec perl -MIO::Socket::INET -MIO::Socket::UNIX -MPOSIX -e '
    my ($port, $path, @command) = @ARGV;
    my $tcp = IO::Socket::INET->new(Listen => 8, LocalAddr => "127.0.0.1", LocalPort => $port, ReuseAddr => 1) or die;
    my $unix = IO::Socket::UNIX->new(Listen => 8, Local => $path) or die;
    my @copies = map { fcntl($_, 0, 20) } ($tcp, $unix);  # F_DUPFD, out of the way
    POSIX::dup2($copies[0], 3); POSIX::dup2($copies[1], 4); POSIX::close($_) for @copies;
    $ENV{LISTEN_FDS} = 2; $ENV{LISTEN_PID} = $$;
    exec @command' "$@"; }
rm -f "$T/s"
conf 'allow_anonymous true' "listener $port 127.0.0.1" "listener 0 $T/s"
BROKER_LOG=$T/activated.log BROKER_URLS=$T/activated.urls
activate "$port" "$T/s" "$BIN/mqtt-broker-lite" -c "$T/conf" --ready-file "$BROKER_URLS" >"$BROKER_LOG" 2>&1 &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
run mqtt-pub -p "$port" -t a -m x -q 1; expect_exit 0
run mqtt-pub -L "unix:$T/s" -t a -m x -q 1; expect_exit 0
stop_broker
[ -S "$T/s" ] || fail "the supervisor's socket file is gone"
rm -f "$T/s"
conf 'allow_anonymous true' "listener $port2 127.0.0.1"
! (activate "$port" "$T/s" "$BIN/mqtt-broker-lite" -c "$T/conf") 2>"$T/err" || fail "it started"
expect_match "$T/err" "the supervisor has opened mqtt://127.0.0.1:$port, but no listener has that address"

# In use, unreadable, broken: one line with file, line and remedy.
one_line() { expect_exit "${2:-1}"; expect_quiet; expect_eq "lines on stderr" "$(wc -l <"$T/err")" 1; expect_match "$T/err" "$1"; }
start_broker -p "$port" --quiet
conf 'allow_anonymous true' 'log_type error' "listener $port 127.0.0.1"
run mqtt-broker-lite -c "$T/conf"
one_line "conf:4: cannot listen on 127\.0\.0\.1:$port: the address is in use \(.*choose another port"
conf "listener $port2" 'bind_interface nosuch0' 'log_type error'
run mqtt-broker-lite -c "$T/conf"
one_line 'conf:2: cannot listen on interface nosuch0: no such interface'
echo nonsense >"$T/bad.crt"
conf "listener $port2" "certfile $T/bad.crt" "keyfile $T/bad.crt"
run mqtt-broker-lite -c "$T/conf"
one_line "conf:3: cannot read the certificate file '.*bad.crt': .*must be a PEM file"
conf "listener $port2" "acl_file $T/none"
run mqtt-broker-lite -c "$T/conf"
one_line 'conf:3: acl_file: .*none: cannot be read \('
# Each with the line of the key that it is about.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$T/k" -out "$T/c" 2>/dev/null
openssl genrsa -out "$T/k2" 2048 2>/dev/null
wrong() { local want=$1; shift; conf 'log_type error' "listener $port2 127.0.0.1" 'allow_anonymous true' "$@"
    run timeout -s KILL 20 mqtt-broker-lite -c "$T/conf"; one_line "$want" "${code:-1}"; }
wrong 'conf:6: the private key .*k2. does not belong to the certificate .*; name the key' "certfile $T/c" "keyfile $T/k2"
wrong 'conf:6: cannot read the private key .*none.: No such file' "certfile $T/c" "keyfile $T/none"
wrong 'conf:7: cannot read the CA file .*k2.*PEM file' "certfile $T/c" "keyfile $T/k" "cafile $T/k2"
wrong 'conf:8: cannot read the CRL file .*k2' "certfile $T/c" "keyfile $T/k" "cafile $T/c" "crlfile $T/k2"
wrong "conf:7: no cipher is known in 'NONE': .*openssl ciphers" "certfile $T/c" "keyfile $T/k" 'ciphers NONE'
echo nonsense >"$T/psk"
wrong "conf:5: .*psk:1: not identity:key; correct this line" "psk_file $T/psk" 'psk_hint x'
wrong "conf:5: psk_file|conf:5: cannot read the PSK file" "psk_file $T/none" 'psk_hint x'
! has_store || wrong "conf:[56]: .*/nonexistent/" 'persistence true' 'persistence_location /nonexistent/'
code=6 wrong 'conf:5: pid_file: cannot write /nonexistent/pid: No such file or directory \(its folder' 'pid_file /nonexistent/pid'
wrong 'conf:6: log_dest file /nonexistent/log: No such file or directory \(its folder' 'log_dest stderr' 'log_dest file /nonexistent/log'
if [ "$(id -u)" = 0 ]; then
    printf '%s\n' "listener $port2 127.0.0.1" 'log_type error' 'user nosuchuser' >"$T/conf"
    run timeout -s KILL 20 mqtt-broker-lite -c "$T/conf"; one_line 'conf:3: user: there is no user nosuchuser: make it'
fi
wrong 'conf:5: cannot listen on unix:/nonexistent/s: its folder is missing' "listener 0 /nonexistent/s"
