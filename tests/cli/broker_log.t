# timeout: 60
# Where the log goes: topics of the broker, JSON lines, syslog; and what systemd is told.
. "$(dirname "$0")/lib.sh"
port=$(free_port)
printf '%s\n' 'allow_anonymous true' 'user root' "listener $port 127.0.0.1" 'log_dest topic' 'log_dest syslog' 'log_facility 3' \
    "log_dest file $T/broker.file" 'log_type all' 'message_size_limit 3' >"$T/conf"
# What systemd would hear.
perl -MIO::Socket::UNIX -MSocket -e 'my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
    $| = 1; print "open\n"; while (defined $s->recv(my $text, 100)) { print "$text\n"; last if $text =~ /STOPPING/ }' \
    "$T/notify" >"$T/notified" &
lib_pids+=("$!"); listener=$!
until_true 10 grep -q open "$T/notified"
BROKER_LOG=$T/broker.log BROKER_URLS=$T/broker.urls
NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=400000 mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$BROKER_LOG" &
BROKER_PID=$!; lib_pids+=("$BROKER_PID")
until_true 20 lib_broker_is_up
until_true 10 grep -q '^READY=1$' "$T/notified"
until_true 10 grep -q '^WATCHDOG=1$' "$T/notified"

background log mqtt-sub -h "$HOST" -p "$port" -t '$SYS/broker/log/#' -v -i watcher
until_true 10 grep -q 'as watcher' "$T/broker.file"
until_true 10 grep -q 'Sending SUBACK to watcher' "$T/broker.file"
run mqtt-pub -h "$HOST" -p "$port" -i other -t a -m long
until_true 10 grep -qE '^\$SYS/broker/log/N [0-9]+: New client connected from .* as other ' "$T/log.out"
until_true 10 grep -qE '^\$SYS/broker/log/W [0-9]+: Dropped too large PUBLISH from other' "$T/log.out"
run mqtt-sub -h "$HOST" -p "$port" -i third -t x/y -q 1 -W 1
until_true 10 grep -qE '^\$SYS/broker/log/M/subscribe [0-9]+: third 1 x/y$' "$T/log.out"
! grep -q 'PUBLISH to\|Received' "$T/log.out" || fail "lines of packets are published"
until_true 10 grep -q 'Received PUBLISH from other' "$T/broker.file"
kill -HUP "$BROKER_PID"
until_true 10 grep -q "^RELOADING=1$" "$T/notified"
kill "$BROKER_PID"; finish "$BROKER_PID"; expect_exit 0
finish "$listener"
expect_match "$T/notified" '^STOPPING=1$'

# JSON, one object a line.
start_broker --log-format json
run mqtt-pub -L "$URL/a" -m x -i 'q"uote' -u me
until_true 10 grep -q 'uote disconnected' "$BROKER_LOG"
perl -MJSON::PP -ne 'my $o = decode_json($_); die unless $o->{time} && $o->{level} && length $o->{message};
    $seen = 1 if $o->{message} =~ /as q"uote / && $o->{event} eq "client_connected" && $o->{client} eq "q\"uote" &&
        $o->{user} eq "me" && $o->{address} =~ /^127[.]0[.]0[.]1:/; END { exit !$seen }' "$BROKER_LOG" || fail "not JSON lines"
run mqtt-broker-lite --log-format xml
expect_exit 1
