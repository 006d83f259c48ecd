# Exact accounting of what crosses a bridge, for tests/compat/bridge_*.t: durable readers and publishers at both ends,
# topics up/QOS and down/QOS, lines that are counted. `levels`: the QoS to try; `flags[PORT]`: how the tools speak there;
# `sender`: whose order is checked. Ids are of this run alone: ports are used again by tests beside it.
. "$(dirname "$0")/../cli/lib.sh"
cuts=${MQTT_BRIDGE_CUTS:-3}
RANDOM=${MQTT_SEED:-$(date +%N | sed 's/^0*//')}
seed=$RANDOM; RANDOM=$seed
echo "seed: MQTT_SEED=$seed"
levels="1 2" sender=ours
declare -A flags

# At a pace, so that the cuts are in the middle. $1 lines
lines() { perl -e '$| = 1; for (1 .. $ARGV[0]) { print "$_\n"; select undef, undef, undef, 0.01 if $_ % 8 == 0 }' "$1"; }
# With as=exec, in the background, it is the process itself that is ended later, not a shell around it.
as=
session() { $as mqtt-sub -h "$HOST" -p "$2" -c ${flags[$2]:--V 5 -x 3600} -i "reader$1.$$" -q "$1" -t "$3/$1" "${@:4}"; }
# publish NAME PORT QOS TOPIC COUNT, in the background: mqtt-pub survives the end of its broker.
publish() {
    lines "$5" | mqtt-pub -h "$HOST" -p "$2" -c ${flags[$2]:--V 5 -x 3600} -i "$1$3.$$" -q "$3" -t "$4/$3" -l --retry-delay 200ms \
        2>"$T/$1$3.err" &
    publishers+=($!); lib_pids+=($!)
}
read_to_end() { # read_to_end NAME PORT TOPIC
    local qos
    for qos in $levels; do
        as=exec session $qos "$2" "$3" >"$T/$1$qos" 2>"$T/$1$qos.err" & readers+=($!); lib_pids+=($!)
    done
}
has_last() { grep -qx "$2" "$1"; }
has_all() { [ "$(sort -u "$1" | wc -l)" -ge "$2" ]; }
# How many QoS 2 messages mosquitto sent again after their PUBREC, to be taken for new ones, which is against [MQTT-4.3.3-6]: 2.0
# does when the link is cut while it sends PUBREL again, as a broker and as a bridge (local.x). Its log is $mosquitto_log, if it is there.
mosquitto_log=
sent_again() {
    [ -n "$mosquitto_log" ] || { echo 0; return; }
    perl -ne 'if (/Sending PUBLISH to (?:local\.)?x\d+ \(d\d, q2, r0, m(\d+),/) { $again++ if delete $received{$1} }
              elsif (/Received PUBREC from (?:local\.)?x\d+ \(Mid: (\d+)\)/) { $received{$1} = 1 }
              elsif (/Received PUBCOMP from (?:local\.)?x\d+ \(Mid: (\d+),/) { delete $received{$1} }
              END { print $again + 0 }' "$mosquitto_log"
}
check() { # check NAME COUNT
    local qos again
    seq "$2" >"$T/expected"
    for qos in $levels; do
        until_true 90 has_last "$T/$1$qos" "$2"
        until_true 60 has_all "$T/$1$qos" "$2"
        awk '!seen[$0]++' "$T/$1$qos" >"$T/firsts"
        [ "$qos$1$sender" = 2outours ] || sort -n "$T/firsts" -o "$T/firsts"
        cmp -s "$T/firsts" "$T/expected" || {
            diff "$T/expected" "$T/firsts" | head -n 20 >&2
            fail "$1, QoS $qos: lines are missing or out of order"
        }
        case $qos$1$sender in 2inours | 2outtheirs) again=$(sent_again) ;; *) again=0 ;; esac
        [ "$again" = 0 ] || echo "$1, QoS $qos: mosquitto sent $again again that it knew to have arrived"
        [ "$qos" = 1 ] || [ "$(wc -l <"$T/$1$qos")" -le $(($2 + again)) ] ||
            fail "$1: QoS 2 has lines twice: $(sort "$T/$1$qos" | uniq -d | head -n 5 | xargs)"
    done
    for qos in $levels; do echo "$1, QoS $qos: $(wc -l <"$T/$1$qos") came of $2"; done
}
both_ways() { # both_ways LOCAL REMOTE COUNT: starts readers and publishers at both ends
    publishers=() readers=()
    read_to_end out "$2" up; read_to_end in "$1" down
    for qos in $levels; do
        publish up "$1" $qos up "$3"; publish down "$2" $qos down "$3"
    done
}
all_published() { local p; for p in "${publishers[@]}"; do finish "$p" 120; [ "$status" = 0 ] || fail "a publisher ended with $status"; done; }
stop_readers() { local p; for p in "${readers[@]}"; do kill "$p" 2>/dev/null || true; finish "$p"; done; }
proxy() { # proxy TARGET: sets $link
    rm -f "$T/proxy.port"
    background proxy python3 "$lib_root/tests/compat/peers/cutting_proxy.py" "$1" "$T/proxy.port" "$cuts" "$seed"
    until_true 20 test -s "$T/proxy.port"
    link=$(cat "$T/proxy.port")
}
prepare() { # durable sessions at both ends, before anything is published
    local qos
    for qos in $levels; do session $qos "$2" up -E; session $qos "$1" down -E; done
}
is_up() { [ "$(mqtt-sub -h "$HOST" -p "$1" -t "\$SYS/broker/connection/$2/state" -C 1 -W 5 2>/dev/null)" = 1 ]; }
bridge() { # bridge PORT [line...]: our configuration, at the QoS of $levels
    local most=${levels##* }
    printf '%s\n' "user $(id -un)" 'max_queued_messages 0' 'max_queued_bytes 0' "${general[@]}" 'connection x' \
        "address 127.0.0.1:$1" "remote_clientid x$$" 'restart_timeout 1' "topic up/# out $most" "topic down/# in $most" "${@:2}"
}
general=()
was_cut() { [ "$(wc -l <"$T/proxy.out")" -ge 1 ] || fail "the link was not cut while messages crossed"; }
# A broker of others at PORT, behind a link that is cut: ours has the bridge.
cut_bridge_to() { # cut_bridge_to PORT COUNT [line...]
    local proxy_pid
    proxy "$1"
    proxy_pid=$pid
    bridge "$link" "${@:3}" >"$T/cut.conf"
    start_broker -c "$T/cut.conf"
    prepare "$PORT" "$1"
    until_true 30 is_up "$PORT" x$$
    both_ways "$PORT" "$1" "$2"
    all_published
    check out "$2"; check in "$2"
    was_cut
    stop_readers; stop_broker
    kill "$proxy_pid"; finish "$proxy_pid"
}
