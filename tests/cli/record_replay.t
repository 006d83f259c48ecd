# Recording and replaying: what arrives the second time is what arrived the first time; and lines with topics.
. "$(dirname "$0")/lib.sh"
start_broker
listen() { # listen NAME args...: a subscriber whose subscription stands
    local name=$1; shift
    background "$name" mqtt-sub -p "$PORT" -t "up/$name" "$@" -W 60
    until_true 10 stands "$name"
}
stands() { mqtt-pub -p "$PORT" -t "up/$1" -m up && cat "$T/$1".* | grep -q up; }
strip() { grep -v '"topic":"up/' "$1" | sed -E 's/"(at|mid)":[0-9.]+,//g; s/"tst":"[^"]*",//'; }

listen first -t 'in/#' --record "$T/first.ndjson"
first=$pid
printf '\0\377' >"$T/binary"
mqtt-pub -p "$PORT" -q 2 -r -t in/a -f "$T/binary" -D publish content-type c -D publish user-property k v
mqtt-pub -p "$PORT" -q 1 -t in/b -m 'two "words"'
mqtt-pub -p "$PORT" -q 0 -t in/c -n
until_true 10 contains "$T/first.ndjson" in/c
kill "$first"; finish "$first"
expect_eq 'nothing on stdout' "$(cat "$T/first.out")" ''
expect_match "$T/first.ndjson" '^\{"at":[0-9]+\.[0-9]{6},"tst":"[^"]+","topic":"in/a","qos":2,"retain":true,'

# In their gaps, under the same topics; a recording of that is the same recording.
mqtt-pub -p "$PORT" -q 1 -r -t in/a -n
listen second -t 'in/#' --record "$T/second.ndjson"
second=$pid
mqtt-pub -p "$PORT" --replay "$T/first.ndjson" --speed 10x --report json >"$T/report"
until_true 10 contains "$T/second.ndjson" in/c
kill "$second"; finish "$second"
strip "$T/first.ndjson" >"$T/wanted"; strip "$T/second.ndjson" | expect_file "$T/wanted"
expect_match "$T/report" '"messages":[4-9][0-9]*,.*"exit_code":0'
# Ten times as fast, and not at once: two seconds take at least a fifth of one, whatever the machine does.
printf '{"at":1,"topic":"gap","payload":"1"}\n{"at":3,"topic":"gap","payload":"2"}\n' >"$T/gap"
mqtt-pub -p "$PORT" --replay "$T/gap" --speed 10x --report json >"$T/report"
perl -ne 'exit(/"seconds":([0-9.]+)/ && $1 >= 0.2 ? 0 : 1)' "$T/report" || fail "the gap was lost: $(cat "$T/report")"

# Mapped, from a pipe, twice as far as a pipe can; other NDJSON; bad lines are told and passed over.
listen third -t 'lab/#' -v
third=$pid
grep in/b "$T/first.ndjson" | mqtt-pub -p "$PORT" --replay - --map in=lab
mqtt-pub -p "$PORT" --replay <(echo '{"topic":"lab/d","payload":{"x": 1}}')
printf '{"topic":"lab/e","payload":"1"}\nnonsense\n{"topic":"lab/f","payload":"2"}\n' >"$T/bad"
run mqtt-pub -p "$PORT" --replay "$T/bad" --repeat 2; expect_exit 1
expect_match "$T/err" 'bad, line 2: not a JSON object'

# Lines with topics; NUL between messages; what -v prints goes in again.
printf 'lab/g one two\nno-blank\n' >"$T/lines"
run mqtt-pub -p "$PORT" --line-format '%t %p' <"$T/lines"; expect_exit 1
expect_match "$T/err" "line 2: no ' ' where --line-format has it"
printf 'lab/h=a\nb\0lab/i=\0' | mqtt-pub -p "$PORT" --line-format '%t=%p' -0
printf 'c;d' | mqtt-pub -p "$PORT" -t lab/j -l --delimiter ';'
until_true 10 contains "$T/third.out" 'lab/j d'
kill "$third"; finish "$third"
expect_file <(grep ^lab "$T/third.out") <<'END'
lab/b two "words"
lab/d {"x":1}
lab/e 1
lab/f 2
lab/e 1
lab/f 2
lab/g one two
lab/h a
lab/i (null)
lab/j c
lab/j d
END
run mqtt-pub --replay "$T/nofile"; expect_exit 1
expect_match "$T/err" "cannot read '.*nofile': No such file"
run mqtt-sub -t a --record "$T/nodir/file"; expect_exit 6
expect_match "$T/err" "cannot write '.*nodir/file'"
