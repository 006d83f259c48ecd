# Our clients on a broker of others, for tests/compat/*_broker.t: `our_clients_on SCHEME://HOST:PORT "VERSION..." "QOS..."` publishes
# and subscribes at every QoS and in every version, by name and by wildcard; then retained messages, a thousand lines,
# what waits for a session, a will, and a request with its answer.
. "$(dirname "$0")/../cli/lib.sh"

# subscribes NAME command...: a subscriber in the background, returned from once its SUBACK is there; its id is in $reader.
subscribes() {
    local name=$1; shift
    background "$name" mqtt-sub "$@" -d
    reader=$pid
    until_true 30 grep -q 'received SUBACK' "$T/$name.err"
}

our_clients_on() {
    local url=$1 versions=$2 levels=$3 tag=${1%%:*} version qos expected=() reader count
    count=$(($(wc -w <<<"$versions") * $(wc -w <<<"$levels")))
    for version in $versions; do
        subscribes "all$tag$version" -L "$url" -V "$version" -t 'all/+/x' -q 2 -v -C "$count" -W 60
        eval "local reader_${version//./}=$reader"
    done
    for version in $versions; do
        for qos in $levels; do
            mqtt-pub -L "$url" -V "$version" -q "$qos" -t "all/$version/x" -m "温度 $qos"
            expected+=("all/$version/x 温度 $qos")
        done
    done
    for version in $versions; do
        eval "finish \$reader_${version//./} 60"
        expect_eq "exit status of a subscriber, $version" "$status" 0
        expect_eq "what arrived, $version" "$(sort "$T/all$tag$version.out")" "$(printf '%s\n' "${expected[@]}" | sort)"
    done
    for version in $versions; do one_version "$url" "$version" "${levels##* }"; done
}

one_version() {
    local url=$1 version=$2 qos=$3 tag=${1%%:*} session reader
    mqtt-pub -L "$url" -V "$version" -q "$qos" -r -t "kept/$version" -m here
    run mqtt-sub -L "$url" -V "$version" -q "$qos" -t "kept/$version" -C 1 -W 20 -F '%r %p'
    expect_eq "retained, $version" "$(cat "$T/out")" '1 here'
    mqtt-pub -L "$url" -V "$version" -q "$qos" -r -t "kept/$version" -n

    subscribes "lines$tag$version" -L "$url" -V "$version" -q "$qos" -t "lines/$version" -C 1000 -W 90
    seq 1000 | mqtt-pub -L "$url" -V "$version" -q "$qos" -t "lines/$version" -l
    finish "$reader" 90
    cmp -s <(seq 1000) "$T/lines$tag$version.out" || fail "a thousand lines, $version: $(wc -l <"$T/lines$tag$version.out") came, or out of order"

    session=(-L "$url" -V "$version" -c -i "stays$version" -q 1 -t "waits/$version")
    [ "$version" != 5 ] || session+=(-x 300)
    mqtt-sub "${session[@]}" -E
    printf 'one\ntwo\n' | mqtt-pub -L "$url" -V "$version" -q 1 -t "waits/$version" -l
    run mqtt-sub "${session[@]}" -C 2 -W 20
    expect_eq "what waited for a session, $version" "$(paste -sd ' ' "$T/out")" 'one two'

    subscribes "will$tag$version" -L "$url" -V "$version" -q 1 -t "will/$version" -C 1 -W 40
    background "dies$tag$version" mqtt-sub -L "$url" -V "$version" -t "nothing/$version" -d \
        --will-topic "will/$version" --will-payload gone --will-qos 1
    local dying=$pid
    until_true 30 grep -q 'received SUBACK' "$T/dies$tag$version.err"
    kill -KILL "$dying"
    finish "$reader" 40
    expect_eq "a will, $version" "$(cat "$T/will$tag$version.out")" gone
}
