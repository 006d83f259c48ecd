# Shared by pub*.t, sub*.t and rr.t: the table of cases as rows. Every row runs under each name that a program
# can have: ours, mosquitto's by link, and mosquitto's own program where it is installed, which proves that the
# expectation is right. A row names its number in the table of cases and the lowest version of mosquitto that shows
# it; rows above the installed version are counted as not provable here. "ours": mosquitto gets it wrong, so that
# only our own name is asked. Lanes, one per name with a broker of its own, run side by side.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../compat/lib.sh"
need mosquitto

LINKS=$T/links
mkdir -p "$LINKS" "$T/home"
ln -s "$BIN/mqtt-pub" "$LINKS/mosquitto_pub"
ln -s "$BIN/mqtt-sub" "$LINKS/mosquitto_sub"
ln -s "$BIN/mqtt-pub" "$LINKS/mosquitto_rr"
theirs() { PATH=/usr/bin:/usr/local/bin command -v "mosquitto_$1" || true; }
# programs pub|sub|rr: what to run, one a line. rr has no name of ours but a flag.
programs() {
    case $1 in rr) ;; *) echo "mqtt-$1" ;; esac
    echo "$LINKS/mosquitto_$1"
    theirs "$1"
}
is_theirs() { [ "$1" = "$(theirs "${1##*_}")" ]; }
is_ours() { case $PROGRAM in mqtt-*) ;; *) false ;; esac; }
their_version=$("$(theirs pub)" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+' | head -n 1 || true)
proves() { ! is_theirs "$1" || [ "$(printf '%s\n' "$2" "$their_version" | sort -V | head -n 1)" = "$2" ]; }

# subscriber NAME command...: as in compat/lib.sh, but other subscribers may have come and gone in between.
subscriber() {
    subscribed=$(grep -c 'Sending SUBACK to ' "$BROKER_LOG" || true)
    background "$@"
    subscribed=$((subscribed + 1))
    until_true 10 suback_count_is "$subscribed"
}

# row CASES VERSION FUNCTION: cases like 46-48 or 3,5; the function has PROGRAM, LABEL, CASE and a broker at PORT.
row_cases=() row_versions=() row_functions=()
row() { row_cases+=("$1"); row_versions+=("$2"); row_functions+=("$3"); }

# lanes pub|sub|rr [config line...]: runs the rows so far under each name; mosquitto's configuration has the lines,
# "%T%" in them is the folder of the lane.
lanes() {
    local kind=$1 program n=0 failed=; shift
    local -a logs=() jobs=()
    for program in $(programs "$kind"); do
        n=$((n + 1))
        logs+=("$T/lane.$n.log")
        (lane "$n" "$program" "$@") >"$T/lane.$n.log" 2>&1 &
        jobs+=("$!")
    done
    trap 'sleep 1; cat "${logs[@]}" >&2; exit 143' TERM  # out of time: say where
    for n in "${!jobs[@]}"; do
        if ! wait "${jobs[$n]}"; then cat "${logs[$n]}" >&2; failed=1; fi
    done
    [ -z "$failed" ] || exit 1
    cat "${logs[@]}"
    row_cases=() row_versions=() row_functions=()
}
lane() {
    local n=$1 i shown=() missing=()
    PROGRAM=$2 LABEL=${2##*/}; shift 2
    ! is_theirs "$PROGRAM" || LABEL="$LABEL (theirs)"
    T=$T/lane.$n; mkdir "$T"; chmod 755 "$T"
    export HOME=$T
    lib_pids=()
    trap lib_cleanup EXIT
    trap 'echo "cut off at case $CASE of $LABEL" >&2; exit 143' TERM
    is_ours || case " ${row_versions[*]} " in *' 2.'*) ;; *) return 0 ;; esac  # nothing to ask
    with_broker theirs 'max_queued_messages 0' "${@//%T%/$T}"
    local at=$PORT log=$BROKER_LOG
    for i in "${!row_cases[@]}"; do
        CASE=${row_cases[$i]}
        case ${row_versions[$i]} in
            ours) is_ours || continue ;;
            *) proves "$PROGRAM" "${row_versions[$i]}" || { missing+=("$CASE"); continue; } ;;
        esac
        "${row_functions[$i]}"
        PORT=$at BROKER_LOG=$log  # a row may have had a peer of its own
        shown+=("$CASE")
    done
    echo "cases of $LABEL: ${shown[*]}"
    [ ${#missing[@]} = 0 ] || echo "note: not provable with mosquitto $their_version: case ${missing[*]}"
}
# at TEXT: how a failing check names itself.
at() { echo "$LABEL, case $CASE: $1"; }

# go [args]: the program at the broker.
go() { run "$PROGRAM" -h "$HOST" -p "$PORT" "$@"; }
# refuses PART args...: a usage error: exit 1, PART in the message, nothing on stdout.
refuses() {
    local part=$1 port=(); shift
    # The usual port may be anybody's, and a connection that is refused is no proof that the words are.
    ! is_theirs "$PROGRAM" || port=(-p "$(free_port)")
    run "$PROGRAM" ${port[@]+"${port[@]}"} "$@" </dev/null
    ! grep -q 'Connection refused' "$T/err" || fail "$(at "$*"): the words are taken"
    [ "$status" = 1 ] || { cat "$T/err" >&2; fail "$(at "$*"): exit status $status, expected 1"; }
    [ -s "$T/err" ] || fail "$(at "$*"): nothing on stderr"
    ! is_ours || grep -qF -- "$part" "$T/err" ||
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
    expect_eq "$(at "$what"), stdout" "$(cat "$T/out")" ''
    finish "$reader"
    expect_eq "$(at "$what")" "$(cat "$T/$name.out")" "$want"
}
receivers=0

# fake_peer HEX...: a peer on $PORT that answers the first bytes with the first HEX, the next with the next, and
# closes after the last ("hold" keeps silent for ever instead). After a "/" stands what the next connection gets;
# the last of them is for all that follow. What came is in $T/peer.$peers.wire, a line per connection that has ended.
fake_peer() {
    local told; told=$T/peer.$((peers += 1))
    perl -MIO::Socket::INET -e '
        my ($told, @answers) = @ARGV;
        my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 0) or die $!;
        open my $file, ">", "$told.new" or die $!;
        print $file $listener->sockport; close $file; rename "$told.new", $told;
        open my $wire, ">>", "$told.wire"; $wire->autoflush(1);
        my $request;
        sub heard { my $got = sysread($_[0], $request, 65536); print $wire unpack("H*", $request) if $got; $got }
        my @scripts = ([]);
        for (@answers) { if ($_ eq "/") { push @scripts, [] } else { push @{$scripts[-1]}, $_ } }
        while (my $peer = $listener->accept) {
            my $asked = heard($peer) or next;
            my $script = @scripts > 1 ? shift @scripts : $scripts[0];
            for my $answer (@$script) {
                $asked ||= heard($peer) or last;
                if ($answer eq "hold") { 1 while heard($peer); last }
                syswrite($peer, pack("H*", $answer));
                $asked = 0;
            }
            close $peer;
            print $wire "\n";
        }' "$told" "$@" &
    lib_pids+=("$!")
    until_true 30 test -s "$told"
    PORT=$(cat "$told")
}
peers=0

closed=1  # nobody listens there, as nobody may
# same pub|sub|rr words...: the words that both get, at once or, when they say who they are, one after the other.
take() { # take SIDE PROGRAM words...
    local side=$1 status=0; shift
    timeout -s KILL 60 "$@" >"$T/$side" 2>"$T/$side.err" <<<$'one\ntwo' || status=$?
    # Help and version have words of our own.
    ! grep -qE '^mosquitto_[a-z]+ (is an? |version )' "$T/$side" || echo 'help or version' >"$T/$side"
    { echo '-- stderr'; cat "$T/$side.err"; echo "-- exit $status"; } >>"$T/$side"
}
same() {
    local kind=$1; shift
    take theirs "$(theirs "$kind")" "$@" &
    case " $* " in *' -i '*) wait $! ;; esac
    take ours "$LINKS/mosquitto_$kind" "$@"
    wait $!
    diff -u "$T/theirs" "$T/ours" >"$T/difference" || { cat "$T/difference" >&2; fail "mosquitto_$kind $*"; }
}
# wire_peers HEX...: two peers like fake_peer, for same_wire, whose words name the port as $PORT.
wire_peers() {
    fake_peer "$@"; theirs_port=$PORT theirs_wire=$T/peer.$peers.wire
    fake_peer "$@"; ours_port=$PORT ours_wire=$T/peer.$peers.wire
    connections=0 PORT=@PORT@
}
# As same, with the bytes that the peer got.
same_wire() {
    local kind=$1 side wire; shift
    connections=$((connections + 1))
    take theirs "$(theirs "$kind")" "${@//@PORT@/$theirs_port}" &
    take ours "$LINKS/mosquitto_$kind" "${@//@PORT@/$ours_port}"
    wait $!
    for side in theirs ours; do
        wire=${side}_wire
        until_true 20 has_lines "${!wire}" "$connections"
        tail -n 1 "${!wire}" >>"$T/$side"
    done
    diff -u "$T/theirs" "$T/ours" >"$T/difference" || { cat "$T/difference" >&2; fail "mosquitto_$kind $*"; }
}
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }
# newer KIND WORDS...: a usage error of ours, and what it begins with.
newer() {
    local kind=$1 said=$2; shift 2
    run "$LINKS/mosquitto_$kind" "$@" </dev/null; expect_exit 1
    expect_quiet
    expect_eq "mosquitto_$kind $*" "$(head -n 1 "$T/err")" "$said"
}
# Lines of a here-document, each with pub, sub, rr or "every" in front; quoted as in a shell.
rows() { # rows [same_wire]
    local kinds words kind check=${1:-same}
    while read -r kinds words; do
        [ -n "$kinds" ] || continue
        [ "$kinds" != every ] || kinds=pub,sub,rr
        for kind in ${kinds//,/ }; do eval "$check $kind $words"; done
    done
}
