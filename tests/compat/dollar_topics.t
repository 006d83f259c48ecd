# Topics that start with `$` and filters that start with a wildcard: the same five cases against our broker and
# against mosquitto, by our subscriber and by theirs. [MQTT-4.7.2-1] [MQTT311-4.7.2-1]
# timeout: 120
. "$(dirname "$0")/../cli/lib.sh"
need mosquitto mosquitto_pub mosquitto_sub

# seen TOOL filter...: whether a subscriber with these filters gets a message to $SYS/monitor/Clients. Brokers
# refuse foreign publishing below $SYS, so the tree in the test is $TEST, to which the rule applies alike.
seen() {
    local tool=$1 filters=() filter name=$((++runs))
    shift
    for filter in "$@"; do filters+=(-t "$filter"); done
    background "$name" "$tool" -h "$HOST" -p "$PORT" "${filters[@]}" -t ready/case -t end/case -v -C 20 -W 20
    mosquitto_pub -h "$HOST" -p "$PORT" -t ready/case -m x -r
    until_true 10 contains "$T/$name.out" "ready/case x"
    mosquitto_pub -h "$HOST" -p "$PORT" -t '$TEST/monitor/Clients' -m figure
    mosquitto_pub -h "$HOST" -p "$PORT" -t end/case -m end
    until_true 10 contains "$T/$name.out" "end/case end"
    kill "$pid" && wait "$pid" 2>/dev/null || true
    grep -c '^$TEST/monitor/Clients figure$' "$T/$name.out" || true
}
runs=0
check_cases() {
    local tool
    for tool in mqtt-sub mosquitto_sub; do
        expect_eq "$1, $tool: #" "$(seen $tool '#')" 0
        expect_eq "$1, $tool: +/monitor/Clients" "$(seen $tool '+/monitor/Clients')" 0
        expect_eq "$1, $tool: \$TEST/#" "$(seen $tool '$TEST/#')" 1
        expect_eq "$1, $tool: \$TEST/monitor/+" "$(seen $tool '$TEST/monitor/+')" 1
        expect_eq "$1, $tool: # with \$TEST/#" "$(seen $tool '#' '$TEST/#')" 1
    done
}
start_broker && check_cases ours
start_mosquitto && check_cases mosquitto
# The real tree: a broker's own figures come through $SYS/# and not through #.
for tool in mqtt-sub mosquitto_sub; do
    start_broker
    run $tool -h "$HOST" -p "$PORT" -t '$SYS/#' -C 1 -W 15
    expect_exit 0
done
