# timeout: 120
# kill -9 in the middle of 100,000 lines at QoS 1 and 2, without an outbox: of the broker, of the tool, of the link.
# What was reported as sent is there, nothing comes twice at QoS 2. The broker (journaling_broker.py) writes down every
# message before it acknowledges, and keeps its sessions, as a durable broker does.
. "$(dirname "$0")/lib.sh"
need python3
lines=100000
seq "$lines" >"$T/lines"

# The three parts run side by side, each in a folder of its own.
part() { # part NAME QOS
    NAME=$1 QOS=$2 T=$T/$1.$2
    mkdir "$T"; export HOME=$T
    lib_pids=()
    trap lib_cleanup EXIT
    JOURNAL=$T/journal
    broker 0
    "$NAME"
    echo "$NAME, QoS $QOS: ok"
}
broker() { # broker PORT: sets PORT and BROKER
    rm -f "$T/port"
    python3 "$(dirname "$0")/journaling_broker.py" "$1" "$JOURNAL" "$T/port" 2>"$T/broker.err" & BROKER=$!
    lib_pids+=("$BROKER")
    until_true 20 test -s "$T/port"
    PORT=$(cat "$T/port")
}
publish() { # in the background; $pid
    mqtt-pub -h "$HOST" -p "$1" -q "$QOS" -t s -l -i "kills" --retry-delay 200ms --report json <"$T/../lines" \
        >"$T/report" 2>"$T/err" & pid=$!
    lib_pids+=("$pid")
}
journal_has() { [ "$(stat -c %s "$JOURNAL" 2>/dev/null || echo 0)" -ge "$1" ]; }
nothing_lost() { sort -nu "$JOURNAL" | cmp -s - "$T/../lines" || fail "$NAME, QoS $QOS: lines are lost"; }
nothing_twice() { [ "$QOS" = 1 ] || sort -n "$JOURNAL" | uniq -d | cmp -s - /dev/null || fail "$NAME: lines came twice"; }
in_order() { [ "$QOS" = 1 ] || sort -cn "$JOURNAL" 2>/dev/null || fail "$NAME: lines are out of order"; }

broker_dies() {
    publish "$PORT"
    local tool=$pid at
    for at in 100000 300000; do
        until_true 40 journal_has "$at"
        kill -9 "$BROKER"; wait "$BROKER" 2>/dev/null || true
        broker "$PORT"
    done
    finish "$tool" 90
    [ "$status" = 0 ] || { tail -n 5 "$T/err" >&2; fail "$NAME, QoS $QOS: exit status $status"; }
    expect_match "$T/report" "\"acknowledged\":$lines,"
    expect_match "$T/err" 'connection lost.*next attempt in'
    expect_match "$T/err" 'connected again'
    nothing_lost; nothing_twice; in_order
}
# What the tool never reported may be missing, but nothing is there twice and there is no gap before the last one.
tool_dies() {
    publish "$PORT"
    local tool=$pid
    until_true 40 journal_has 200000
    kill -9 "$tool"; finish "$tool" 2>/dev/null
    [ "$status" = 137 ] || fail "$NAME: the tool ended with $status before it was killed"
    [ ! -s "$T/report" ] || fail "$NAME: a killed tool has reported"
    local last; last=$(sort -n "$JOURNAL" | tail -n 1)
    [ "$last" -lt "$lines" ] || fail "$NAME: was not in the middle"
    sort -nu "$JOURNAL" | cmp -s - <(seq "$last") || fail "$NAME, QoS $QOS: a gap before the last line"
    nothing_twice
    # The next run says what it did, not what the first one left.
    : >"$JOURNAL"
    publish "$PORT"
    finish "$pid" 60; expect_eq "$NAME, again" "$status" 0
    expect_match "$T/report" "\"acknowledged\":$lines,"
    nothing_lost
}
link_dies() {
    local broker_at=$PORT
    perl -MIO::Socket::INET -MIO::Select -MSocket -e '
        my ($broker, $file) = @ARGV;
        my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 0) or die $!;
        open my $out, ">", $file; print $out $listener->sockport; close $out;
        my $connections = 0;
        while (my $client = $listener->accept) {
            my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $broker) or die $!;
            my $left = ++$connections <= 4 ? 250000 : 1e15;
            my $select = IO::Select->new($client, $server);
            LINK: while (1) { for my $from ($select->can_read) {
                my $n = sysread($from, my $bytes, 16384) or last LINK;
                my $to = $from == $client ? $server : $client;
                for (my $at = 0; $at < $n;) { $at += syswrite($to, $bytes, $n - $at, $at) || last LINK }
                last LINK if $to == $server && ($left -= $n) < 0;
            } }
            setsockopt $_, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0) for $client, $server;  # reset, not closed
            close $client; close $server;
        }' "$broker_at" "$T/proxy" &
    lib_pids+=("$!")
    until_true 10 test -s "$T/proxy"
    publish "$(cat "$T/proxy")"
    finish "$pid" 90
    [ "$status" = 0 ] || { tail -n 5 "$T/err" >&2; fail "$NAME, QoS $QOS: exit status $status"; }
    expect_eq "$NAME, losses told" "$(grep -c 'connection lost' "$T/err")" 4
    expect_match "$T/report" "\"acknowledged\":$lines,"
    nothing_lost; nothing_twice; in_order
}

jobs_of=()
for name in broker_dies tool_dies link_dies; do for qos in 1 2; do
    (part $name $qos) >"$T/$name.$qos.log" 2>&1 & jobs_of+=("$!:$name.$qos")
done; done
failed=
for job in "${jobs_of[@]}"; do wait "${job%%:*}" || { cat "$T/${job#*:}.log" >&2; failed=1; }; done
cat "$T"/*.log
[ -z "$failed" ]
