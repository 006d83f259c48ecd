# Selecting messages: --where, --grep, --on-change, --dedupe with --message-id, filters with their own QoS.
. "$(dirname "$0")/lib.sh"
start_broker
sub() { # sub NAME args...: a subscriber whose subscription stands
    local name=$1; shift
    background "$name" mqtt-sub -p "$PORT" "$@" -W 30
    until_true 10 subscribed "$name"
}
# The retained marker comes when the subscription stands; every test ends before it matters.
subscribed() { mqtt-pub -p "$PORT" -t "up/$1" -m up && [ -s "$T/$1.out" ]; }

sub where -t up/where -t 'a/#' -v --where 'topic[0] == "up" || payload.temp > 20 && topic ~ "/kitchen"'
where=$pid
sub change -t up/change -t 'a/#' -v --on-change --grep '^(up|on|off)$'
change=$pid
publish() { mqtt-pub -p "$PORT" -q 1 -t "$@"; }
publish a/kitchen -m '{"temp": 21}'
publish a/kitchen -m '{"temp": 19}'
publish a/bath -m '{"temp": 30}'
publish a/x -m on; publish a/x -m on; publish a/y -m on; publish a/x -m off
publish a/kitchen/2 -m '{"temp": 22.5}'
until_true 10 contains "$T/where.out" a/kitchen/2
expect_eq 'where' "$(grep -c '^a/' "$T/where.out")" 2
expect_file <(grep '^a/' "$T/change.out") <<'END'
a/x on
a/y on
a/x off
END
kill "$where" "$change"; finish "$where"; finish "$change"

# The same message id twice is one message; every line has its own.
sub once -t up/once -t d -q 1 -F '%p %P' --dedupe id
once=$pid
printf '%s\n' '{"topic":"d","payload":"one","properties":{"user-properties":[{"message-id":"7"}]}}' \
    '{"topic":"d","payload":"again","properties":{"user-properties":[{"message-id":"7"}]}}' >"$T/lines"
mqtt-pub -p "$PORT" --json-lines -q 1 --message-id uuid <"$T/lines"
printf 'x\nx\n' | mqtt-pub -p "$PORT" -t d -l -q 1 --message-id uuid
until_true 10 eval '[ "$(grep -c "^x message-id:[0-9a-f-]*$" "$T/once.out")" = 2 ]'
expect_eq 'once' "$(grep -c ' message-id:7$' "$T/once.out")" 1
kill "$once"; finish "$once"

# Filters with options of their own: the QoS that arrives is the filter's.
sub own -t up/own --subscribe qos=2:q/two --subscribe qos=1:q/one -F '%t %q'
own=$pid
for topic in q/two q/one; do mqtt-pub -p "$PORT" -q 2 -t $topic -m x; done
until_true 10 eval '[ "$(grep -c "^q/" "$T/own.out")" = 2 ]'
expect_file <(grep '^q/' "$T/own.out" | sort) <<'END'
q/one 1
q/two 2
END
kill "$own"; finish "$own"

run mqtt-sub -t a --where 'payload.temp >'; expect_exit 1
expect_match "$T/err" "option '--where': 'payload.temp >': expected a field or a value at column 15"

# On a terminal (script makes one) nothing of a message controls it; a pipe gets the exact bytes.
if lib_find script >/dev/null; then
    background tty script -qec "env -u NO_COLOR TERM=xterm mqtt-sub -p $PORT -t 'tty/#' -v -C 2 -W 30" /dev/null
    tty=$pid
    until_true 10 eval 'mqtt-pub -p "$PORT" -t tty/a -m "$(printf "\033[2J\007x")" && ! kill -0 $tty'
    finish "$tty"
    expect_match "$T/tty.out" $'^\e\\[36mtty/a\e\\[0m \\\\x1b\\[2J\\\\x07x'
fi
sub pipe -t up/pipe -t exact --color auto
pipe=$pid
mqtt-pub -p "$PORT" -q 1 -t exact -m $'\e[2J'
until_true 10 contains "$T/pipe.out" $'\e[2J'
kill "$pipe"; finish "$pipe"
