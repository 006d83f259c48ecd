# timeout: 120
# mqtt-pub: what is published arrives, whatever it comes from (cases 1 to 21 without 17).
. "$(dirname "$0")/drop_in.sh"

text() {
    local v
    for v in 31 311 5; do deliver "-V $v" '%p' 1 x -p "$PORT" -V "$v" -t a -m x; done
}
row 1 2.0 text
empty() {
    local v
    for v in 31 311 5; do
        deliver "-m '', -V $v" '%l' 1 0 -p "$PORT" -V "$v" -t a -m ''
        deliver "-n, -V $v" '%l' 1 0 -p "$PORT" -V "$v" -t a -n
    done
}
row 2 2.0 empty
handshake() { # the whole of it before DISCONNECT
    local v qos
    for v in 31 311 5; do for qos in 1 2; do
        deliver "-q $qos, -V $v" '%q' 1 $qos -p "$PORT" -V "$v" -t a -q $qos -m x -i "hands-$v-$qos"
        until_true 5 contains "$BROKER_LOG" "Received DISCONNECT from hands-$v-$qos"
        awk -v id="hands-$v-$qos" -v last="$([ $qos = 1 ] && echo PUBACK || echo PUBCOMP)" '
            index($0, "Sending " last " to " id) { acknowledged = 1 }
            index($0, "Received DISCONNECT from " id) { exit !acknowledged }' "$BROKER_LOG" ||
            fail "$(at "-q $qos -V $v"): DISCONNECT before the acknowledgement"
    done; done
}
row 3 2.0 handshake
files() {
    printf 'line1\nline2\n' >"$T/two-lines"; : >"$T/empty"
    local v
    for v in 31 311 5; do
        deliver "-f, -V $v" '%l %x' 1 '12 6c696e65310a6c696e65320a' -p "$PORT" -V "$v" -t t -f "$T/two-lines"
    done
    deliver '-f empty' '%l' 1 0 -p "$PORT" -t t -f "$T/empty"
    refuses 'missing' -p "$PORT" -t t -f "$T/missing"
}
row 4-6 2.0 files
pipes() {
    printf hi >"$T/hi"
    [ -p "$T/pipe" ] || mkfifo "$T/pipe"
    cat "$T/hi" >"$T/pipe" &
    deliver 'a pipe' '%p' 1 hi -p "$PORT" -t t -f "$T/pipe"
    deliver '-f -' '%p' 1 hi -p "$PORT" -t t -f - <"$T/hi"
    deliver '/dev/null' '%l' 1 0 -p "$PORT" -t t -f /dev/null
}
row 7 ours pipes
whole_stdin() {
    printf 'm1\nm2' >"$T/input"
    local v
    for v in 31 311 5; do deliver "-s, -V $v" '%l' 1 5 -p "$PORT" -V "$v" -t t -s <"$T/input"; done
    refuses 'empty' -p "$PORT" -t t -s </dev/null
}
row 8,9 2.0 whole_stdin
lines() {
    printf 'm1\nm2' >"$T/input"
    local v
    for v in 31 311 5; do deliver "-l, -V $v" '%p' 2 $'m1\nm2' -p "$PORT" -V "$v" -t t -l -q 2 <"$T/input"; done
    go -t t -l -i "leaves" </dev/null; expect_exit 0
    until_true 5 contains "$BROKER_LOG" 'Received DISCONNECT from leaves'
    printf 'a\n\nb\r\n' >"$T/input"
    deliver 'CR and empty lines' '%l %x' 3 $'1 61\n0 \n2 620d' -p "$PORT" -t t -l <"$T/input"
}
row 10-12 2.0 lines
hundred_thousand() {
    seq 100000 >"$T/lines"
    subscriber stream mqtt-sub -h "$HOST" -p "$PORT" -q 2 -t s -C 100000 -W 60
    local reader=$pid
    run mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t s -l <"$T/lines"; expect_exit 0
    finish "$reader" 60
    cmp "$T/lines" "$T/stream.out" || fail "$(at 'QoS 1'): lines are lost or out of order"
}
row 13 ours hundred_thousand
odd_lines() {
    printf 'a\0b\ncd\n' >"$T/input"
    deliver NUL '%x' 2 $'610062\n6364' -p "$PORT" -t t -l <"$T/input"
    { head -c 1048576 /dev/zero | tr '\0' x; echo; echo after; } >"$T/input"
    deliver '1 MiB' '%l' 2 $'1048576\n5' -p "$PORT" -t t -l <"$T/input"
    printf 'x\0y\nz\0' >"$T/input"
    deliver 'NUL as delimiter' '%x' 2 $'78\n790a7a' -p "$PORT" -t t -l -0 <"$T/input"
}
row 14 ours odd_lines
gap() { # at least the gap
    subscriber gap mqtt-sub -h "$HOST" -p "$PORT" -t g -q 1 -F '@s@N' -C 2 -W 15
    local reader=$pid
    go -t g -m m --repeat 2 --repeat-delay 0.3 -q 1; expect_exit 0
    finish "$reader"
    awk 'NR == 1 { first = $1 } END { exit !(NR == 2 && $1 - first >= 100000000) }' "$T/gap.out" ||
        fail "$(at gap): the messages are too close: $(cat "$T/gap.out")"
}
row 15 2.0 gap
url() { deliver 'URL' '%t %p' 1 '03/pub/url/test m' -L "mqtt://localhost:$PORT/03/pub/url/test" -m m; }
row 16 2.0 url
options_file() {
    printf -- '-p %s\n# comment\n-V 5\n-q 1\n-t of/file\n-m two words \n' "$PORT" >"$T/conf"
    deliver '-o' '%t %l %q' 1 'of/file 10 1' -o "$T/conf"
    printf -- '-t a\n-m x\n--no-such-option\n' >"$T/conf"
    refuses 'no-such-option' -p "$PORT" -o "$T/conf"
    printf -- '-m x\n' >"$T/conf"
    refuses '-m' -p "$PORT" -t a -o "$T/conf" -m y
}
row 18 2.1 options_file
found_files() {
    local name=${PROGRAM##*/}
    mkdir -p "$T/xdg" "$T/.config"
    printf -- '-t of/xdg\n-m x\n' >"$T/xdg/$name"
    XDG_CONFIG_HOME=$T/xdg deliver XDG '%t' 1 of/xdg -p "$PORT"
    printf -- '-t of/home\n-m x\n' >"$T/.config/$name"
    deliver HOME '%t' 1 of/home -p "$PORT"
    rm -r "$T/xdg" "$T/.config"
}
row 19 2.0 found_files
no_file() {
    refuses "$T/nofile" -o "$T/nofile" -t a -m x
    run "$LINKS/mosquitto_pub" -h "$HOST" -p "$PORT" -o "$T/nofile" -t a -m x; expect_exit 0
}
row 20 ours no_file
properties() {
    deliver '-D' '%C %D %E %F %P %R A%A' 1 'text/plain corr 360 1 k:v r/t A' -p "$PORT" -t t -q 1 -m m -V 5 \
        -D publish content-type text/plain -D publish correlation-data corr -D publish message-expiry-interval 360 \
        -D publish payload-format-indicator 1 -D publish user-property k v -D publish response-topic r/t \
        -D publish topic-alias 4
}
row 21 2.0 properties
lanes pub

# What none of them has in front of it: a bare URL, variables.
PROGRAM=mqtt-pub LABEL=mqtt-pub CASE=-
with_broker theirs
deliver 'a URL alone' '%t' 1 u/v "mqtt://127.0.0.1:$PORT/u/v" -m m
MQTT_URL=mqtt://127.0.0.1:$PORT deliver 'MQTT_URL' '%t' 1 e -t e -m m
