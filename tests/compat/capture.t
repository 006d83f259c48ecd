# timeout: 120
# A capture of sessions with every packet type, decoded by tshark: nothing malformed, and every type is there,
# in 3.1.1 and 5.0. (AUTH is exchanged by a raw conversation in tests/spec; here the five others of 5.0.)
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/lib.sh"
need tshark dumpcap
start_broker -v
subscribed=0
dumpcap -q -i lo -f "tcp port $PORT" -w "$T/all.pcap" 2>"$T/dumpcap.log" & capture=$!
lib_pids+=("$capture")
capture_began_or_ended() { grep -q 'File:' "$T/dumpcap.log" || ! kill -0 "$capture" 2>/dev/null; }
until_true 10 capture_began_or_ended
kill -0 "$capture" 2>/dev/null || skip 'capturing on the loopback interface is not allowed here'

for version in 31 311 5; do
    for qos in 0 1 2; do
        subscriber "sub-$version-$qos" mqtt-sub -h 127.0.0.1 -p "$PORT" -V "$version" -i "s$version$qos" -k 5 \
            -q 2 -t "c/$version/#" -U other -C 1 -W 30
        reader=$pid
        mqtt-pub -h 127.0.0.1 -p "$PORT" -V "$version" -q "$qos" -t "c/$version/楼" -m "payload $qos" || fail publish
        finish "$reader" 20; expect_eq 'exit status' "$status" 0
    done
done
# keep-alive: PINGREQ and PINGRESP
subscriber pinger mqtt-sub -h 127.0.0.1 -p "$PORT" -V 5 -k 5 -t silence -W 9
finish "$pid" 20; expect_eq 'exit status' "$status" 27
kill -INT "$capture"; wait "$capture" || true

decode() { tshark -r "$T/all.pcap" -d "tcp.port==$PORT,mqtt" "$@" 2>>"$T/tshark.log"; }
expect_eq 'malformed packets' "$(decode -Y _ws.malformed)" ''
types=$(decode -Y mqtt -T fields -e mqtt.msgtype | tr ',' '\n' | sort -nu | tr '\n' ' ')
expect_eq 'packet types seen' "$types" '1 2 3 4 5 6 7 8 9 10 11 12 13 14 '
