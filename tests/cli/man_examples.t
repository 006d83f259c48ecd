# timeout: 180
# The EXAMPLES of the tools' manual pages do what they say. Servers of this test stand in for the hosts of the pages, its
# ports for theirs; where the load tester would need minutes or thousands of clients, smaller numbers do.
. "$(dirname "$0")/lib.sh"
need jq openssl perl
make_certs
start_broker -v --listen mqtts://127.0.0.1:0 --cert "$T/certs/server.crt" --key "$T/certs/server.key"
export MQTT_URL=$URL PORT BIN TLS_PORT SOCKET=$T/mqtt.sock P1 P2 P3
TLS_PORT=$(broker_port mqtts)
main_log=$BROKER_LOG
P1=$(free_port) P2=$(free_port) P3=$(free_port)
cd "$T"
mkdir bin
cat >bin/stand-in <<'END'
#!/usr/bin/env perl
use strict;
my ($tool) = $0 =~ m{([^/]*)$};
my @words = @ARGV;
if ($tool eq 'mqtt-broker-lite') {
    my %port = (1883 => $ENV{P1}, 8883 => $ENV{P2}, 8080 => $ENV{P3});
    for (@words) { $_ = $port{$_} if exists $port{$_}; $_ = $ENV{SOCKET} if m{^/run/user}; s{^/(?=(etc|backup)/)}{$ENV{HOME}/}; }
    push @words, '127.0.0.1:0' if $words[-1] eq '--console';
    unshift @words, '-p', $ENV{P1} unless grep { /^(-p|-c|--unix|init|store|passwd)$/ } @words;
} else {
    for (@words) {
        my $tls = s{^mqtts://(\w+@)?[\w.]+/}{"mqtts://" . ($1 // '') . "localhost:$ENV{TLS_PORT}/"}e;
        push @words, '--cafile', "$ENV{HOME}/certs/ca.crt" if $tls;
        s{^mqtt://127\.0\.0\.1:\d+$}{mqtt://127.0.0.1:$ENV{PORT}};
    }
    @words = map { my $i = $_; $i && $words[$i - 1] eq '-h' ? ('127.0.0.1', '-p', $ENV{PORT}) : $words[$i] } 0 .. $#words;
}
if ($tool eq 'mqtt-bench') {
    my %less = ('50k' => '500', '1k' => '100', '1000' => '20', '10000' => '40', '5s' => '200ms', '30s' => '200ms');
    for (@words[0 .. $#words]) { $_ = $less{$_} if exists $less{$_}; }
    push @words, '--warmup', '100ms' if $words[0] eq 'find';
    push @words, '-d', '300ms', '--warmup', '100ms' if $words[0] =~ /^(pubsub|rtt|vs|run)$/ && !grep { $_ eq '-d' } @words;
}
exec "$ENV{BIN}/$tool", @words;
END
chmod 755 bin/stand-in
for tool in mqtt-pub mqtt-sub mqtt-bench mqtt-broker-lite; do ln -s stand-in "bin/$tool"; done
real_path=$PATH
export PATH=$T/bin:$PATH
examples() { sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Dl //p' "$lib_root/man/$1.1" |
    sed 's/\\-/-/g; s/\\(aq/'"'"'/g; s/\\(dq/"/g; s/\\(ti/~/g; s/\\&//g; s/\\e/\\/g'; }
# One without a check of its own is at least a command line that the tool takes.
unknown() { run timeout 5 bash -c "$1"; ! grep -q -- '--help$' err || fail "$1: $(head -n 1 err)"; }
publish() { PATH=$real_path mqtt-pub -q 1 "$@"; }
# hears COUNT FILTER: what comes is in $T/heard.out.
hears() {
    rm -f heard.*
    background heard env PATH="$real_path" mqtt-sub -q 1 -t "$2" -C "$1" -W 20 -F '%t %p' -d
    heard=$pid
    until_true 20 grep -qs 'received SUBACK' heard.err
}
heard() { finish "$heard" 25; expect_eq "$line" "$(cat heard.out)" "$1"; }
does() { run bash -c "$line"; [ "$status" = 0 ] || { cat err >&2; fail "$line: exit status $status"; }; }
subscribed() { grep -c 'Sending SUBACK' "$main_log"; }

# mqtt-pub
printf 'first\nsecond\n' >log
printf 'picture' >picture.jpg
printf '%s\n' '{"topic":"site/a","payload":"1"}' >day.ndjson
while IFS= read -r line; do
    case $line in
    *door/front*) hears 1 door/front; does; heard 'door/front open' ;;
    'tail -f log'*) hears 2 log; line="timeout 5 $line"; background follow bash -c "$line"; heard $'log first\nlog second'; kill "$pid" ;;
    *picture.jpg) hears 1 cam; does; heard 'cam picture' ;;
    *time/get*)
        background clock env PATH="$real_path" mqtt-sub -V 5 -t time/get --reply 'echo noon' -d
        until_true 20 grep -q 'received SUBACK' clock.err
        does; expect_eq "$line" "$(cat out)" noon ;;
    *--replay*) hears 1 'lab/#'; does; heard 'lab/a 1' ;;
    *--outbox*) hears 1 meter/1; does; heard 'meter/1 42' ;;
    *--json-lines)
        count=$(subscribed)
        background copy bash -c "$line"; copy=$pid
        more() { [ "$(subscribed)" -gt "$count" ]; }
        until_true 20 more
        # A copy to the same server comes back, and again: one round is enough.
        hears 2 a/x; publish -t a/x -m once; heard $'a/x once\na/x once'
        pkill -P "$copy"; finish "$copy" ;;
    *) unknown "$line" ;;
    esac
done < <(examples mqtt-pub)

# mqtt-sub: each ends when its reader has seen what it should.
shows() { # shows REGEX TOPIC TEXT [file]: the example, in the background, shows it when it is published
    local count; count=$(subscribed)
    rm -f example.*
    background example bash -c "exec ${line/ | / | exec }"
    local example=$pid
    more() { [ "$(subscribed)" -gt "$count" ]; }
    until_true 20 more
    publish -t "$2" -m "$3"
    until_true 20 grep -qsE "$1" "${4:-example.out}"
    pkill -P "$example" 2>/dev/null || true; kill "$example" 2>/dev/null || true
    finish "$example"
}
while IFS= read -r line; do
    case $line in
    *sensors/*) shows '^sensors/a 1$' sensors/a 1 ;;
    *'-C 1 -W 10s') shows '^hello$' a/b hello; expect_exit 0 ;;
    *'| jq .payload') line=${line/jq/jq --unbuffered}; shows '^"hello"$' a/b hello ;;
    *--where*) shows '^house/kitchen/a ' house/kitchen/a '{"temp": 21}'; ! grep -q cellar example.out || fail "$line" ;;
    *--record*) rm -f day.ndjson; shows '"topic":"a/rec"' a/rec hello day.ndjson ;;
    *mqtts*) shows '^hello$' a/b hello ;;
    *) unknown "$line" ;;
    esac
done < <(examples mqtt-sub)

# mqtt-bench. 3: this machine is too busy to measure on; 99: an assertion does not hold, on a machine with much to do.
measures() { run bash -c "$line"; case $status in 0 | 3 | 99) ;; *) cat err >&2; fail "$line: exit status $status" ;; esac; }
for name in run host1 host2 old new; do
    PATH=$real_path mqtt-bench pubsub --embedded -R 500 -d 200ms --warmup 0s --json $name.json >/dev/null 2>&1 || true
    [ -s $name.json ] || fail "no $name.json"
done
# For what needs other hosts, which a test of its own has: the words are known.
is_known() {
    local word
    PATH=$real_path mqtt-bench --help all >help
    for word in $(grep -oE -- '--[a-z-]+' <<<"$line"); do grep -qF -- "$word " help || fail "$line: there is no $word"; done
}
while IFS= read -r line; do
    line=${line/\$(pidof mosquitto)/$BROKER_PID}
    case $line in
    *--agents* | *'bench agent'*) is_known ;;
    *'pubsub --embedded' | *broker.local* | *fanout*) measures; expect_match out 'e2e|response|latency' ;;
    *' find '*) measures ;;
    *' vs '*) measures; expect_match out 'A|B' ;;
    *' report '*) measures; [ -s run.html ] || fail "$line" ;;
    *' merge '*) measures; [ -s all.json ] || fail "$line" ;;
    *' diff '*) measures ;;
    *' conn '*) measures; expect_match out 'connect' ;;
    *' rtt '*) measures ;;
    *' run '*) measures ;;
    *' check '*) run bash -c "$line"; [ "$status" -lt 2 ] || fail "$line"; expect_match out '^descriptors +needs 100,064 ' ;;
    *) unknown "$line" ;;
    esac
done < <(examples mqtt-bench)

# mqtt-broker-lite: each comes up, takes a message where it says that it listens, and ends with 0.
cp certs/server.crt server.pem
cp certs/server.key server.key
printf '%s\n' "user $(id -un)" "listener $P1 127.0.0.1" 'allow_anonymous true' >mosquitto.conf
takes() { # takes SCHEME...
    local scheme url server
    rm -f server.out server.err
    background server bash -c "exec $line"
    server=$pid
    (until_true 30 grep -qs ' running$' server.err server.out) || { cat server.err server.out >&2; fail "$line: not up"; }
    for scheme in "$@"; do
        url=$(cat server.err server.out | sed -nE "s#.*listening on ($scheme:(//127.0.0.1:)?[^ ]*).*#\1#p" | head -n 1)
        [ -n "$url" ] || fail "$line: it does not listen on $scheme"
        case $scheme in
        http) run curl -sf "${url%/}/readyz" ;;
        mqtts) run env PATH="$real_path" mqtt-pub -L "${url%/mqtt}/a" --cafile "$T/certs/ca.crt" -q 1 -m x ;;
        unix) run env PATH="$real_path" mqtt-pub --unix "$SOCKET" -t a -q 1 -m x ;;
        mqtt | ws) run env PATH="$real_path" mqtt-pub -L "${url%/mqtt}/mqtt" -t a -q 1 -m x ;;
        esac
        expect_exit 0
    done
    kill "$server"; finish "$server"; expect_exit 0
}
while IFS= read -r line; do
    case $line in
    *'lite -v') takes mqtt; cat server.err server.out >all; expect_match all 'Received PUBLISH' ;;
    *mosquitto.conf*) takes mqtt ;;
    *'--bind any') takes mqtt ;;
    *--console) takes mqtt http ;;
    *init*) does; expect_match "$T/broker/broker.conf" '^listener ' ;;
    *'--ws 1883') takes mqtt ;;
    *--tls*) takes mqtt mqtts ws ;;
    *--unix*) takes unix ;;
    *'store backup'*)
        has_store || continue
        mkdir -p backup etc/mqtt
        printf '%s\n' "user $(id -un)" "listener $P1 127.0.0.1" 'allow_anonymous true' 'persistence true' "persistence_location $T/etc/mqtt/" >etc/mqtt/broker.conf
        plain=$line line='mqtt-broker-lite -c /etc/mqtt/broker.conf'
        takes mqtt
        line=$plain
        does; [ -s backup/today.db ] || fail "$line: no backup" ;;
    *) unknown "$line" ;;
    esac
done < <(examples mqtt-broker-lite)
