# A private key that an engine of OpenSSL holds, under our name, mosquitto's by link, and mosquitto's own program: with
# the password, without it, with a wrong one, a key that the engine does not have, and an engine that nobody has.
. "$(dirname "$0")/drop_in.sh"
make_key_engine
make_certs
cd "$T"; touch device other  # mosquitto 2.0 wants to see a file of the key's name, whoever has the key
certs=$T/certs
chmod 755 "$T"
export KEY_ENGINE_FILE=$certs/client.key
right=$(printf secret | openssl sha1 -r | cut -d' ' -f1)
wrong=$(printf public | openssl sha1 -r | cut -d' ' -f1)

with_broker theirs 'listener %PORT2% 127.0.0.1' "cafile $certs/ca.crt" "certfile $certs/server.crt" \
    "keyfile $certs/server.key" 'require_certificate true' 'use_identity_as_username true'
with_key() {
    local key=$1; shift
    run "$PROGRAM" -h localhost -p "$PORT2" --cafile "$certs/ca.crt" -t t -m m -q 1 --cert "$certs/client.crt" --key "$key" "$@"
}
refused() {
    [ "$status" != 0 ] && [ -s "$T/err" ] || fail "$LABEL: $1: exit status $status, no word on stderr or no failure"
    ! is_ours || expect_match "$T/err" "$2"
    is_theirs "$PROGRAM" || { cp "$T/err" "$T/err.$1"; return; }
    [ "$their_version" = 2.0 ] || return 0
    cmp "$T/err" "$T/err.$1" >&2 || { cat "$T/err" "$T/err.$1" >&2; fail "$1: other words than mosquitto's"; }
}
for PROGRAM in mqtt-pub "$LINKS/mosquitto_pub" $(theirs pub); do
    LABEL=${PROGRAM##*/}
    logins=$(grep -c "u'client'" "$BROKER_LOG" || true)
    with_key device --tls-engine key_engine --keyform engine --tls-engine-kpass-sha1 "$right"; expect_exit 0
    until_true 10 eval '[ "$(grep -c "u'\''client'\''" "$BROKER_LOG")" -gt "$logins" ]'
    with_key "$certs/client.key" --tls-engine key_engine --keyform pem; expect_exit 0
    with_key "$certs/client.key" --tls-engine key_engine; expect_exit 0
    with_key device --tls-engine key_engine --keyform engine; refused 'no password' "key_engine.*'device'"
    with_key device --tls-engine key_engine --keyform engine --tls-engine-kpass-sha1 "$wrong"
    refused 'a wrong password' "key_engine.*'device'"
    with_key other --tls-engine key_engine --keyform engine --tls-engine-kpass-sha1 "$right"
    refused 'an unknown key' "key_engine.*'other'"
    with_key device --tls-engine key_engine --keyform engine --tls-engine-kpass-sha1 12ab; refused 'no SHA-1' 'tls-engine-kpass-sha1'
    with_key device --keyform engine --tls-engine none; refused 'no such engine' "engine 'none'"
    with_key device --keyform other --tls-engine key_engine; refused 'no such form' 'keyform'
    KEY_ENGINE_FILE=$certs/server.key with_key device --tls-engine key_engine --keyform engine --tls-engine-kpass-sha1 "$right"
    refused 'the key of another certificate' 'does not belong to the certificate'
    with_key device --tls-engine-kpass-sha1 "$right"; refused 'a password for nobody' 'tls-engine-kpass-sha1'
done
