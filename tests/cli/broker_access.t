# timeout: 60
# Passwords and access lists: files of mosquitto_passwd are understood and ours by mosquitto, and both brokers
# let the same clients do the same things.
. "$(dirname "$0")/lib.sh"
# Hashes of other times.
printf 'new:$argon2id$v=19$m=47104,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g\n' >"$T/argon"
printf '%s\n' 'listener 1' "password_file $T/argon" >"$T/argon.conf"
run mqtt-broker-lite passwd -c -b -H argon2id "$T/own" a b
if [ "$status" = 0 ]; then # OpenSSL 3.2 or later
    expect_match "$T/own" '^a:\$argon2id\$v=19\$m=47104,t=1,p=1\$'
else
    expect_match "$T/err" '^mqtt-broker-lite passwd: -H argon2id needs OpenSSL 3.2'
    run mqtt-broker-lite -c "$T/argon.conf" --check-config
    expect_exit 1
    expect_match "$T/err" 'argon.conf:2: password_file: .*argon:1: argon2id needs OpenSSL 3.2'
fi
run mqtt-broker-lite passwd -c -b -H sha512-pbkdf2 "$T/argon" a b
expect_exit 0
need mosquitto mosquitto_passwd mosquitto_pub mosquitto_sub

mosquitto_passwd -c -b "$T/theirs" alice secret
mosquitto_passwd -b "$T/theirs" bob 'pass word'
mqtt-broker-lite passwd -c -b -H sha512 "$T/ours" alice secret
expect_match "$T/ours" '^alice:\$6\$'
printf 'pass word\n' | mqtt-broker-lite passwd "$T/ours" bob
expect_eq "mode of a new file" "$(stat -c %a "$T/ours")" 600
cat >"$T/acl" <<EOF
topic read news/#
user alice
topic readwrite alice/#
topic read \$SYS/broker/version
pattern write in/%u/%c
pattern read out/%u/#
EOF

# may BROKER PASSWORDS: prints what each client of a list gets to do.
verdicts() {
    local user password topic
    while read -r user password; do
        run mosquitto_pub -h "$HOST" -p "$PORT" ${user:+-u "$user"} ${password:+-P "${password/_/ }"} -i "$user.id" \
            -t nothing -m x -q 1
        echo "login '$user' '$password': $status"
    done <<<"$(printf 'alice secret\nalice wrong\nalice\nbob pass_word\nbob pass\ncarol secret\n')"
    : >"$T/seen"  # now, not when the process starts
    mosquitto_sub -h "$HOST" -p "$PORT" -u alice -P secret -i reader -t '#' -t '$SYS/broker/version' -v -W 6 \
        -F '%t' >"$T/seen" 2>/dev/null &
    local reader=$!
    until_true 10 reader_is_there
    for topic in alice/x in/alice/w in/alice/other out/alice/x bob/x news/1; do
        mosquitto_pub -h "$HOST" -p "$PORT" -u alice -P secret -i w -t "$topic" -m x -q 1 || true
    done
    mosquitto_pub -h "$HOST" -p "$PORT" -u bob -P 'pass word' -i w -t alice/from-bob -m x -q 1 || true
    mosquitto_pub -h "$HOST" -p "$PORT" -u alice -P secret -i w -t alice/end -m x -q 1
    until_true 10 grep -q alice/end "$T/seen"
    until_true 10 grep -q '$SYS/broker/version' "$T/seen"
    kill -INT "$reader"; finish "$reader"
    sort -u "$T/seen"
}
# The message about itself says that it is subscribed.
reader_is_there() {
    mosquitto_pub -h "$HOST" -p "$PORT" -u alice -P secret -i w -t alice/there -m x -q 1
    grep -q alice/there "$T/seen"
}

for passwords in theirs ours; do
    start_mosquitto "password_file $T/$passwords" "acl_file $T/acl" 'allow_anonymous false'
    verdicts >"$T/mosquitto.verdicts"
    stop_broker
    PORT=$(free_port) BROKER_URLS=$T/$passwords.urls
    printf '%s\n' "listener $PORT 127.0.0.1" "password_file $T/$passwords" "acl_file $T/acl" 'user root' >"$T/conf"
    mqtt-broker-lite -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$T/lite.log" &
    BROKER_PID=$!
    lib_pids+=("$BROKER_PID")
    until_true 20 lib_broker_is_up
    verdicts >"$T/lite.verdicts"
    stop_broker
    diff -u "$T/mosquitto.verdicts" "$T/lite.verdicts" || fail "$passwords: the brokers differ"
    expect_match "$T/lite.verdicts" "^login 'alice' 'secret': 0$"
    expect_match "$T/lite.verdicts" "^alice/x$"
    ! grep -qE '^(bob/x|alice/from-bob)$' "$T/lite.verdicts" || fail "somebody published where they may not"
done

# A retained message is sent while who published it may: a reload takes the right away (2.0.11 of mosquitto has the key
# and sends it all the same). What the broker says of itself comes second, so that something comes in any case.
first_retained() {
    mosquitto_sub -h "$HOST" -p "$PORT" -u alice -P secret -t alice/kept -t '$SYS/broker/version' -C 1 -W 10 -F %t
}
is_first() { [ "$(first_retained)" = "$1" ]; }
cp "$T/acl" "$T/acl.now"
printf '%s\n' 'user root' "password_file $T/theirs" "acl_file $T/acl.now" "listener $(free_port) 127.0.0.1" >"$T/conf"
start_broker -c "$T/conf"
mosquitto_pub -h "$HOST" -p "$PORT" -u alice -P secret -t alice/kept -m x -r -q 1
expect_eq 'before the reload' "$(first_retained)" alice/kept
sed -i 's,readwrite alice/#,read alice/#,' "$T/acl.now"
kill -HUP "$BROKER_PID"
until_true 10 is_first '$SYS/broker/version'
echo 'check_retain_source false' >>"$T/conf"
kill -HUP "$BROKER_PID"
until_true 10 is_first alice/kept
stop_broker

# Editing.
run mqtt-broker-lite passwd -D "$T/ours" bob; expect_exit 0
! grep -q '^bob:' "$T/ours" || fail "bob is still there"
run mqtt-broker-lite passwd -D "$T/ours" bob; expect_exit 1
expect_match "$T/err" 'ours: no user bob$'
run mqtt-broker-lite passwd "$T/new" alice </dev/null; expect_exit 1
expect_match "$T/err" 'new: cannot be read \(-c makes a new one\)$'
printf 'dora:plain text\n' >"$T/plain"
run mqtt-broker-lite passwd -U "$T/plain"; expect_exit 0
expect_match "$T/plain" '^dora:\$7\$1000\$'
run mqtt-broker-lite passwd -x "$T/ours" bob; expect_exit 1
run mqtt-broker-lite passwd "$T/ours"; expect_exit 1
cp "$T/ours" "$T/same"
run mqtt-broker-lite passwd "$T/ours" alice secret; expect_exit 1 # in sight of ps only when asked for
expect_match "$T/err" 'passwd needs FILE and USER'
cmp -s "$T/ours" "$T/same" || fail 'a password in the command line was taken without -b'

# Credentials for SCRAM serve plain passwords, too. A filter that can match nothing readable is refused, or
# granted when mosquitto's way is asked for.
run mqtt-broker-lite passwd -c -H scram-sha-256 -b "$T/scram" alice secret; expect_exit 0
expect_match "$T/scram" '^alice:SCRAM-SHA-256\$4096:'
run mqtt-broker-lite passwd -H md5 "$T/scram" bob; expect_exit 1
expect_match "$T/err" "'md5' is none of sha512-pbkdf2, sha512, argon2id and scram-sha-256"
for mode in strict mosquitto; do
    PORT=$(free_port) BROKER_URLS=$T/$mode.urls
    printf '%s\n' "listener $PORT 127.0.0.1" "password_file $T/scram" "acl_file $T/acl" "acl_subscribe_mode $mode" \
        'user root' >"$T/conf"
    mqtt-broker-lite -v -c "$T/conf" --ready-file "$BROKER_URLS" 2>"$T/$mode.log" &
    BROKER_PID=$!
    lib_pids+=("$BROKER_PID")
    until_true 20 lib_broker_is_up
    run mosquitto_pub -h "$HOST" -p "$PORT" -u alice -P wrong -t alice/x -m x; expect_exit 5
    run mosquitto_sub -h "$HOST" -p "$PORT" -u alice -P secret -t bob/x -V mqttv5 -W 1
    if [ "$mode" = strict ]; then expect_match "$T/$mode.log" 'bob/x \(denied\)$'; else
        expect_match "$T/$mode.log" 'bob/x \(QoS 0\)$'; fi
    stop_broker
done

printf '%s\n' 'listener 0' 'acl_subscribe_mode lax' >"$T/conf"
run mqtt-broker-lite -c "$T/conf" --check-config; [ "$status" != 0 ] || fail "lax was accepted"
expect_match "$T/err" "'lax' is neither strict nor mosquitto"
