# timeout: 180
# libmqtt(3): its examples are the programs of libmqtt/examples as they stand, and these do what the page says.
. "$(dirname "$0")/lib.sh"
need mandoc perl
page=$T/libmqtt.3
for name in publish subscribe request_response broker connection; do
    [ -x "$BIN/example_$name" ] || skip "example_$name is not built"
done

"$lib_root/scripts/libmqtt_page" >"$page" || fail 'the page cannot be made'
mandoc -Tlint "$page" | grep -v 'referenced manual not found' >"$T/lint" || true
[ ! -s "$T/lint" ] || { cat "$T/lint" >&2; fail 'mandoc complains about libmqtt.3'; }
mandoc -Tascii -O width=200 "$page" >"$T/page"
for source in "$lib_root"/libmqtt/examples/*.cpp; do
    perl -e 'undef $/; my ($page, $source) = map { open my $in, "<", $_ or die; (<$in>) =~ s/^[ \t]+//mgr } @ARGV;
        exit(index($page, $source) < 0)' "$T/page" "$source" || fail "a reader of libmqtt.3 does not see ${source##*/} as it stands"
done

start_broker --max-queued-messages 0
background reader "$BIN/example_subscribe" "$URL" 'example/#' 2
reader=$pid
subscriber_is_there() { mqtt-pub -h "$HOST" -p "$PORT" -V 5 -q 1 -t example/probe -m probe -d 2>&1 | grep 'received PUBACK id 1$'; }
until_true 20 subscriber_is_there
run "$BIN/example_publish" "$URL/example/one" 'some text'; expect_exit 0
finish "$reader"; expect_exit 0
expect_file "$T/reader.out" <<'END'
example/probe probe
example/one some text
END
run "$BIN/example_request_response" "$URL" 'some text'; expect_exit 0
expect_eq 'the response' "$(cat "$T/out")" 'SOME TEXT'

background numbers mqtt-sub -h "$HOST" -p "$PORT" -q 1 -t numbers -C 20000 -W 40 -d
numbers=$pid
until_true 20 grep -q 'received SUBACK' "$T/numbers.err"
run "$BIN/example_connection" "$URL/numbers" 20000; expect_exit 0
finish "$numbers" 45
seq 20000 | cmp - "$T/numbers.out" || fail 'the numbers differ'
stop_broker

# What fails is told, with an exit status.
for name in publish subscribe request_response connection; do
    run "$BIN/example_$name" "$URL/a"
    [ "$status" != 0 ] || fail "example_$name ends with 0 where no broker is"
    expect_match "$T/err" "$PORT|refused"
    run "$BIN/example_$name" nonsense://; expect_exit 2
done

# The broker of the program: who may log in, who may publish, a message of the program's own.
mkfifo "$T/keys"
exec 9<>"$T/keys"
background inside bash -c 'exec "$0" <"$1"' "$BIN/example_broker" "$T/keys" 9>&-
inside=$pid
until_true 20 has_lines "$T/inside.out" 1
url=$(head -n 1 "$T/inside.out")
run mqtt-pub -L "$url/a" -u writer -P wrong -m x -q 1; expect_exit 134
run mqtt-pub -L "$url/a" -V 5 -u reader -P r-secret -m x -q 1; expect_exit 135
background own mqtt-sub -L "$url/#" -u reader -P r-secret -v -C 2 -W 20 -d 9>&-
own=$pid
until_true 20 grep -q 'received SUBACK' "$T/own.err"
run mqtt-pub -L "$url/a" -u writer -P w-secret -m x -q 1; expect_exit 0
until_true 20 has_lines "$T/own.out" 1
echo >&9
finish "$own"; expect_exit 0
expect_file "$T/own.out" <<'END'
a x
from/the/program a line was typed
END
exec 9>&-
finish "$inside"; expect_exit 0
expect_match "$T/inside.out" '^[1-9] messages came$'
