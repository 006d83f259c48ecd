# timeout: 240
# mqtt-sub prints what arrives (rows 41 to 59 of the table of cases).
. "$(dirname "$0")/drop_in.sh"
with_broker theirs

# shows WHAT WANT args... -- publish args: the bytes on stdout of the subscriber, exactly, and exit 0. Several
# messages: further `--` groups.
shows() {
    local what=$1 want=$2; shift 2
    local args=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do args+=("$1"); shift; done
    local name="shows.$((receivers += 1))"
    subscriber "$name" "$PROGRAM" -p "$PORT" "${args[@]}"
    local reader=$pid
    while [ $# -gt 0 ]; do
        shift
        local words=()
        while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
        mqtt-pub -p "$PORT" -q 1 "${words[@]}" || fail "$(at "$what"): publishing failed"
    done
    finish "$reader"
    [ "$status" = 0 ] || { cat "$T/$name.err" >&2; fail "$(at "$what"): exit status $status"; }
    printf "$want" >"$T/wanted"
    cmp "$T/wanted" "$T/$name.out" || { od -c "$T/$name.out" | head >&2; fail "$(at "$what")"; }
}

plain() {
    local v
    for v in 31 311 5; do
        shows "41 -V $v" 'message\n' -V "$v" -t a -C 1 -- -t a -m message
        shows "42 -V $v" 'a message\n' -V "$v" -t a -C 1 -v -- -t a -m message
    done
    shows 42 'a (null)\n' -t a -C 1 -v -- -t a -n
    shows 43 '' -t a -C 1 -- -t a -n
    shows 43 '' -t a -C 1 -v -N -- -t a -n
    shows 44 message -t a -C 1 -N -- -t a -m message
    shows 45 'f/a\nf/a\n' -t 'f/#' -T f/x -C 2 -F '%t' -- -t f/a -n -- -t f/x -n -- -t f/a -n -- -t f/x -n
}
each sub plain

# form FORMAT WANT [publish args]: `message` on a, or what is given.
form() {
    local format=$1 want=$2; shift 2
    [ $# -gt 0 ] || set -- -t a -m message
    shows "-F '$format'" "$want" -t '#' -V 5 -C 1 -F "$format" -- "$@"
}
formats() {
    form '%%' '%%\n'; form '%l' '7\n'; form '%02l' '07\n'; form '%2l' ' 7\n'; form '%-2l' '7 \n'           # 46
    form '%-12p' 'message     \n'; form '%3p' 'hel\n' -t a -m hello; form '%08p' '000hello\n' -t a -m hello # 47
    local topic=02/sub/format/test
    form '%20t' "  $topic\n" -t $topic -n; form '%-20t' "$topic  \n" -t $topic -n                           # 48
    form '%10.10t' '02/sub/for\n' -t $topic -n; form '%20.10t' '          02/sub/for\n' -t $topic -n
    form '%-20.10t' '02/sub/for          \n' -t $topic -n; form '%.20t' "$topic\n" -t $topic -n
    form '%x' '6d657373616765\n'; form '%X' '6D657373616765\n'                                              # 49
    form '%q %r %m' '0 0 0\n'                                                                               # 50
    form '%C|%E|%F|%P|%R|%S|%2C|' '||||||  |\n'                                                             # 51
    form '%C %E %F %P %R' 'c 300 1 k:v k:w r\n' -t a -m x -D publish content-type c \
        -D publish message-expiry-interval 300 -D publish payload-format-indicator 1 -D publish response-topic r \
        -D publish user-property k v -D publish user-property k w
    shows '51 %S' '99\n' -t a -V 5 -C 1 -F '%S' -D subscribe subscription-identifier 99 -- -t a -n
    form '\\ \a\n\r\t\v @@ text' '\\ \a\n\r\t\v @ text\n'                                                   # 53
    form '@Y' "$(date +%Y)\n"
    proves "$PROGRAM" 2.1 || return 0  # not in 2.0: separators, widths of hex, floats
    form '%.2x' '6d 65 73 73 61 67 65\n'; form '%.2:x' '6d:65:73:73:61:67:65\n'
    form '%.1x' '6 d 6 5 7 3 7 3 6 1 6 7 6 5\n'; form '%18x' '    6d657373616765\n'; form '%-18x' '6d657373616765    \n'
    form '%.3d' '2.718\n' -t a -f "$T/double"; form '%.3f' '0.707\n' -t a -f "$T/float"                     # 52
}
printf '\x58\x39\xB4\xC8\x76\xBE\x05\x40' >"$T/double"
printf '\xF4\xFD\x34\x3F' >"$T/float"
each sub formats

bad_formats() {
    local format
    for format in % %0 %- %1 %. %.1 %Z @ '\' '\Z'; do
        refuses '-F' -t a -F "$format"                                                                      # 54
    done
}
each sub bad_formats

json() {
    proves "$PROGRAM" 2.1 || return 0
    subscriber "json.$LABEL" "$PROGRAM" -p "$PORT" -V 5 -q 1 -t j -C 1 -F %j -D connect topic-alias-maximum 100 \
        -D subscribe subscription-identifier 99                                                             # 55
    local reader=$pid
    mqtt-pub -p "$PORT" -q 1 -t j -m 'a "b"' -D publish content-type c -D publish correlation-data d \
        -D publish message-expiry-interval 300 -D publish payload-format-indicator 1 -D publish response-topic r \
        -D publish user-property k v -D publish user-property k w
    finish "$reader"
    expect_match "$T/json.$LABEL.out" '^\{"tst":"20[0-9-]+T[0-9:]+\.[0-9]{6}\+0000","topic":"j","qos":1,"retain":false,"payloadlen":5,"mid":1,"properties":\{'
    expect_match "$T/json.$LABEL.out" '"user-properties":\[\{"k":"v"\},\{"k":"w"\}\]'
    expect_match "$T/json.$LABEL.out" '"subscription-identifier":99'
    expect_match "$T/json.$LABEL.out" ',"payload":"a \\"b\\""\}$'
    mqtt-pub -p "$PORT" -q 1 -t j -m kept -r
    go -t j -C 1 -F %j; expect_exit 0                                                                       # 56
    expect_match "$T/out" '"retain":true,"payloadlen":4,"payload":"kept"\}$'
    mqtt-pub -p "$PORT" -q 1 -t j -n -r
}
each sub json

# Where ours is better.
PROGRAM=mqtt-sub LABEL=mqtt-sub
one_json() { # one_json FORMAT FILE REGEX
    subscriber "better.$((receivers += 1))" mqtt-sub -p "$PORT" -t b -C 1 -F "$1"
    mqtt-pub -p "$PORT" -q 1 -t b -f "$2"
    finish "$pid"
    expect_eq "$1" "$status" 0
    expect_match "$T/better.$receivers.out" "$3"
    perl -MJSON::PP -e 'undef $/; JSON::PP->new->decode(<>)' "$T/better.$receivers.out" || fail "$1: not valid JSON"
}
printf 'a\0b' >"$T/payload"; one_json %j "$T/payload" '"payload_b64":"YQBi"\}$'                              # 57
printf '\xff\xfe' >"$T/payload"; one_json %j "$T/payload" '"payload_b64":"//4="\}$'
printf '[12345678901234567890, 1.0]' >"$T/payload"
one_json %J "$T/payload" '"payload":\[12345678901234567890,1\.0\]\}$'                                        # 58
printf 'no json' >"$T/payload"; one_json %J "$T/payload" '"payload":"no json","payload_error":"not JSON"\}$'  # 59

# Round trip: everything that --json prints, --json-lines publishes again.
printf '\x00\xff\x01' >"$T/payload"
subscriber first mqtt-sub -p "$PORT" -t 'from/#' -q 2 --json -C 3 -W 15
first=$pid
mqtt-pub -p "$PORT" -q 2 -t from/a -f "$T/payload" -D publish content-type 'a"b' -D publish user-property k '楼/温度'
mqtt-pub -p "$PORT" -q 1 -t from/b -n
mqtt-pub -p "$PORT" -q 0 -t from/c -m $'two\nlines'
finish "$first"
subscriber second mqtt-sub -p "$PORT" -t 'from/#' -q 2 --json -C 3 -W 15
second=$pid
mqtt-pub -p "$PORT" --json-lines <"$T/first.out" || fail "--json-lines ended with $?"
finish "$second"
strip() { sed -E 's/"tst":"[^"]*",//; s/"mid":[0-9]+,//' "$1" | sort; }  # QoS 2 may be overtaken
expect_eq 'JSON round trip' "$(strip "$T/second.out")" "$(strip "$T/first.out")"
expect_eq 'three messages' "$(wc -l <"$T/second.out")" 3
printf '{"topic":"x"}\nnot json\n{"qos":9,"topic":"x"}\n' >"$T/input"
run mqtt-pub -p "$PORT" --json-lines <"$T/input"; expect_exit 1
expect_match "$T/err" 'line 2: not a JSON object'
expect_match "$T/err" 'line 3: "qos" needs'

run "$T/links/mosquitto_sub" -p "$PORT" -t b --json; expect_exit 1
