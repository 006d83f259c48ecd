# timeout: 240
# mqtt-pub: what is published arrives, whatever it comes from (rows 1 to 23 of the table of cases).
. "$(dirname "$0")/drop_in.sh"
with_broker theirs

sources() {
    local v
    for v in 31 311 5; do
        deliver "1, -V $v" '%p' 1 x -p "$PORT" -V "$v" -t a -m x
        deliver "2 -m '', -V $v" '%l' 1 0 -p "$PORT" -V "$v" -t a -m ''
        deliver "2 -n, -V $v" '%l' 1 0 -p "$PORT" -V "$v" -t a -n
        deliver "3 -q 1, -V $v" '%q' 1 1 -p "$PORT" -V "$v" -t a -q 1 -m x
        deliver "3 -q 2, -V $v" '%q' 1 2 -p "$PORT" -V "$v" -t a -q 2 -m x
    done
    printf 'line1\nline2\n' >"$T/two-lines"
    : >"$T/empty"
    deliver '4' '%l %x' 1 '12 6c696e65310a6c696e65320a' -p "$PORT" -t t -f "$T/two-lines"
    deliver '5' '%l' 1 0 -p "$PORT" -t t -f "$T/empty"
    printf 'm1\nm2' >"$T/input"
    deliver '8' '%l' 1 5 -p "$PORT" -t t -s <"$T/input"
    deliver '10' '%p' 2 $'m1\nm2' -p "$PORT" -t t -l -q 2 <"$T/input"
    go -t t -l </dev/null; expect_exit 0                                     # 11
    printf 'a\n\nb\r\n' >"$T/input"
    deliver '12' '%l %x' 3 $'1 61\n0 \n2 620d' -p "$PORT" -t t -l <"$T/input"
    deliver '15' '%p' 2 $'m\nm' -p "$PORT" -t t -m m --repeat 2 --repeat-delay 0.1 -q 1
    deliver '16' '%t %p' 1 '03/pub/url/test m' -L "mqtt://localhost:$PORT/03/pub/url/test" -m m
    deliver 'joined' '%t' 1 c/d -p "$PORT" -t c/d -n -q 1 -k 60 -i "id-$receivers" --quiet
    refuses 'missing' -p "$PORT" -t t -f "$T/missing"                          # 6
    refuses 'empty' -p "$PORT" -t t -s </dev/null                              # 9
}
each pub sources

gap() {
    subscriber "gap-$LABEL" mqtt-sub -p "$PORT" -t g -q 1 -F '@s@N' -C 2 -W 15
    go -t g -m m --repeat 2 --repeat-delay 0.5 -q 1; expect_exit 0             # 15: at least the gap
    finish "$pid"
    awk 'NR == 1 { first = $1 } END { exit !(NR == 2 && $1 - first >= 100000000) }' "$T/gap-$LABEL.out" ||
        fail "$(at 15): the messages are too close: $(cat "$T/gap-$LABEL.out")"
}
each pub gap

options_files() {
    proves "$PROGRAM" 2.1 || return 0
    printf -- '-p %s\n# comment\n-V 5\n-q 1\n-t of/file\n-m two words \n' "$PORT" >"$T/conf"
    deliver '18' '%t %l %q' 1 'of/file 10 1' -o "$T/conf"
    local name=${PROGRAM##*/}
    mkdir -p "$T/xdg" "$T/.config"
    printf -- '-t of/xdg\n-m x\n' >"$T/xdg/$name"
    XDG_CONFIG_HOME=$T/xdg deliver '19 XDG' '%t' 1 of/xdg -p "$PORT"
    printf -- '-t of/home\n-m x\n' >"$T/.config/$name"
    deliver '19 HOME' '%t' 1 of/home -p "$PORT"
    rm -r "$T/xdg" "$T/.config"
    printf -- '-t a\n-m x\n--no-such-option\n' >"$T/conf"
    refuses 'no-such-option' -p "$PORT" -o "$T/conf"
    printf -- '-m x\n' >"$T/conf"
    refuses '-m' -p "$PORT" -t a -o "$T/conf" -m y
}
each pub options_files

properties() {
    deliver '21' '%C %D %E %F %P %R A%A' 1 'text/plain corr 360 1 k:v r/t A' -p "$PORT" -t t -q 1 -m m -V 5 \
        -D publish content-type text/plain -D publish correlation-data corr -D publish message-expiry-interval 360 \
        -D publish payload-format-indicator 1 -D publish user-property k v -D publish response-topic r/t \
        -D publish topic-alias 4
}
each pub properties

# Ours only: what mosquitto_pub gets wrong or refuses.
PROGRAM=mqtt-pub LABEL=mqtt-pub
printf hi >"$T/hi"
mkfifo "$T/pipe"
cat "$T/hi" >"$T/pipe" &
deliver '7 pipe' '%p' 1 hi -p "$PORT" -t t -f "$T/pipe"
deliver '7 -f -' '%p' 1 hi -p "$PORT" -t t -f - <"$T/hi"
deliver '7 /dev/null' '%l' 1 0 -p "$PORT" -t t -f /dev/null
printf 'a\0b\ncd\n' >"$T/input"
deliver '14 NUL' '%x' 2 $'610062\n6364' -p "$PORT" -t t -l <"$T/input"
{ head -c 1048576 /dev/zero | tr '\0' x; echo; echo after; } >"$T/input"
deliver '14 1 MiB' '%l' 2 $'1048576\n5' -p "$PORT" -t t -l <"$T/input"
refuses "$T/nofile" -o "$T/nofile" -t a -m x                                    # 20
printf 'x\0y\nz\0' >"$T/input"
deliver 'NUL as delimiter' '%x' 2 $'78\n790a7a' -p "$PORT" -t t -l -0 <"$T/input"
deliver 'a URL alone' '%t' 1 u/v "mqtt://127.0.0.1:$PORT/u/v" -m m
MQTT_URL=mqtt://127.0.0.1:$PORT deliver 'MQTT_URL' '%t' 1 e -t e -m m

# 13: 20,000 lines at each QoS, in order, once.
seq 20000 >"$T/lines"
for qos in 0 1 2; do
    subscriber "stream$qos" mqtt-sub -p "$PORT" -q 2 -t s -C 20000 -W 60
    run mqtt-pub -p "$PORT" -q "$qos" -t s -l <"$T/lines"; expect_exit 0
    finish "$pid" 60
    [ "$qos" = 0 ] || cmp "$T/lines" "$T/stream$qos.out" || fail "13, QoS $qos: lines are lost or out of order"
done
