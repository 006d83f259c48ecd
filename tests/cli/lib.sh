# What every tests/cli/*.t and tests/compat/*.t starts from: `. "$(dirname "$0")/../cli/lib.sh"`.
# Gives $BIN (the tools' folder, first in PATH), $T (a folder of its own, removed at the end), brokers on
# ports that the kernel chose, waiting with deadlines, and checks that print what was expected.
# Everything started here ends with the test. Bash, `set -eu`.

set -eu -o pipefail
export LC_ALL=C.UTF-8 TZ=UTC NO_COLOR=1
unset MQTT_URL MQTT_USERNAME MQTT_PASSWORD MQTT_PASSWORD_FILE MQTT_PROFILE XDG_CONFIG_HOME 2>/dev/null || true
lib_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=${BIN:-$lib_root/build/dev/bin}
export PATH=$BIN:$PATH
HOST=127.0.0.1
T=$(mktemp -d "${TMPDIR:-/tmp}/mqtt-test.XXXXXX")
export HOME=$T
lib_pids=()

lib_cleanup() {
    local status=$? pid
    set +e
    # Those that still run: the number of one that has ended may be somebody else's by now.
    local running=() known=" ${lib_pids[*]} "
    for pid in $(jobs -rp; jobs -sp); do case $known in *" $pid "*) running+=("$pid") ;; esac; done
    # A function or a script in the background is a shell, and what it runs would outlive it.
    for pid in "${running[@]}"; do pkill -P "$pid" 2>/dev/null; kill "$pid" 2>/dev/null; done
    for pid in "${running[@]}"; do
        (sleep 5; kill -9 "$pid" 2>/dev/null) & local watch=$!
        wait "$pid" 2>/dev/null
        kill "$watch" 2>/dev/null; wait "$watch" 2>/dev/null
    done
    rm -rf "$T"
    exit "$status"
}
trap lib_cleanup EXIT
trap 'exit 143' TERM INT

fail() { printf 'FAIL: %s\n' "$*" >&2; lib_context; exit 1; }
# The test cannot run here; the reason is printed and counted.
skip() { printf 'skip: %s\n' "$*"; exit 77; }
# has_store: the broker was built with SQLite.
has_store() { mqtt-broker-lite --check-config --persistence batch --store "$T/store.db" >/dev/null 2>&1; }
need() { local tool; for tool in "$@"; do lib_find "$tool" >/dev/null || skip "$tool is not installed"; done; }
lib_find() { PATH=$PATH:/usr/sbin:/usr/local/sbin command -v "$1"; }

# Where the failing test was, and what its brokers said.
lib_context() {
    local log frame=1
    while [ "${BASH_SOURCE[$frame]}" = "${BASH_SOURCE[0]}" ]; do frame=$((frame + 1)); done
    printf '  at %s:%s\n' "${BASH_SOURCE[$frame]##*/}" "${BASH_LINENO[$((frame - 1))]}" >&2
    for log in "$T"/*.log; do
        [ -s "$log" ] || continue
        printf -- '--- end of %s\n' "${log##*/}" >&2
        tail -n 20 "$log" >&2
    done
}

# until_true SECONDS command...: repeats the command until it succeeds, or fails the test.
until_true() {
    local deadline=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "not within its deadline: $*"
        sleep 0.05
    done
}
# has_lines FILE N: at least N lines are there. `until_true 10 has_lines out 3`
has_lines() { [ "$(wc -l <"$1" 2>/dev/null || echo 0)" -ge "$2" ]; }
contains() { grep -qF -- "$2" "$1"; }

# background NAME command...: runs it with output in $T/NAME.out and $T/NAME.err; its id is in $pid.
background() {
    local name=$1 file; shift
    # Now, not when the process starts: who looks into them must not see what an earlier one of that name said.
    for file in "$T/$name.out" "$T/$name.err"; do [ ! -f "$file" ] || : >"$file"; done
    "$@" >"$T/$name.out" 2>"$T/$name.err" &
    pid=$!
    lib_pids+=("$pid")
}
# finish PID [SECONDS]: waits for a background command to end; its exit status is in $status.
finish() {
    local target=$1 deadline=$((SECONDS + ${2:-20}))
    while kill -0 "$target" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || fail "process $target did not end"
        sleep 0.05
    done
    status=0; wait "$target" || status=$?
}
# run command...: stdout in $T/out, stderr in $T/err, exit status in $status; never fails by itself.
run() { status=0; timeout 60 "$@" >"$T/out" 2>"$T/err" || status=$?; }

# expect_eq WHAT GOT WANT; expect_match FILE REGEX; expect_exit CODE (of the last `run` or `finish`);
# expect_file FILE <<expected lines; expect_quiet: nothing on stdout of the last run.
expect_eq() { [ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"; }
# A broker's log is written by a thread of its own: what is looked for in a *.log or *.file may come a moment later.
expect_match() {
    local tries=1
    case $1 in *.log | *.file) tries=200 ;; esac
    until grep -qE -- "$2" "$1"; do
        [ $((tries -= 1)) -gt 0 ] || { head -n 20 "$1" >&2; fail "${1##*/} has no line like: $2"; }
        sleep 0.05
    done
}
expect_exit() { [ "$status" = "$1" ] || { head -n 20 "$T/err" >&2 || true; fail "exit status $status, expected $1"; }; }
expect_file() { diff -u --label expected --label "${1##*/}" - "$1" >&2 || fail "${1##*/} differs"; }
expect_quiet() { [ ! -s "$T/out" ] || { head -n 5 "$T/out" >&2; fail "stdout is not empty"; }; }

# One that nobody has, for whoever cannot say which one the kernel gave him. Below those that the kernel gives to
# connections: another test's must not take it before it is used.
free_port() { perl -MIO::Socket::INET -e '
    open my $range, "<", "/proc/sys/net/ipv4/ip_local_port_range";
    my $end = $range && <$range> =~ /^(\d+)/ && $1 > 20000 ? $1 : 32768;
    for (1 .. 1000) {
        my $port = 10000 + int rand($end - 10000);
        next unless IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => $port);
        print $port;
        exit 0;
    }
    die "no port is free\n"'; }

# start_broker [flag...]: ours, on a port that the kernel chose; sets $PORT, $URL, $BROKER_PID, $BROKER_LOG.
# More listeners: start_broker --listen ws://127.0.0.1:0; then `broker_port ws` prints its port.
start_broker() {
    local n=${#lib_pids[@]}
    BROKER_LOG=$T/broker.$n.log BROKER_URLS=$T/broker.$n.urls
    mqtt-broker-lite -p 0 --ready-file "$BROKER_URLS" "$@" >"$BROKER_LOG" 2>&1 &
    BROKER_PID=$!
    lib_pids+=("$BROKER_PID")
    until_true 20 lib_broker_is_up
    PORT=$(broker_port mqtt)
    URL=mqtt://$HOST:$PORT
}
lib_broker_is_up() {
    kill -0 "$BROKER_PID" 2>/dev/null || fail "the broker ended at start"
    [ -s "$BROKER_URLS" ]
}
# broker_port SCHEME: the first port on 127.0.0.1 for mqtt, mqtts, ws or wss.
broker_port() { sed -nE "s#^$1://127\.0\.0\.1:([0-9]+).*#\1#p" "$BROKER_URLS" | head -n 1; }
stop_broker() { kill "${1:-$BROKER_PID}" 2>/dev/null || true; wait "${1:-$BROKER_PID}" 2>/dev/null || true; }

# start_mosquitto [config line...]: Debian's broker on a free port of loopback, anonymous, with the lines
# appended; sets $PORT, $URL, $BROKER_PID, $BROKER_LOG. "%PORT2%" in a line becomes a second free port, $PORT2.
start_mosquitto() {
    need mosquitto
    local try line
    for try in 1 2 3; do
        PORT=$(free_port) PORT2=$(free_port)
        BROKER_LOG=$T/mosquitto.$((${#lib_pids[@]})).log
        { printf 'user %s\nlistener %s %s\nallow_anonymous true\n' "$(id -un)" "$PORT" "$HOST"
          for line in "$@"; do printf '%s\n' "${line//%PORT2%/$PORT2}"; done; } >"$T/mosquitto.$try.conf"
        "$(lib_find mosquitto)" -v -c "$T/mosquitto.$try.conf" >"$BROKER_LOG" 2>&1 &
        BROKER_PID=$!
        lib_pids+=("$BROKER_PID")
        URL=mqtt://$HOST:$PORT
        local deadline=$((SECONDS + 10))
        while kill -0 "$BROKER_PID" 2>/dev/null && [ $SECONDS -lt $deadline ]; do
            # Its first port answers before its others listen.
            grep -qs ' running$' "$BROKER_LOG" && (exec 3<>"/dev/tcp/$HOST/$PORT") 2>/dev/null && return 0
            sleep 0.05
        done
    done
    fail "mosquitto did not start"
}

# An engine of OpenSSL that holds the key of $KEY_ENGINE_FILE, found by the programs of this test: key_engine.c.
make_key_engine() {
    need openssl cc
    mkdir "$T/engines"
    cc -shared -fPIC -Wall -o "$T/engines/key_engine.so" "$(dirname "${BASH_SOURCE[0]}")/key_engine.c" -lcrypto 2>"$T/cc" ||
        skip "no engine can be built with this OpenSSL: $(head -n 1 "$T/cc")"
    export OPENSSL_ENGINES=$T/engines
}
# make_certs: $T/certs/{ca,server,client,other-ca}.{crt,key}; the server's names are localhost, 127.0.0.1, ::1.
make_certs() {
    mkdir -p "$T/certs"
    (cd "$T/certs"
     local name
     for name in ca other-ca; do
         openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.crt \
             -subj "/CN=test $name" -days 2 -addext basicConstraints=critical,CA:TRUE
     done
     lib_certificate server 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
     lib_certificate client 'extendedKeyUsage=clientAuth') >/dev/null 2>&1 || fail "openssl made no certificates"
}
lib_certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
    printf '%s\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.crt"
    chmod 644 "$1.key"  # mosquitto gives up root before it reads keys
}
