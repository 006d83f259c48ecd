# timeout: 90
# Recipes of mqtt-tools(7): a server on a cloud host and a phone that reaches it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/recipes.sh"
need openssl
make_certs
mkdir live
cp certs/server.crt live/fullchain.pem
cp certs/server.key live/privkey.pem
export certs=$T/live mqtts wss host=localhost
mqtts=$(free_port) wss=$(free_port)
in_background host
until_true 20 listens "$mqtts"
until_true 20 listens "$wss"

# The certificate authority of the test is one that the system trusts.
export SSL_CERT_FILE=$T/certs/ca.crt
home() { mqtt-pub -h localhost -p "$mqtts" --tls-use-os-certs -u home --password-file home.password -V 5 -q 1 "$@"; }
in_background phone; phone=$pid
phone_is_there() { home -t house/probe -m there -d 2>&1 | grep 'received PUBACK id 1$'; }
until_true 20 phone_is_there
until_true 10 grep -q '^house/probe there$' phone.out
stop "$phone"
home -t house/door -m open
in_background phone; phone=$pid
until_true 20 grep -q '^house/door open$' phone.out
stop "$phone"

# As an app does it over WebSocket; and what it may not.
over_wss() { run mqtt-pub -L "wss://localhost:$wss/mqtt" --cafile "$T/certs/ca.crt" -V 5 -q 1 "$@"; }
over_wss -u phone --password-file phone.password -t phone/hello -m hello; expect_exit 0
over_wss -u phone --password-file phone.password -t house/door -m open; expect_exit 135
over_wss -t phone/hello -m hello; [ "$status" != 0 ] || fail 'no password was asked for'
