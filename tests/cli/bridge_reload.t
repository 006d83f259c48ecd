# A reload (SIGHUP) makes, changes and ends bridges; one whose lines are the same is not touched, and none needs a restart.
. "$(dirname "$0")/../cli/lib.sh"

start_broker
there=$PORT
here=$(free_port)
listens=("listener $here 127.0.0.1" 'allow_anonymous true')
kept=('connection kept' "address 127.0.0.1:$there" 'remote_clientid kept' 'topic kept/# out 1')
printf '%s\n' 'user root' "${listens[@]}" "${kept[@]}" >"$T/conf"
background bridges mqtt-broker-lite -c "$T/conf" --ready-file "$T/bridges.urls"
broker=$pid
until_true 20 grep -q 'Bridge kept: connected to' "$T/bridges.err"

# crosses TOPIC THERE: what is published here arrives there.
crosses() {
    run mqtt-pub -p "$here" -t "$1" -m "$1" -q 1 -r; expect_exit 0
    run mqtt-sub -p "$there" -t "$2" -C 1 -W 20; expect_exit 0
    expect_eq "over the bridge" "$(cat "$T/out")" "$1"
}
reload() {
    printf '%s\n' 'user root' "${listens[@]}" "$@" >"$T/conf"
    kill -HUP "$broker"
}

added=('connection added' "address 127.0.0.1:$there" 'remote_clientid added')
reload "${kept[@]}" "${added[@]}" 'topic up/# out 1 "" one/'
until_true 20 grep -q 'Bridge added: connected to' "$T/bridges.err"
crosses up/a one/up/a
reload "${kept[@]}" "${added[@]}" 'topic up/# out 1 "" two/'
crosses up/b two/up/b
reload "${kept[@]}"
until_true 20 grep -q 'Bridge added: it is gone from the configuration' "$T/bridges.err"
crosses kept/c kept/c
expect_eq 'connections of the bridge that was not touched' "$(grep -c 'Bridge kept: connected to' "$T/bridges.err")" 1
! grep -q 'needs a restart' "$T/bridges.err" || fail 'a line of a bridge is said to need a restart'

# A mistake: nothing changes.
reload "${kept[@]}" 'connection wrong' "address 127.0.0.1:$there"
until_true 20 grep -q 'conf:8: bridge wrong: it has no topic' "$T/bridges.err"
until_true 20 grep -q 'The old configuration stays in force' "$T/bridges.err"
crosses kept/d kept/d
kill "$broker"; finish "$broker"; expect_exit 0
