# Recipes of mqtt-tools(7): a bridge to a cloud. The server demands what clouds demand (cloud_server.py, mode iot).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/recipes.sh"
need openssl python3
make_certs
cp certs/client.crt device17.crt
cp certs/client.key device17.key
LOG=$T/cloud.seen
: >"$LOG"
background server python3 "$lib_root/tests/cli/cloud_server.py" iot certs/server.crt certs/server.key certs/ca.crt "$LOG"
until_true 20 has_lines server.out 1
export cloud mqtt ca=$T/certs/ca.crt
cloud=localhost:$(cat server.out) mqtt=$(free_port)
# It does demand them.
run mqtt-pub -h localhost -p "${cloud#*:}" --cafile "$ca" --tls-alpn x-amzn-mqtt-ca -V 311 -t a -m x -q 1 --connect-timeout 5s
[ "$status" != 0 ] || fail 'no certificate was demanded'
run mqtt-pub -h localhost -p "${cloud#*:}" --cafile "$ca" --cert device17.crt --key device17.key -V 311 -t a -m x -q 1
[ "$status" != 0 ] || fail 'ALPN was not demanded'
expect_match "$LOG" 'refused without ALPN'

in_background cloud; bridge=$pid
until_true 20 grep -q '^subscribed site1/commands/#$' "$LOG"
background local mqtt-sub -p "$mqtt" -q 1 -t 'commands/#' -v -C 1 -W 20 -d
local=$pid
until_true 20 grep -q 'received SUBACK' local.err
run mqtt-pub -p "$mqtt" -q 1 -t readings/a -m 21; expect_exit 0
until_true 20 grep -q '^published site1/readings/a 21$' "$LOG"
finish "$local"
expect_eq 'the command of the cloud' "$(cat local.out)" 'commands/lamp on'
! grep -q 'refused a' "$LOG" || { cat "$LOG" >&2; fail 'the bridge did what clouds refuse'; }
# Away and back: what was said meanwhile is told, once.
stop "$bridge"
mqtt=$(free_port)
in_background cloud
until_true 20 listens "$mqtt"
run mqtt-pub -p "$mqtt" -q 1 -t readings/b -m 22; expect_exit 0
until_true 20 grep -q '^published site1/readings/b 22$' "$LOG"
