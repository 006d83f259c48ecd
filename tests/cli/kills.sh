# Shared by kills.t and kills_outbox.t: parts that run side by side, each in a folder of its own, at a broker that writes
# down every message before it acknowledges it and may be killed any time (journaling_broker.py).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need python3
seq "$lines" >"$T/lines"

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
journal_has() { [ "$(stat -c %s "$JOURNAL" 2>/dev/null || echo 0)" -ge "$1" ]; }
nothing_lost() { sort -nu "$JOURNAL" | cmp -s - "$T/../lines" || fail "$NAME, QoS $QOS: lines are lost"; }
nothing_twice() { [ "$QOS" = 1 ] || sort -n "$JOURNAL" | uniq -d | cmp -s - /dev/null || fail "$NAME: lines came twice"; }
in_order() { [ "$QOS" = 1 ] || sort -cn "$JOURNAL" 2>/dev/null || fail "$NAME: lines are out of order"; }


# The part of journal that has N per cent of all bytes.
percent() { echo $(($(stat -c %s "$T/../lines") * $1 / 100)); }
# breaking_link: a proxy before the broker that resets the first four connections after a part of the lines; sets PORT.
breaking_link() {
    perl -MIO::Socket::INET -MIO::Select -MSocket -e '
        my ($broker, $file, $bytes) = @ARGV;
        my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 0) or die $!;
        open my $out, ">", $file; print $out $listener->sockport; close $out;
        my $connections = 0;
        while (my $client = $listener->accept) {
            my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $broker) or die $!;
            my $left = ++$connections <= 4 ? $bytes : 1e15;
            my $select = IO::Select->new($client, $server);
            LINK: while (1) { for my $from ($select->can_read) {
                my $n = sysread($from, my $bytes, 16384) or last LINK;
                my $to = $from == $client ? $server : $client;
                for (my $at = 0; $at < $n;) { $at += syswrite($to, $bytes, $n - $at, $at) || last LINK }
                last LINK if $to == $server && ($left -= $n) < 0;
            } }
            setsockopt $_, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0) for $client, $server;  # reset, not closed
            close $client; close $server;
        }' "$PORT" "$T/proxy" "$(percent 40)" &
    lib_pids+=("$!")
    until_true 10 test -s "$T/proxy"
    PORT=$(cat "$T/proxy")
}

# side_by_side NAME...: each part at QoS 1 and 2.
side_by_side() {
    local jobs=() name qos job failed=
    for name in "$@"; do for qos in 1 2; do
        (part "$name" "$qos") >"$T/$name.$qos.log" 2>&1 & jobs+=("$!:$name.$qos")
    done; done
    for job in "${jobs[@]}"; do wait "${job%%:*}" || { cat "$T/${job#*:}.log" >&2; failed=1; }; done
    cat "$T"/*.log
    [ -z "$failed" ]
}
