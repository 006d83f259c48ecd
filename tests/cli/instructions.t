# No hot path costs more instructions than its budget (tests/bench/instructions), and the gate can fail.
. "$(dirname "$0")/lib.sh"
need valgrind
run "$lib_root/scripts/bench" instructions
[ "$status" != 77 ] || skip "$(tail -n 1 "$T/err")"
cat "$T/out" >&2
expect_exit 0
expect_match "$T/out" '^route-q0 .* of '

awk '$1 == "frame" { $2 *= 0.9; $3 *= 0.9 } { print }' "$lib_root/tests/bench/instructions" >"$T/tight"
run "$lib_root/scripts/bench" instructions -f "$T/tight" frame; expect_exit 1
expect_match "$T/out" '^frame .* OVER$'
