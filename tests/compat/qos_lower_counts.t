# timeout: 120
# All nine combinations of publish and subscribe QoS: the lower one is what the subscriber gets
# [MQTT-3.8.4-8]. Our tools with mosquitto, mosquitto's with ours, ours with ours.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/lib.sh"
need mosquitto mosquitto_pub mosquitto_sub

combinations() {
    local label=$1 pub=$2 sub=$3 version=$4 s p
    for s in 0 1 2; do
        subscriber "$label.$s" "$sub" -h 127.0.0.1 -p "$PORT" -V "$version" -q "$s" -t 'q/+' -F '%q %t' -C 3 -W 30
        local reader=$pid lowest=
        for p in 0 1 2; do
            "$pub" -h 127.0.0.1 -p "$PORT" -V "$version" -q "$p" -t "q/$p" -m x || fail "$label: publish $p"
            lowest+="$((p < s ? p : s)) q/$p"$'\n'
        done
        finish "$reader" 20
        expect_eq "$label: exit status" "$status" 0
        expect_eq "$label: subscribed at $s" "$(cat "$T/$label.$s.out")"$'\n' "$lowest"
    done
}

for version in 31 311 5; do
    with_broker theirs
    combinations "theirs-$version" mqtt-pub mqtt-sub "$version"
    with_broker ours
    combinations "ours-$version" mosquitto_pub mosquitto_sub "$version"
    combinations "both-ours-$version" mqtt-pub mqtt-sub "$version"
done
