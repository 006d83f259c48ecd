# timeout: 90
# Every topic that mosquitto has below $SYS is there, and what it tells has the same form: number or words.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/lib.sh"
need mosquitto mosquitto_sub

# topics NAME PORT: "topic form" of all that is retained below $SYS, sorted, to $T/NAME.
topics() {
    mosquitto_sub -h 127.0.0.1 -p "$2" -t '$SYS/#' -F '%t %p' -W 30 >"$T/$1.all" & local reader=$!
    lib_pids+=("$reader")
    until_true 25 grep -q '^$SYS/broker/load/connections/15min' "$T/$1.all"
    kill "$reader"
    sed -E 's/ [0-9]+\.[0-9]+$/ decimal/; s/ [0-9]+$/ number/; s/ [0-9]+ seconds$/ seconds/
        s/^(\$SYS\/broker\/version) .*/\1 words/' "$T/$1.all" | LC_ALL=C sort -u >"$T/$1"
}
start_mosquitto 'sys_interval 1'
their=$PORT
start_broker --sys-interval 1s
topics theirs "$their"
topics ours "$PORT"
[ "$(wc -l <"$T/theirs")" -gt 40 ] || fail "mosquitto told only $(wc -l <"$T/theirs") topics"
missing=$(LC_ALL=C comm -23 "$T/theirs" "$T/ours" | grep -v '^$SYS/broker/log/' || true)
[ -z "$missing" ] || fail "of mosquitto's topics these are missing or look different: $missing"
# What 2.1 has and the installed one may not.
for topic in packet/out/count packet/out/bytes connections/socket/count 'retained messages/count' \
    load/publish/dropped/5min shards/0/load/cpu; do
    grep -qF "\$SYS/broker/$topic " "$T/ours" || fail "no $topic"
done
