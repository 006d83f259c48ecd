# timeout: 240
# mqtt-pub -l goes on after lost connections: nothing is lost, at QoS 2 nothing comes twice. The link runs through
# a proxy that cuts it three times in the middle.
. "$(dirname "$0")/drop_in.sh"
with_broker theirs 'max_queued_messages 0' 'max_inflight_messages 100'
broker_at=$PORT

# cutting_proxy BYTES: forwards to the broker; the first three connections end after so many bytes from the client.
cutting_proxy() {
    PORT=$(free_port)
    perl -MIO::Socket::INET -MIO::Select -e '
        my ($port, $broker, $limit, $ready) = @ARGV;
        my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => $port, ReuseAddr => 1)
            or die $!;
        open my $mark, ">", $ready or die $!;
        my $connections = 0;
        while (my $client = $listener->accept) {
            my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $broker) or die $!;
            my $left = ++$connections <= 3 ? $limit : 1e15;
            my $select = IO::Select->new($client, $server);
            LINK: while (1) { for my $from ($select->can_read) {
                my $n = sysread($from, my $bytes, 16384) or last LINK;
                my $to = $from == $client ? $server : $client;
                for (my $at = 0; $at < $n;) { $at += syswrite($to, $bytes, $n - $at, $at) || last LINK }
                next if $to == $client;
                last LINK if ($left -= $n) < 0;
            } }
            close $client; close $server;
        }' "$PORT" "$broker_at" "$1" "$T/ready.$PORT" &
    lib_pids+=("$!")
    until_true 20 test -e "$T/ready.$PORT"
}

lines=30000
seq "$lines" >"$T/lines"
survives() { # survives LABEL QOS args...
    local label=$1 qos=$2; shift 2
    subscriber "$label" mqtt-sub -p "$broker_at" -q 2 -t "s/$label" -F '%p' -W 60
    local reader=$pid
    subscriber "$label.end" mqtt-sub -p "$broker_at" -q 2 -t "end/$label" -C 1 -W 60
    cutting_proxy 150000
    run mqtt-pub -h 127.0.0.1 -p "$PORT" -q "$qos" -t "s/$label" -l "$@" <"$T/lines"
    [ "$status" = 0 ] || { cat "$T/err" >&2; fail "$label: exit status $status"; }
    [ "$(grep -c 'connection lost' "$T/err")" = 3 ] || { cat "$T/err" >&2; fail "$label: not three losses told"; }
    expect_match "$T/err" 'connected again'
    until_true 30 has_lines "$T/$label.out" "$lines"
    kill -INT "$reader"; finish "$reader"
}
survives one 1
sort -n -u "$T/one.out" | cmp - "$T/lines" || fail 'QoS 1: lines are lost'
survives two 2
cmp "$T/two.out" "$T/lines" || fail 'QoS 2: lines are lost, doubled or out of order'

# Before 5.0 the session is one that the server keeps, and it is gone afterwards.
run mqtt-pub -h 127.0.0.1 -p "$broker_at" -V 311 -q 2 -t s/old -l -i old < <(head -n 300 "$T/lines")
expect_exit 0
expect_eq '3.1.1: talk' "$(cat "$T/err")" ''
connects() { sed -nE 's/.*New client connected from .* as old \(p[0-9], (c[01]),.*/\1/p' "$BROKER_LOG" | tr '\n' ' '; }
three_connects() { [ "$(connects)" = 'c1 c0 c1 ' ]; }
until_true 10 three_connects
