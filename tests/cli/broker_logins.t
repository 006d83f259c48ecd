# timeout: 60
# A storm of wrong passwords: refusals come later and later, are counted and told in one line, and the right password
# gets in meanwhile; what is remembered of passwords ends with a reload.
. "$(dirname "$0")/lib.sh"
port=$(free_port)
passwords() { mqtt-broker-lite passwd -c -b "$T/passwords" home "$1"; mqtt-broker-lite passwd -b "$T/passwords" admin "$1"; }
passwords secret
printf '%s\n' 'user root' "listener $port 127.0.0.1" "password_file $T/passwords" 'max_login_delay 30' 'sys_interval 1' >"$T/conf"
BROKER_LOG=$T/broker.log BROKER_URLS=$T/broker.urls
mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
pub() { run mqtt-pub -h "$HOST" -p "$port" -t a -q 1 -m x --max-retries 0 "$@"; }

# Thirty at a time; the last ones wait for half a minute.
for i in $(seq 30); do
    background "wrong$i" timeout -s KILL 50 mqtt-pub -h "$HOST" -p "$port" -t a -m x --max-retries 0 -u admin -P "wrong$i" -i "wrong$i"
done
until_true 20 grep -q 'Refusal of a login from 127\.0\.0\.1:[0-9]* delayed: .*(max_login_delay)' "$BROKER_LOG"
begin=$SECONDS
pub -u home -P secret; expect_exit 0  # of the same address
pub -u admin -P secret; expect_exit 0  # and even of the same name
[ $((SECONDS - begin)) -lt 10 ] || fail "the right password had to wait for $((SECONDS - begin)) s"
expect_eq "lines" "$(grep -c 'Refusal of a login' "$BROKER_LOG")" 1
is_counted() {
    timeout -s KILL 20 mqtt-sub -h "$HOST" -p "$port" -u home -P secret -t '$SYS/broker/limits/max_login_delay' -C 1 -W 10 >"$T/count"
    [ "$(cat "$T/count")" -ge 1 ]
}
until_true 20 is_counted
five_are_told() {
    first=0
    for i in $(seq 30); do [ ! -s "$T/wrong$i.err" ] || first=$((first + 1)); done
    [ "$first" -ge 5 ]
}
until_true 20 five_are_told
[ "$first" -lt 30 ] || fail "all were told"

# A reload takes new passwords, and what was right before is wrong; 0 tells everybody at once.
passwords secret2
sed -i 's/^max_login_delay .*/max_login_delay 0/' "$T/conf"
kill -HUP "$BROKER_PID"
until_true 10 grep -q 'are read again' "$BROKER_LOG"
pub -u home -P secret; expect_exit 135
pub -u home -P secret2; expect_exit 0
begin=$SECONDS
for _ in $(seq 12); do pub -u home -P wrong; expect_exit 135; done
[ $((SECONDS - begin)) -lt 15 ] || fail "max_login_delay 0 delays"
! grep -q 'max_login_delay needs' "$BROKER_LOG" || fail "a limit that was taken is said not to be"
run mqtt-broker-lite --max-login-delay soon
expect_exit 1
