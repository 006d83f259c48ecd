# timeout: 120
# mqtt-sub prints what arrives (cases 41 to 59 of the table).
. "$(dirname "$0")/drop_in.sh"

# shows WHAT WANT args... -- publish args: the bytes on stdout of the subscriber, exactly, and exit 0. Several
# messages: further `--` groups.
shows() {
    local what=$1 want=$2; shift 2
    local args=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do args+=("$1"); shift; done
    local name="shows.$((receivers += 1))"
    subscriber "$name" "$PROGRAM" -h "$HOST" -p "$PORT" "${args[@]}"
    local reader=$pid
    while [ $# -gt 0 ]; do
        shift
        local words=()
        while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
        mqtt-pub -h "$HOST" -p "$PORT" -q 1 "${words[@]}" || fail "$(at "$what"): publishing failed"
    done
    shown "$what" "$want" "$name" "$reader"
}
shown() { # shown WHAT WANT NAME PID
    finish "$4"
    [ "$status" = 0 ] || { cat "$T/$3.err" >&2; fail "$(at "$1"): exit status $status"; }
    printf "$2" >"$T/wanted"
    cmp "$T/wanted" "$T/$3.out" || { od -c "$T/$3.out" | head >&2; fail "$(at "$1")"; }
}
first_line() {
    local v
    for v in 31 311 5; do shows "-V $v" 'message\n' -V "$v" -t a -C 1 -- -t a -m message; done
}
row 41 2.0 first_line
verbose() {
    local v
    for v in 31 311 5; do shows "-V $v" 'a message\n' -V "$v" -t a -C 1 -v -- -t a -m message; done
    shows empty 'a (null)\n' -t a -C 1 -v -- -t a -n
}
row 42 2.0 verbose
nothing() {
    local v
    for v in 31 311 5; do shows "empty, -V $v" '' -V "$v" -t a -C 1 -- -t a -n; done
    shows 'empty, -v -N' '' -t a -C 1 -v -N -- -t a -n
}
row 43 2.0 nothing
no_newline() {
    local v
    for v in 31 311 5; do shows "-N, -V $v" message -V "$v" -t a -C 1 -N -- -t a -m message; done
}
row 44 2.0 no_newline
filtered() {
    local v
    for v in 31 311 5; do
        shows "-T, -V $v" 'f/a\nf/a\n' -V "$v" -t 'f/#' -T f/x -C 2 -F '%t' -- -t f/a -n -- -t f/x -n -- -t f/a -n -- -t f/x -n
    done
}
row 45 2.0 filtered

# forms FORMAT WANT ... -- publish args: a subscriber for each format, all at once, and one message for them all.
forms() {
    local n=0 i names=() pids=() wants=() whats=()
    subscribed=$(grep -c 'Sending SUBACK to ' "$BROKER_LOG" || true)
    while [ "$1" != -- ]; do
        n=$((n + 1))
        background "form.$n" "$PROGRAM" -h "$HOST" -p "$PORT" -t '#' -V 5 -C 1 -F "$1"
        pids+=("$pid") wants+=("$2") whats+=("-F '$1'")
        shift 2
    done
    shift
    until_true 20 suback_count_is $((subscribed + n))
    mqtt-pub -h "$HOST" -p "$PORT" -q 1 "$@" || fail "$(at "publish $*")"
    for ((i = 0; i < n; ++i)); do shown "${whats[$i]}" "${wants[$i]}" "form.$((i + 1))" "${pids[$i]}"; done
}
lengths() { forms '%%' '%%\n' '%l' '7\n' '%02l' '07\n' '%2l' ' 7\n' '%-2l' '7 \n' -- -t a -m message; }
row 46 2.0 lengths
widths() {
    forms '%-12p' 'message     \n' -- -t a -m message
    forms '%3p' 'hel\n' '%08p' '000hello\n' -- -t a -m hello
}
row 47 2.0 widths
topics() {
    local topic=02/sub/format/test
    forms '%20t' "  $topic\n" '%-20t' "$topic  \n" '%10.10t' '02/sub/for\n' '%20.10t' '          02/sub/for\n' \
        '%-20.10t' '02/sub/for          \n' '%.20t' "$topic\n" -- -t $topic -n
}
row 48 2.0 topics
hex() { forms '%x' '6d657373616765\n' '%X' '6D657373616765\n' -- -t a -m message; }
row 49 2.0 hex
hex_groups() { # widths, groups and separators of hex are of 2.1
    forms '%.2x' '6d 65 73 73 61 67 65\n' '%.2:x' '6d:65:73:73:61:67:65\n' \
        '%.1x' '6 d 6 5 7 3 7 3 6 1 6 7 6 5\n' '%18x' '    6d657373616765\n' '%-18x' '6d657373616765    \n' \
        -- -t a -m message
}
row 49 2.1 hex_groups
flags() { forms '%q %r %m' '0 0 0\n' -- -t a -m x; }
row 50 2.0 flags
properties() {
    forms '%C|%E|%F|%P|%R|%S|%2C|' '||||||  |\n' -- -t a -m message
    forms '%C %E %F %P %R' 'c 300 1 k:v k:w r\n' -- -t a -m x -D publish content-type c \
        -D publish message-expiry-interval 300 -D publish payload-format-indicator 1 -D publish response-topic r \
        -D publish user-property k v -D publish user-property k w
    shows '%S' '99\n' -t a -V 5 -C 1 -F '%S' -D subscribe subscription-identifier 99 -- -t a -n
}
row 51 2.0 properties
numbers() {
    printf '\x58\x39\xB4\xC8\x76\xBE\x05\x40' >"$T/double"
    printf '\xF4\xFD\x34\x3F' >"$T/float"
    forms '%.3d' '2.718\n' -- -t a -f "$T/double"
    forms '%.3f' '0.707\n' -- -t a -f "$T/float"
}
row 52 2.1 numbers
escapes() {
    forms '\\ \a\n\r\t\v @@ text' '\\ \a\n\r\t\v @ text\n' '@Y' "$(date +%Y)\n" -- -t a -m x
}
row 53 2.0 escapes
bad_formats() {
    local format
    for format in % %0 %- %1 %. %.1 %Z @ '\' '\Z'; do refuses '-F' -t a -F "$format"; done
}
row 54 2.0 bad_formats
json() {
    subscriber json "$PROGRAM" -h "$HOST" -p "$PORT" -V 5 -q 1 -t j -C 1 -F %j -D connect topic-alias-maximum 100 \
        -D subscribe subscription-identifier 99
    local reader=$pid
    mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t j -m 'a "b"' -D publish content-type c -D publish correlation-data d \
        -D publish message-expiry-interval 300 -D publish payload-format-indicator 1 -D publish response-topic r \
        -D publish user-property k v -D publish user-property k w
    finish "$reader"
    expect_match "$T/json.out" '^\{"tst":"20[0-9-]+T[0-9:]+\.[0-9]{6}\+0000","topic":"j","qos":1,"retain":false,"payloadlen":5,"mid":1,"properties":\{'
    expect_match "$T/json.out" '"user-properties":\[\{"k":"v"\},\{"k":"w"\}\]'
    expect_match "$T/json.out" '"subscription-identifier":99'
    expect_match "$T/json.out" ',"payload":"a \\"b\\""\}$'
}
row 55 2.1 json
json_retained() {
    mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t j -m kept -r
    go -t j -C 1 -F %j; expect_exit 0
    expect_match "$T/out" '"retain":true,"payloadlen":4,"payload":"kept"\}$'
    mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t j -n -r
}
row 56 2.1 json_retained

one_json() { # one_json FORMAT FILE REGEX
    subscriber "better.$((receivers += 1))" mqtt-sub -h "$HOST" -p "$PORT" -t b -C 1 -F "$1"
    local reader=$pid
    mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t b -f "$2"
    finish "$reader"
    expect_eq "$(at "$1")" "$status" 0
    expect_match "$T/better.$receivers.out" "$3"
    perl -MJSON::PP -e 'undef $/; JSON::PP->new->decode(<>)' "$T/better.$receivers.out" || fail "$1: not valid JSON"
}
binary_json() {
    printf 'a\0b' >"$T/payload"; one_json %j "$T/payload" '"payload_b64":"YQBi"\}$'
    printf '\xff\xfe' >"$T/payload"; one_json %j "$T/payload" '"payload_b64":"//4="\}$'
}
row 57 ours binary_json
verbatim_json() {
    printf '[12345678901234567890, 1.0]' >"$T/payload"
    one_json %J "$T/payload" '"payload":\[12345678901234567890,1\.0\]\}$'
}
row 58 ours verbatim_json
no_json() {
    printf 'no json' >"$T/payload"
    one_json %J "$T/payload" '"payload":"no json","payload_error":"not JSON"\}$'
}
row 59 ours no_json
lanes sub

PROGRAM=mqtt-sub LABEL=mqtt-sub CASE=-
with_broker theirs
# Round trip: everything that --json prints, --json-lines publishes again.
printf '\x00\xff\x01' >"$T/payload"
subscriber first mqtt-sub -h "$HOST" -p "$PORT" -t 'from/#' -q 2 --json -C 3 -W 15
first=$pid
mqtt-pub -h "$HOST" -p "$PORT" -q 2 -t from/a -f "$T/payload" -D publish content-type 'a"b' -D publish user-property k '楼/温度'
mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t from/b -n
mqtt-pub -h "$HOST" -p "$PORT" -q 0 -t from/c -m $'two\nlines'
finish "$first"
subscriber second mqtt-sub -h "$HOST" -p "$PORT" -t 'from/#' -q 2 --json -C 3 -W 15
second=$pid
mqtt-pub -h "$HOST" -p "$PORT" --json-lines <"$T/first.out" || fail "--json-lines ended with $?"
finish "$second"
strip() { sed -E 's/"tst":"[^"]*",//; s/"mid":[0-9]+,//' "$1" | sort; }  # QoS 2 may be overtaken
expect_eq 'JSON round trip' "$(strip "$T/second.out")" "$(strip "$T/first.out")"
expect_eq 'three messages' "$(wc -l <"$T/second.out")" 3
printf '{"topic":"x"}\nnot json\n{"qos":9,"topic":"x"}\n' >"$T/input"
run mqtt-pub -h "$HOST" -p "$PORT" --json-lines <"$T/input"; expect_exit 1
expect_match "$T/err" 'line 2: not a JSON object'
expect_match "$T/err" 'line 3: "qos" needs'

run "$LINKS/mosquitto_sub" -h "$HOST" -p "$PORT" -t b --json; expect_exit 1
