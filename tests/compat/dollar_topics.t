# timeout: 120
# The five cases of $-topics and wildcards [MQTT-4.7.2-1], with our subscriber on mosquitto, mosquitto's on
# ours, and ours on ours. A topic that begins with $ but is not $SYS may be published by clients.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/lib.sh"
need mosquitto mosquitto_pub mosquitto_sub

# received NAME SUB LAST filter...: what SUB gets on these filters of $SYS/..., $data/monitor/Clients and plain
# topics, read until a line that begins with LAST.
received() {
    local name=$1 sub=$2 last=$3 filter flags=(); shift 3
    for filter in "$@"; do flags+=(-t "$filter"); done
    subscriber "$name" "$sub" -h 127.0.0.1 -p "$PORT" "${flags[@]}" -v -W 30
    local reader=$pid topic
    for topic in '$data/monitor/Clients' 'plain/monitor/Clients' 'the-end'; do
        "$pub" -h 127.0.0.1 -p "$PORT" -q 1 -t "$topic" -m now || fail "$name: publish $topic"
    done
    until_true 15 grep -qE -- "^$last " "$T/$name.out"
    kill -INT "$reader"; finish "$reader" 10
}
# expect_topics NAME WANTED-REGEX...: every line matches one of them, and each of them matches a line.
expect_topics() {
    local file=$T/$1.out wanted all=; shift
    for wanted in "$@"; do
        grep -qE -- "^$wanted " "$file" || { cat "$file" >&2; fail "${file##*/}: nothing on $wanted"; }
        all+="${all:+|}^$wanted "
    done
    ! grep -vE -- "$all" "$file" >&2 || fail "${file##*/}: more than expected"
}

cases() {
    local who=$1 sub=$2
    received "$who-all" "$sub" the-end '#'
    expect_topics "$who-all" plain/monitor/Clients the-end
    received "$who-plus" "$sub" the-end '+/monitor/Clients' the-end
    expect_topics "$who-plus" plain/monitor/Clients the-end
    received "$who-data" "$sub" '\$data/monitor/Clients' '$data/#'
    expect_topics "$who-data" '\$data/monitor/Clients'
    received "$who-data-plus" "$sub" '\$data/monitor/Clients' '$data/monitor/+'
    expect_topics "$who-data-plus" '\$data/monitor/Clients'
    received "$who-both" "$sub" the-end '#' '$data/#'
    expect_topics "$who-both" '\$data/monitor/Clients' plain/monitor/Clients the-end
    # the server's own tree: hidden from #, there for $SYS/#
    received "$who-sys" "$sub" '\$SYS/.*' '$SYS/#'
    expect_topics "$who-sys" '\$SYS/.*'
}

pub=mqtt-pub
with_broker theirs
cases theirs mqtt-sub
pub=mosquitto_pub
with_broker ours
cases ours mosquitto_sub
pub=mqtt-pub
cases both-ours mqtt-sub
