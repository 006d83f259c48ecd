# timeout: 90
# Running it: a configuration from nothing, users by flag, traces of one client or topic, the background, what a
# reload takes and what it cannot, and a log whose reader sleeps.
. "$(dirname "$0")/lib.sh"
port=$(free_port)

# init: two brokers side by side, each with its own port and user, from configurations that are used as they are.
for name in one two; do
    run mqtt-broker-lite init "$T/$name"
    expect_exit 0
    run mqtt-broker-lite -c "$T/$name/broker.conf" --check-config
    expect_exit 0
    background "$name" mqtt-broker-lite -c "$T/$name/broker.conf" --ready-file "$T/$name.urls"
done
for name in one two; do
    until_true 20 test -s "$T/$name.urls"
    run mqtt-pub -o "$T/$name/client.conf" -t hello -m "from $name" -r -q 1
    expect_exit 0
    run mqtt-sub -o "$T/$name/client.conf" -t hello -C 1 -W 10
    expect_eq "retained" "$(cat "$T/out")" "from $name"
    run mqtt-pub -L "$(cat "$T/$name.urls")" -t hello -m x -q 1 --max-retries 0
    expect_exit 135
done
expect_eq "mode of the password" "$(stat -c %a "$T/one/client.conf")" 600
run mqtt-broker-lite init "$T/one"
expect_exit 1
expect_match "$T/err" 'broker.conf is there already; choose another folder'
run mqtt-broker-lite init -p 0 "$T/three"
expect_exit 1
run mqtt-broker-lite init
expect_exit 1
expect_match "$T/err" 'init needs DIR'

# --user: nobody else.
echo sesame >"$T/password"
start_broker --user "ali:$T/password" --trace-client chosen --trace-topic 'deep/#'
pub() { run mqtt-pub -L "$URL" -q 1 -m x --max-retries 0 "$@"; }
pub -t a -u ali -P sesame -i plain; expect_exit 0
pub -t a -u ali -P other; expect_exit 135
pub -t a; expect_exit 135
# Another password in its file counts after SIGHUP.
echo sesame2 >"$T/password"
kill -HUP "$BROKER_PID"
expect_match "$BROKER_LOG" 'Certificates and passwords are read again'
pub -t a -u ali -P sesame; expect_exit 135
pub -t a -u ali -P sesame2; expect_exit 0
: >"$T/password"
kill -HUP "$BROKER_PID"
expect_match "$BROKER_LOG" '--user ali: no password can be read'
pub -t a -u ali -P sesame2; expect_exit 0
echo sesame >"$T/password"
kill -HUP "$BROKER_PID"
is_read_again() { [ "$(grep -c 'passwords are read again' "$BROKER_LOG")" = 2 ]; }
until_true 10 is_read_again
run mqtt-broker-lite --user ali
expect_exit 1
expect_match "$T/err" "not NAME:FILE"
run mqtt-broker-lite -p 0 --user "ali:$T/none"
expect_exit 1
expect_match "$T/err" "--user ali: no password can be read from .*none"

# Traces: every packet of one client, and the messages of some topics, nothing else.
pub -t deep/x -u ali -P sesame -i other; expect_exit 0
pub -t a -u ali -P sesame -i chosen; expect_exit 0
until_true 10 grep -q 'Client chosen disconnected' "$BROKER_LOG"
for line in "Received PUBLISH from other \(d0, q1, r0, m1, 'deep/x'" "Received PUBLISH from chosen \(" 'Sending PUBACK to chosen' \
    'Received DISCONNECT from chosen'; do
    until_true 10 grep -qE -- "$line" "$BROKER_LOG"
done
! grep -qE '(from|to) plain \(|PUBACK to other' "$BROKER_LOG" || fail "more than what is traced"
run mqtt-broker-lite --trace-topic 'a/#/b'
expect_exit 1
stop_broker

# In the background once it listens; the pid file; an early end is the parent's end, too.
printf '%s\n' 'user root' 'allow_anonymous true' "listener $port 127.0.0.1" "pid_file $T/pid" "log_dest file $T/daemon.file" \
    'log_type error' 'log_type subscribe' 'connection_messages false' >"$T/conf"
run mqtt-broker-lite -d -c "$T/conf"
expect_exit 0
daemon=$(cat "$T/pid"); lib_pids+=("$daemon")
run mqtt-pub -p "$port" -t a -m x -q 1; expect_exit 0
run mqtt-broker-lite -d -c "$T/conf"
expect_exit 1
expect_match "$T/err" 'address is in use'

# Signals that mosquitto takes end nothing.
start_broker -v
run mqtt-pub -L "$URL/kept" -m x -r -q 1; expect_exit 0
kill -USR1 "$BROKER_PID"; kill -USR2 "$BROKER_PID"
expect_match "$BROKER_LOG" 'SIGUSR1: persistence is off'
expect_match "$BROKER_LOG" 'SIGUSR2: 0 subscriptions of [01] sessions, [0-9]+ retained messages'
run mqtt-pub -L "$URL/kept" -m x; expect_exit 0
stop_broker

# log_type and connection_messages choose the lines.
run mqtt-sub -p "$port" -t 'some/filter' -q 1 -i watcher -W 1
expect_match "$T/daemon.file" '^[0-9]+: watcher 1 some/filter$'
! grep -q 'New \|starting' "$T/daemon.file" || fail "lines that were not asked for"

kill "$daemon"
until_true 10 test ! -e "$T/pid"

# Fewer descriptors than connections that are allowed: said at the start, and the soft limit is raised.
printf '%s\n' 'user root' "listener $port 127.0.0.1" 'allow_anonymous true' 'global_max_connections 500' \
    'allow_duplicate_messages true' 'listener_auto_id_prefix mine-' >"$T/conf"
(ulimit -Sn 100; ulimit -Hn 200; exec mqtt-broker-lite -c "$T/conf" --ready-file "$T/few.urls" 2>"$T/few.log") &
pid=$!; lib_pids+=("$pid")
until_true 20 test -s "$T/few.urls"
until_true 10 grep -qE 'only 168 of the 500 connections of global_max_connections fit .*ulimit -n 564' "$T/few.log"
until_true 10 grep -qE 'clients need no user name' "$T/few.log"
until_true 10 grep -qE 'warning: .*conf:5: allow_duplicate_messages: overlapping' "$T/few.log"
run mqtt-pub -p "$port" -t a -m x -q 1; expect_exit 0
until_true 10 grep -qE 'New client connected from .* as mine-[0-9a-f]+ ' "$T/few.log"
kill "$pid"; finish "$pid"; expect_exit 0

# A reload takes limits and what the log tells, says what it cannot take, and keeps everything when something is wrong.
base=('user root' 'allow_anonymous true' "listener $port 127.0.0.1")
printf '%s\n' "${base[@]}" 'max_queued_messages 10' 'sys_interval 10' >"$T/conf"
background reloads mqtt-broker-lite -c "$T/conf" --ready-file "$T/reloads.urls"
until_true 20 test -s "$T/reloads.urls"
big=$(printf '%200s' x)
run mqtt-pub -p "$port" -t a -m "$big" -q 1 -V 5; expect_exit 0
printf '%s\n' "${base[@]}" 'message_size_limit 100' 'connection_messages false' 'log_timestamp false' 'sys_interval 20' >"$T/conf"
kill -HUP "$pid"
until_true 10 grep -q 'conf:7: sys_interval needs a restart' "$T/reloads.err"
until_true 10 grep -q '^Passwords, access lists, certificates, limits, bridges and what the log tells are read again' "$T/reloads.err"
run mqtt-pub -i quiet -p "$port" -t a -m "$big" -q 1 -V 5
expect_match "$T/err" 'Quota exceeded'
run mqtt-pub -i quiet -p "$port" -t a -m small -q 1 -V 5; expect_exit 0
! grep -q 'as quiet ' "$T/reloads.err" || fail 'connection_messages false was not taken'
! grep -q 'message_size_limit needs' "$T/reloads.err" || fail 'a limit that was taken is said not to be'
echo 'max_queued_messages' >>"$T/conf"
sed -i 's/^message_size_limit .*/message_size_limit 1000/' "$T/conf"
kill -HUP "$pid"
until_true 10 grep -q 'The old configuration stays in force' "$T/reloads.err"
run mqtt-pub -p "$port" -t a -m "$big" -q 1 -V 5
expect_match "$T/err" 'Quota exceeded'
kill "$pid"; finish "$pid"; expect_exit 0

# Limits and rights go by a listener's number, so none may come in between or get TLS: nothing is taken then.
reloads_refused() {
    printf '%s\n' "$@" >"$T/conf"
    : >"$T/moved.err"
    kill -HUP "$pid"
    until_true 10 grep -qE 'conf:[0-9]: listener: listeners are not opened, moved, or given TLS .*: restart it' "$T/moved.err"
    until_true 10 grep -q 'The old configuration stays in force' "$T/moved.err"
    run mqtt-pub -p "$port" -t a -m x --max-retries 0; expect_exit 135
}
make_certs
closed=('user root' "listener $port 127.0.0.1" 'allow_anonymous false')
printf '%s\n' "${closed[@]}" >"$T/conf"
background moved mqtt-broker-lite -c "$T/conf" --ready-file "$T/moved.urls"
until_true 20 test -s "$T/moved.urls"
reloads_refused 'user root' "listener $(free_port) 127.0.0.1" 'allow_anonymous true' "listener $port 127.0.0.1"
reloads_refused 'user root' "listener $port 127.0.0.1" 'allow_anonymous true' "certfile $T/certs/server.crt" \
    "keyfile $T/certs/server.key"
kill "$pid"; finish "$pid"; expect_exit 0

# The first access list cannot come by a reload: it would be said to hold, and nobody would ask it.
printf '%s\n' "${base[@]}" 'message_size_limit 100' >"$T/conf"
background lists mqtt-broker-lite -c "$T/conf" --ready-file "$T/lists.urls"
until_true 20 test -s "$T/lists.urls"
echo 'topic read #' >"$T/acl"
mqtt-broker-lite passwd -c -b "$T/first" home secret
printf '%s\n' "${base[@]}" "acl_file $T/acl" 'message_size_limit 1000' >"$T/conf"
kill -HUP "$pid"
until_true 10 grep -q 'conf:4: acl_file: the broker was started without any: only a restart' "$T/lists.err"
until_true 10 grep -q 'The old configuration stays in force' "$T/lists.err"
run mqtt-pub -p "$port" -t a -m "$big" -q 1 -V 5
expect_match "$T/err" 'Quota exceeded'
# The first passwords can.
printf '%s\n' 'user root' "listener $port 127.0.0.1" "password_file $T/first" >"$T/conf"
kill -HUP "$pid"
until_true 10 grep -q 'are read again' "$T/lists.err"
run mqtt-pub -p "$port" -t a -m x --max-retries 0; expect_exit 135
run mqtt-pub -p "$port" -t a -m x --max-retries 0 -u home -P secret; expect_exit 0
kill "$pid"; finish "$pid"; expect_exit 0

# A reader of the log that sleeps stops nobody, and what is lost is counted.
mkfifo "$T/pipe"
sleep 1000 <"$T/pipe" & sleeper=$!; lib_pids+=("$sleeper")
mqtt-broker-lite -v -p "$port" --ready-file "$T/slow.urls" 2>"$T/pipe" &
pid=$!; lib_pids+=("$pid")
until_true 20 test -s "$T/slow.urls"
seq -f '%060.0f' 150000 >"$T/lines"
run mqtt-pub -p "$port" -t a -q 0 -l <"$T/lines"
expect_exit 0
run mqtt-pub -p "$port" -t a -m x -q 1
expect_exit 0
cat "$T/pipe" >"$T/read" & reader=$!; lib_pids+=("$reader")
until_true 20 test -s "$T/read"  # without any reader the pipe would be broken
kill "$sleeper"
until_true 20 grep -q '^[0-9]*: [0-9]* log lines are lost: the destination of the log' "$T/read"
kill "$pid"; finish "$pid"; expect_exit 0
