# Endpoints as public clouds have them: ALPN on a TLS port, tokens as passwords that are made anew for each
# connection, headers of a WebSocket upgrade. The server (cloud_server.py) refuses whoever lacks one of them.
. "$(dirname "$0")/lib.sh"
need openssl python3
make_certs
secret=5c1f-token

cloud() { # cloud MODE: $PORT, $LOG
    LOG=$T/cloud-$1.log
    : >"$LOG"
    background "cloud-$1" python3 "$(dirname "$0")/cloud_server.py" "$1" "$T/certs/server.crt" "$T/certs/server.key" \
        "$secret" "$LOG"
    until_true 20 has_lines "$T/cloud-$1.out" 1
    PORT=$(cat "$T/cloud-$1.out")
}
publish() { run mqtt-pub -h localhost -p "$PORT" --cafile "$T/certs/ca.crt" -t dev/1 -m hello -q 1 "$@"; }

cloud alpn
publish -u device --password-file <(echo $secret)
[ "$status" != 0 ] || fail 'ALPN was not demanded'
expect_match "$LOG" 'refused without ALPN'
publish --tls-alpn x-amzn-mqtt-ca -u device -P wrong; expect_exit 135
expect_match "$LOG" 'refused login of device'
printf '%s\n' $secret >"$T/token"
publish --tls-alpn x-amzn-mqtt-ca -u device --password-file "$T/token"; expect_exit 0
expect_match "$LOG" '^published dev/1 hello$'
# The same from a profile of the name "cloud", for both tools.
mkdir -p "$T/.config/mqtt-tools"
cat >"$T/.config/mqtt-tools/cloud.conf" <<END
# connection
url mqtts://device@localhost:$PORT
cafile $T/certs/ca.crt
tls-alpn x-amzn-mqtt-ca
password-command cat $T/token
END
run mqtt-pub --profile cloud -t dev/2 -m hello -q 1; expect_exit 0
expect_match "$LOG" '^published dev/2 hello$'
MQTT_PROFILE=cloud run mqtt-pub -t dev/3 -m hello -q 1; expect_exit 0
run mqtt-sub --profile cloud -t a -W 500ms; expect_exit 27
run mqtt-pub --profile clod -t dev/2 -m hello; expect_exit 1
expect_match "$T/err" "no profile 'clod'.*there are: cloud"

# A token per connection: a server that closes makes the command run again. The second run fails; at a
# reconnect that is told and tried again.
cloud sas
cat >"$T/sign" <<'END'
# An HMAC login: expiry and signature of host, client and expiry. A new second makes a new token.
echo x >>"$(dirname "$0")/signed"
[ "$(wc -l <"$(dirname "$0")/signed")" != 2 ] || exit 9
expiry=$(($(date +%s) + 60 + $(wc -l <"$(dirname "$0")/signed")))
printf '%s:%s\n' "$expiry" "$(printf '%s:%s:%s' "$MQTT_HOST" "$MQTT_CLIENT_ID" "$expiry" |
    openssl dgst -sha256 -hmac "$1" | sed 's/.* //')"
END
seq 5 >"$T/lines"
run mqtt-pub -h localhost -p "$PORT" --cafile "$T/certs/ca.crt" -i dev7 -u dev7 --password-command "sh $T/sign $secret" \
    -t sas -l -q 1 <"$T/lines"
expect_exit 0
expect_match "$T/err" 'connection lost: .*next attempt in'
expect_match "$T/err" 'attempt 2 failed: the password command failed with exit code 9; next attempt in'
expect_match "$T/err" 'connected again'
expect_eq 'tokens' "$(wc -l <"$T/signed")" 3
expect_eq 'connections' "$(grep -c '^connected dev7 dev7$' "$LOG")" 2
expect_eq 'messages' "$(grep '^published' "$LOG" | sort -u | wc -l)" 5
# A command that fails says so: at the start for good.
run mqtt-pub -h localhost -p "$PORT" --tls --insecure -u d --password-command 'exit 3' -t a -m x; expect_exit 1
expect_match "$T/err" 'password command failed with exit code 3'
run mqtt-pub -h localhost -p "$PORT" --tls --insecure -u d --password-command 'sleep 30' --connect-timeout 300ms -t a -m x
expect_exit 1
expect_match "$T/err" 'password command did not end in time'

cloud ws
websocket() { publish --ws-path '/mqtt?x=1' "$@"; }
websocket --ws-header 'X-Tenant: acme'
[ "$status" != 0 ] || fail 'the token was not demanded'
expect_match "$T/err" '401'
websocket --ws-header 'X-Tenant: acme' --ws-header "Authorization: Bearer $secret"; expect_exit 0
expect_match "$LOG" '^published dev/1 hello$'
