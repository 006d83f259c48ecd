# timeout: 60
# mqtt-broker-lite store check, stats, export and backup: of a store without its broker, of one in use, of a damaged
# one; the control socket and who may open it.
. "$(dirname "$0")/lib.sh"
need sqlite3
store=$T/store.db

# Built without SQLite: everything that would keep something says what to do.
if ! has_store; then
    for words in '--persistence batch' '--persistence strict' '--store x' 'store stats' 'store backup copy.db'; do
        # shellcheck disable=SC2086  # words are meant
        run mqtt-broker-lite $words -p 0
        expect_exit 1; expect_quiet; expect_match "$T/err" 'built without SQLite; take .* -DMQTT_SQLITE=ON'
    done
    printf 'listener 0 127.0.0.1\npersistence true\n' >"$T/conf"
    for flag in '' --check-config; do
        # shellcheck disable=SC2086
        run mqtt-broker-lite -c "$T/conf" $flag
        expect_exit 1; expect_match "$T/err" 'conf:2: .*built without SQLite; .*persistence false'
    done
    run mqtt-broker-lite init "$T/made"; expect_exit 0
    run mqtt-broker-lite -c "$T/made/broker.conf" --check-config; expect_exit 0
    exit
fi
start_broker --persistence strict --store "$store" --threads 2
mqtt-sub -h "$HOST" -p "$PORT" -V 5 -c -x 3600 -i away -q 2 -t 'a/+' -E
mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t a/1 -m 'for later'
mqtt-pub -h "$HOST" -p "$PORT" -q 1 -r -t kept -m 'still "here"' -D publish user-property who ann

# In use: a copy is looked at, and the broker goes on.
expect_eq 'modes of the store and its log' "$(stat -c %a "$store" "$store-wal" | tr '\n' ' ')" '600 600 '
expect_eq 'mode of the control socket' "$(stat -c %a "$store.control")" 600
run mqtt-broker-lite store check --store "$store"
expect_exit 0; expect_match "$T/err" 'store.db is sound'; expect_quiet
run mqtt-broker-lite store stats --store "$store"
expect_exit 0
for line in 'sessions: 1' 'subscriptions: 1' 'queued messages: 1' 'retained messages: 1' 'schema version: 7'; do
    grep -qx "$line" "$T/out" || { cat "$T/out" >&2; fail "no line '$line'"; }
done
expect_match "$T/out" '^commits: [1-9]'
cp "$T/out" "$T/stats"
run mqtt-broker-lite store backup "$T/copy.db" --store "$store"
expect_exit 0
expect_eq 'mode of the copy' "$(stat -c %a "$T/copy.db")" 600
run mqtt-broker-lite store backup "$T/copy.db" --store "$store"
expect_exit 1; expect_match "$T/err" "copy.db' is there already"
run mqtt-broker-lite store backup "$T/nowhere/copy.db" --store "$store"
expect_exit 1; expect_match "$T/err" 'nowhere/copy.db.part.: No such file'
expect_eq 'what is left over' "$(ls "$T" | grep -cE 'snapshot|part|journal' || true)" 0
mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t a/2 -m 'after the copy'

# Its broker away.
stop_broker
[ ! -e "$store.control" ] || fail 'the control socket is left over'
run mqtt-broker-lite store check --store "$store"
expect_exit 0
run mqtt-broker-lite store stats --store "$store"
expect_match "$T/out" '^queued messages: 2$'
if grep -q '^commits' "$T/out"; then fail 'commits of a broker that is away'; fi
run mqtt-broker-lite store export --store "$store"
expect_exit 0
expect_match "$T/out" '"kind":"session".*"client_id":"away"'
expect_match "$T/out" '"kind":"subscription".*"filter":"a/\+","qos":2'
expect_match "$T/out" '"kind":"message".*"topic":"a/2".*"payload":"after the copy"'
expect_match "$T/out" '"kind":"queued".*"state":"queued"'
expect_eq 'kinds' "$(wc -l <"$T/out")" 7
grep '"kind":"retained"' "$T/out" >"$T/retained"

# The retained messages published elsewhere; the copy is a store of its own, from before.
cat >"$T/broker.conf" <<END
listener 1883 127.0.0.1
allow_anonymous true
persistence true
persistence_location $T
persistence_file copy.db
END
run mqtt-broker-lite store check -c "$T/broker.conf"
expect_exit 0
start_broker
mqtt-pub -h "$HOST" -p "$PORT" -q 1 --json-lines <"$T/retained"
expect_eq 'retained elsewhere' "$(mqtt-sub -h "$HOST" -p "$PORT" -V 5 -t '#' -C 1 -F '%t %p %P')" 'kept still "here" who:ann'
stop_broker
start_broker --store "$T/copy.db"
expect_eq 'from the copy' "$(mqtt-sub -h "$HOST" -p "$PORT" -V 5 -c -x 3600 -i away -q 2 -t 'a/+' -C 1)" 'for later'
stop_broker
run mqtt-broker-lite store backup "$T/second.db" --store "$T/copy.db"
expect_exit 0
run mqtt-broker-lite store check --store "$T/second.db"
expect_exit 0

# Damaged: rows that belong to nothing; pages that are none. What cannot be a store.
sqlite3 "$T/second.db" "DELETE FROM session; INSERT INTO retained (topic, properties, payload, qos, retain, publisher) VALUES ('a/#', '', 'x', 0, 1, 0)" >/dev/null
run mqtt-broker-lite store check --store "$T/second.db"
expect_exit 11
expect_match "$T/out" '1 subscriptions belong to no session'
expect_match "$T/out" '1 messages have no valid topic'
size=$(stat -c %s "$store")
sqlite3 "$store" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
printf 'no page at all' | dd of="$store" bs=1 seek=$((size / 4096 / 2 * 4096)) conv=notrunc status=none
run mqtt-broker-lite store check --store "$store"
expect_exit 11
run mqtt-broker-lite store check --store "$T/nothing.db"
expect_exit 1; expect_match "$T/err" "nothing.db': No such file"
run mqtt-broker-lite store check --store "$T/broker.conf"
expect_exit 1; expect_match "$T/err" 'broker.conf'
for words in store 'store mend' 'store backup'; do
    # shellcheck disable=SC2086  # words are meant
    run mqtt-broker-lite $words --store "$store"
    expect_exit 1; expect_match "$T/err" 'store (needs|mend: none of|backup TARGET)'
done

# Started as root, it is kept by the user whom root becomes, and that user can go on with it. What root alone had made before
# is handed over; a folder that is closed to the user is told.
if [ "$(id -u)" = 0 ] && getent passwd nobody >/dev/null; then
    chmod a+rwx "$T"; mkdir -m 755 "$T/kept"
    as_user() {
        printf '%s\n' "user $1" "listener $(free_port) $HOST" 'allow_anonymous true' 'persistence strict' \
            "persistence_location $T/kept/" >"$T/conf"
        start_broker -c "$T/conf"
        mqtt-pub -h "$HOST" -p "$PORT" -t "of/$1" -q 1 -r -m x
    }
    as_user root; stop_broker
    as_user nobody
    expect_match "$BROKER_LOG" "conf:5: user nobody cannot write in $T/kept: .*; chown nobody"
    for file in "$T"/kept/*; do expect_eq "owner of $file" "$(stat -c %U "$file")" nobody; done
    stop_broker
    chown nobody "$T/kept"
    as_user nobody
    ! grep -q 'cannot write in' "$BROKER_LOG" || fail 'the folder is open'
    stop_broker
    expect_eq 'what is left' "$(ls "$T/kept")" mqtt-broker-lite.db
    broker=$(command -v mqtt-broker-lite)
    if command -v setpriv >/dev/null && setpriv --reuid nobody --clear-groups "$broker" --version >/dev/null 2>&1; then
        sed -i "s/^listener .*/listener $(free_port) $HOST/" "$T/conf"
        setpriv --reuid nobody --clear-groups "$broker" -c "$T/conf" --ready-file "$T/kept/urls" >"$T/nobody.log" 2>&1 &
        BROKER_PID=$! BROKER_URLS=$T/kept/urls
        lib_pids+=("$BROKER_PID")
        until_true 20 lib_broker_is_up
        PORT=$(broker_port mqtt)
        expect_eq 'kept' "$(mqtt-sub -h "$HOST" -p "$PORT" -t 'of/#' -C 2 -W 10 -F %t | sort | xargs)" 'of/nobody of/root'
        stop_broker
    fi
fi
