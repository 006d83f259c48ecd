# timeout: 180
# The memory of mqtt-pub -l does not grow with its input, for a server that is fast and for one that reads nothing.
. "$(dirname "$0")/lib.sh"

lines() { yes "$(printf '%0100d' 0)" | head -n "$1" || true; }  # of 100 bytes
most_memory() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }
mkfifo "$T/input"
# peak LINES args...: the most memory that it needed until it had read them all, in KiB, in $kib.
peak() {
    local count=$1; shift
    mqtt-pub -p "$PORT" -t t -l "$@" <"$T/input" 2>"$T/err" &
    pid=$!; lib_pids+=("$pid")
    { lines "$count"; most_memory "$pid" >"$T/kib"; } >"$T/input"
    finish "$pid" 60; expect_exit 0
    kib=$(cat "$T/kib")
}

start_broker
for words in '-q 0' '-q 1' '-q 2' '-q 1 -V 311' '-q 1 --line-format %p'; do
    peak 20000 $words; few=$kib
    peak 400000 $words
    echo "$words: $few KiB for 20,000 lines, $kib for 400,000"
    [ "$kib" -lt $((few + 8192)) ] || fail "$words: $kib KiB for 20 times as many lines as $few KiB"
done

# Nobody reads: it waits with what its buffers hold.
perl -MIO::Socket::INET -e '
    my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 0) or die $!;
    $| = 1;
    print $listener->sockport, "\n";
    while (my $peer = $listener->accept) {
        sysread($peer, my $connect, 1024) or next;
        syswrite $peer, "\x20\x03\x00\x00\x00";
        push @silent, $peer;
    }' >"$T/port" &
lib_pids+=("$!")
until_true 30 has_lines "$T/port" 1
PORT=$(cat "$T/port")
for qos in 0 1; do
    mqtt-pub -p "$PORT" -t t -l -q $qos --timeout 3 <"$T/input" 2>"$T/err" &
    pid=$!; lib_pids+=("$pid")
    lines 400000 >"$T/input" & lib_pids+=("$!")
    while now=$(most_memory "$pid" 2>/dev/null) && [ -n "$now" ]; do kib=$now; sleep 0.05; done
    finish "$pid"; expect_exit 27
    echo "-q $qos at a server that reads nothing: $kib KiB"
    [ "$kib" -lt $((few + 16384)) ] || fail "-q $qos: $kib KiB where $few were enough"
done
