# Pipes that a tool has together with what runs before and after it in a script stay as they were: blocking.
. "$(dirname "$0")/lib.sh"
flags() { sed -n 's/^flags:[[:space:]]*//p' "/proc/self/fdinfo/$1"; }

start_broker
mkfifo "$T/pipe"
{ echo first; until [ -e "$T/read" ]; do sleep 0.05; done; echo second; } >"$T/pipe" & lib_pids+=("$!")
{
    before=$(flags 0)
    run mqtt-pub -p "$PORT" -t t -l --for 300ms; expect_exit 0
    expect_eq 'standard input after mqtt-pub' "$(flags 0)" "$before"
    run mqtt-pub -p "$PORT" -t t -l --outbox "$T/outbox" --timeout 300ms
    expect_eq 'standard input after mqtt-pub --outbox' "$(flags 0)" "$before"
    : >"$T/read"
    read -r line
    expect_eq 'what comes next' "$line" second
} <"$T/pipe"

{
    exec 3>&1
    before=$(flags 3)
    timeout 30 mqtt-sub -p "$PORT" -t t -W 1 2>/dev/null || true
    echo "$before $(flags 3)" >"$T/flags"
} | cat >"$T/rest"
read -r before after <"$T/flags"
expect_eq 'standard output after mqtt-sub' "$after" "$before"
