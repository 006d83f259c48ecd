# mqtt-pub --outbox: keeps messages without a server, sends them in order with what is left of their expiry,
# tells refusals, respects its limit, and leaves draining to one process.
. "$(dirname "$0")/lib.sh"
D=$T/box
kept() { mqtt-pub --outbox "$D" --outbox-status | sed -E 's/.*"messages":([0-9]+).*/\1/'; }

# Nobody is there: kept, and said. With --drain that is a failure.
mqtt-pub --outbox "$D" --no-drain -t o/old -m old -D publish message-expiry-interval 1
run mqtt-pub --outbox "$D" -p "$(free_port)" -t o/1 -m first
expect_exit 0; expect_quiet; expect_match "$T/err" '2 messages wait in the outbox .*connection refused'
run mqtt-pub --outbox "$D" --drain -p "$(free_port)"
expect_exit 14
printf 'a\nb\n' | mqtt-pub --outbox "$D" --no-drain -t o/2 -l -q 2 -r
mqtt-pub --outbox "$D" --no-drain -t o/0 -m zero -q 0 -D publish content-type text/plain
expect_eq 'messages kept' "$(kept)" 5

start_broker
session=(-p "$PORT" -i reader -c -t 'o/#' -q 2)
mqtt-sub "${session[@]}" -E
background reader mqtt-sub "${session[@]}" -F '%t %p %q %r %C'
oldest_is_over() { mqtt-pub --outbox "$D" --outbox-status | grep -q 'oldest_seconds":[1-9]'; }
until_true 10 oldest_is_over
run mqtt-pub --outbox "$D" --drain -p "$PORT" --report json
expect_exit 0
expect_match "$T/out" '"delivered":4,"refused":0,"reasons":\{\},"expired":1,"waiting":0'
until_true 10 has_lines "$T/reader.out" 4
expect_file "$T/reader.out" <<'END'
o/1 first 1 0 
o/2 a 2 0 
o/2 b 2 0 
o/0 zero 0 0 text/plain
END
expect_eq 'journals left' "$(find "$D" -name '*.journal' | wc -l)" 0

# Journal and drain in one go, a stream; and --drain of nothing.
seq 1000 | mqtt-pub --outbox "$D" -p "$PORT" -t s -l --report json >"$T/out"
expect_match "$T/out" '"kept":1000,"delivered":1000'
run mqtt-pub --outbox "$D" --drain -p "$PORT"; expect_exit 0

# Full.
run mqtt-pub --outbox "$D" --outbox-limit 10k --no-drain -t s -l < <(seq 1000)
expect_exit 9; expect_match "$T/err" 'full: [0-9]+ messages kept'
run mqtt-pub --outbox "$D" --outbox-limit 10k -p "$PORT" -t s -l < <(seq 1000)
expect_exit 0

# A message cut short by a kill is ignored, and said.
mqtt-pub --outbox "$D" --no-drain -t o/3 -m whole
mqtt-pub --outbox "$D" --no-drain -t o/4 -m cut
truncate -s -8 "$D"/*.journal
run mqtt-pub --outbox "$D" --drain -p "$PORT"
expect_exit 0; expect_match "$T/err" 'writer was killed are ignored'
until_true 10 grep -q 'o/3 whole' "$T/reader.out"
! contains "$T/reader.out" 'o/4' || fail 'a cut message was sent'

# Another process drains: appending does not wait, --drain does.
mqtt-pub --outbox "$D" --no-drain -t o/5 -m later
exec 7>>"$D/drain.lock"; flock 7
run mqtt-pub --outbox "$D" -p "$PORT" -t o/6 -m more; expect_exit 0
run mqtt-pub --outbox "$D" --drain -p "$PORT" --timeout 200ms; expect_exit 27
expect_eq 'messages kept' "$(kept)" 2
exec 7>&-
run mqtt-pub --outbox "$D" --drain -p "$PORT"; expect_exit 0

run mqtt-pub --outbox "$D" --drain -m x -t a; expect_exit 1
run mqtt-pub --drain; expect_exit 1; expect_match "$T/err" "needed \(option '--outbox'\)"
