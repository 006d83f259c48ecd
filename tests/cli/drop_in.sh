# Shared by pub*.t, sub*.t and rr*.t: mosquitto's broker as the peer, and every command line under each name
# that a program can have: ours, mosquitto's by link, and mosquitto's own program where it is installed, which
# proves that the expectation is right. Numbers in comments are the rows of the table of cases.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../compat/lib.sh"
need mosquitto

mkdir -p "$T/links" "$T/home"
ln -s "$BIN/mqtt-pub" "$T/links/mosquitto_pub"
ln -s "$BIN/mqtt-sub" "$T/links/mosquitto_sub"
ln -s "$BIN/mqtt-pub" "$T/links/mosquitto_rr"
theirs() { PATH=/usr/bin:/usr/local/bin command -v "mosquitto_$1" || true; }
# programs pub|sub|rr: what to run, one a line. rr has no name of ours but a flag.
programs() {
    case $1 in rr) ;; *) echo "mqtt-$1" ;; esac
    echo "$T/links/mosquitto_$1"
    theirs "$1"
}
is_theirs() { [ "$1" = "$(theirs "${1##*_}")" ]; }
# Their installed version shows behaviour of 2.1 and later: only then is a row of 2.1 provable.
their_version=$("$(theirs pub)" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+' | head -n 1 || true)
proves() { ! is_theirs "$1" || [ "$(printf '%s\n' "$2" "$their_version" | sort -V | head -n 1)" = "$2" ]; }

# subscriber NAME command...: as in compat/lib.sh, but other subscribers may have come and gone in between.
subscriber() {
    subscribed=$(grep -c 'Sending SUBACK to ' "$BROKER_LOG" || true)
    background "$@"
    subscribed=$((subscribed + 1))
    until_true 10 suback_count_is "$subscribed"
}

# each pub|sub|rr FUNCTION: calls it with PROGRAM and LABEL set for each program.
each() {
    local program
    for program in $(programs "$1"); do
        PROGRAM=$program
        LABEL=${program##*/}
        ! is_theirs "$program" || LABEL="$LABEL (theirs)"
        "$2"
    done
}
# at LABEL-suffix: how a failing check names itself.
at() { echo "$LABEL: $1"; }

# go [args]: the program at the broker.
go() { run "$PROGRAM" -h "$HOST" -p "$PORT" "$@"; }
# refuses PART args...: a usage error: exit 1, PART in the message, nothing on stdout.
refuses() {
    local part=$1 port=(); shift
    # Theirs finds some of them only after connecting, and the usual port may be anybody's.
    ! is_theirs "$PROGRAM" || port=(-p "$(free_port)")
    run "$PROGRAM" ${port[@]+"${port[@]}"} "$@" </dev/null
    [ "$status" = 1 ] || { cat "$T/err" >&2; fail "$(at "$*"): exit status $status, expected 1"; }
    [ -s "$T/err" ] || fail "$(at "$*"): nothing on stderr"
    is_theirs "$PROGRAM" || grep -qF -- "$part" "$T/err" ||
        { cat "$T/err" >&2; fail "$(at "$*"): stderr does not name '$part'"; }
    is_theirs "$PROGRAM" || expect_quiet
}

# deliver WHAT FORMAT COUNT WANT args...: what the program publishes arrives as WANT, printed by FORMAT.
deliver() {
    local what=$1 format=$2 count=$3 want=$4; shift 4
    local name="receiver.$((receivers += 1))" reader
    subscriber "$name" mqtt-sub -h "$HOST" -p "$PORT" -q 2 -t '#' -F "$format" -C "$count" -W 15
    reader=$pid
    run "$PROGRAM" "$@"
    [ "$status" = 0 ] || { cat "$T/err" >&2; fail "$(at "$what"): exit status $status, expected 0"; }
    expect_eq "$(at "$what"): stdout" "$(cat "$T/out")" ''
    finish "$reader"
    expect_eq "$(at "$what")" "$(cat "$T/$name.out")" "$want"
}
receivers=0

# fake_peer HEX...: a peer on $PORT that answers the first bytes with the first HEX, the next with the next, and
# closes after the last ("hold" keeps silent for ever instead).
fake_peer() {
    PORT=$(free_port)
    perl -MIO::Socket::INET -e '
        my ($port, @answers) = @ARGV;
        my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => $port, ReuseAddr => 1)
            or die $!;
        while (my $peer = $listener->accept) {
            for my $answer (@answers) {
                sysread($peer, my $request, 65536) or last;
                if ($answer eq "hold") { 1 while sysread($peer, $request, 65536); last }
                syswrite($peer, pack("H*", $answer));
            }
            close $peer;
        }' "$PORT" "$@" &
    lib_pids+=("$!")
    until_true 10 port_is_open
}
port_is_open() { (exec 3<>"/dev/tcp/$HOST/$PORT"); }
