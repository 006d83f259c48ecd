# Secrets show nowhere: not in the process list, not in debug logs, not in messages; and where they come from.
. "$(dirname "$0")/lib.sh"
need mosquitto mosquitto_passwd
printf 'user:s3cret\n' >"$T/passwords"
mosquitto_passwd -U "$T/passwords" 2>/dev/null
chmod 644 "$T/passwords"; chmod 755 "$T"
start_mosquitto "password_file $T/passwords" 'allow_anonymous false'
at=(-h "$HOST" -p "$PORT" -q 1)

# The process list.
for words in "-u user -P s3cret" "-u user -Ps3cret" "-u user --pw=s3cret" "mqtt://user:s3cret@$HOST:$PORT" \
    "-L mqtt://user:s3cret@$HOST:$PORT"; do
    # shellcheck disable=SC2086  # words
    background subscriber mqtt-sub "${at[@]}" -t a -E -c -i keeps $words
    finish "$pid"; expect_eq "login by $words" "$status" 0
    # shellcheck disable=SC2086
    background subscriber mqtt-sub "${at[@]}" -t a -C 1 $words
    until_true 10 grep -q '\*\*\*\*' "/proc/$pid/cmdline"
    ! grep -q s3cret "/proc/$pid/cmdline" || fail "$words: the password is in the process list"
    until_true 10 mqtt-pub "${at[@]}" -u user -P s3cret -t a -m x
    finish "$pid"; expect_eq "$words" "$status" 0
done

# Sources, and the order between them.
printf 's3cret\nsecond line\n' >"$T/word"
accepted() { run env "$@"; expect_exit 0; ! grep -q s3cret "$T/err" || fail 'the password is on stderr'; }
accepted mqtt-pub "${at[@]}" -u user --password-file "$T/word" -t a -m x -d
accepted mqtt-pub "${at[@]}" -u user --password-command "cat $T/word" -t a -m x -d
accepted MQTT_USERNAME=user MQTT_PASSWORD=s3cret mqtt-pub "${at[@]}" -t a -m x -d
accepted MQTT_USERNAME=user MQTT_PASSWORD_FILE="$T/word" mqtt-pub "${at[@]}" -t a -m x -d
accepted MQTT_URL="mqtt://user:s3cret@$HOST:$PORT/a" mqtt-pub -m x -q 1 -d
accepted MQTT_PASSWORD=wrong mqtt-pub "${at[@]}" -u user -P s3cret -t a -m x -d
run mqtt-pub "${at[@]}" -u user --password-file "$T/none" -t a -m x; expect_exit 1
expect_match "$T/err" "password file '.*/none'"

# Messages.
run mqtt-pub -L "mqtt://user:s3cret@host:99999/a" -m x; expect_exit 1
! grep -q s3cret "$T/err" || fail 'a wrong URL is shown with its password'
expect_match "$T/err" 'mqtt://user:\*\*\*@host'
run mqtt-pub "${at[@]}" --proxy 'socks5h://user:s3cret@host:99999' -t a -m x; expect_exit 1
! grep -q s3cret "$T/err" || fail 'a wrong proxy is shown with its password'
printf -- '-P s3cret\n-q 7\n' >"$T/conf"
run mqtt-pub -o "$T/conf" -t a -m x; expect_exit 1
! grep -q s3cret "$T/err" || fail 'an options file is shown with its password'

# Asking: on the terminal, without echo. `script` gives the tool one.
run mqtt-pub "${at[@]}" -u user --ask-password -t a -m x </dev/null
[ "$status" != 0 ] || fail 'asked without a terminal'
if lib_find script >/dev/null; then
    printf 's3cret\n' >"$T/typed"
    status=0
    { until_true 10 grep -q Password "$T/session"; cat "$T/typed"; sleep 1; } |
        timeout 20 script -qfec "mqtt-pub -h $HOST -p $PORT -q 1 -u user --ask-password -t a -m x" "$T/session" \
            >/dev/null || status=$?
    expect_eq 'asked' "$status" 0
    expect_match "$T/session" "Password for user@$HOST:"
    ! grep -q s3cret "$T/session" || fail 'what was typed is shown'
fi
