# Recipes of mqtt-tools(7): plain and TLS traffic, captured and decoded with the keys of the connection.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/recipes.sh"
need openssl tshark dumpcap
make_certs
start_broker --listen mqtts://127.0.0.1:0 --cert certs/server.crt --key certs/server.key
export interface=lo mqtt=$PORT mqtts ca=$T/certs/ca.crt
mqtts=$(broker_port mqtts)
in_background capture; capture=$pid
began_or_ended() { grep -q 'File:' capture.err || ! kill -0 "$capture" 2>/dev/null; }
until_true 10 began_or_ended
kill -0 "$capture" 2>/dev/null || skip 'capturing on the loopback interface is not allowed here'
run_recipe talk
recipe decode
shows() { timeout 30 bash "$T/decode.sh" 2>/dev/null | grep "Publish Message.*\[$1\]"; }
until_true 40 shows lamp/plain
until_true 40 shows lamp/secret
stop "$capture"
! grep -qa lamp/secret mqtt.pcapng || fail 'what TLS hides is in the capture'
: >keys
! shows lamp/secret || fail 'TLS was decoded without its keys'
