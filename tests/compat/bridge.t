# timeout: 120
# A bridge of ours to mosquitto, set up on our side alone, and one of mosquitto's to us, set up on its: `topic # both`,
# prefixes, every QoS, retained, state, in 5.0 and 3.1.1; no message comes back to where it was published.
. "$(dirname "$0")/../cli/lib.sh"
need mosquitto
start_mosquitto
remote=$PORT theirs=$BROKER_LOG
for version in mqttv50 mqttv311; do
    cat >"$T/$version.conf" <<EOF
user $(id -un)
connection $version
address 127.0.0.1:$remote
bridge_protocol_version $version
remote_clientid $version
topic all/# both 2
topic sensors/# out 1 "" site1/
topic commands/# in 1 "" site1/
topic "" out 1 here/one there/one
EOF
    start_broker -v -c "$T/$version.conf"
    local=$PORT
    state="\$SYS/broker/connection/$version/state"
    state_is() { [ "$(mqtt-sub -h "$HOST" -p "$1" -t "$state" -C 1 -W 5 2>/dev/null)" = "$2" ]; }
    until_true 20 state_is "$local" 1
    until_true 20 state_is "$remote" 1

    background there mqtt-sub -h "$HOST" -p "$remote" -q 2 -t '#' -v -F '%t %q %p' -d
    there=$pid
    background here mqtt-sub -h "$HOST" -p "$local" -q 2 -t '#' -v -F '%t %q %p' -d
    here=$pid
    until_true 20 grep -q 'received SUBACK' "$T/there.err"
    until_true 20 grep -q 'received SUBACK' "$T/here.err"
    for qos in 0 1 2; do
        mqtt-pub -h "$HOST" -p "$local" -q $qos -t "all/up$qos" -m "$version"
        mqtt-pub -h "$HOST" -p "$remote" -q $qos -t "all/down$qos" -m "$version"
    done
    mqtt-pub -h "$HOST" -p "$local" -q 2 -t sensors/t -m 21
    mqtt-pub -h "$HOST" -p "$remote" -q 2 -t site1/commands/go -m 1
    mqtt-pub -h "$HOST" -p "$local" -q 1 -t here/one -m single
    mqtt-pub -h "$HOST" -p "$local" -q 1 -t not/for/it -m local
    mqtt-pub -h "$HOST" -p "$local" -r -q 1 -t all/kept -m "kept $version"
    until_true 20 grep -q 'all/kept' "$T/there.out"
    # An echo would have arrived before this.
    mqtt-pub -h "$HOST" -p "$remote" -q 2 -t all/end -m end
    until_true 20 grep -q 'all/end' "$T/here.out"
    mqtt-pub -h "$HOST" -p "$local" -q 2 -t all/end2 -m end
    until_true 20 grep -q 'all/end2' "$T/there.out"
    kill "$there" "$here"; finish "$there"; finish "$here"
    sort "$T/there.out" >"$T/there"
    expect_file "$T/there" <<EOF
all/down0 0 $version
all/down1 1 $version
all/down2 2 $version
all/end 2 end
all/end2 2 end
all/kept 1 kept $version
all/up0 0 $version
all/up1 1 $version
all/up2 2 $version
site1/commands/go 2 1
site1/sensors/t 1 21
there/one 1 single
EOF
    sort "$T/here.out" >"$T/here"
    expect_file "$T/here" <<EOF
all/down0 0 $version
all/down1 1 $version
all/down2 2 $version
all/end 2 end
all/end2 2 end
all/kept 1 kept $version
all/up0 0 $version
all/up1 1 $version
all/up2 2 $version
commands/go 1 1
here/one 1 single
not/for/it 1 local
sensors/t 2 21
EOF
    run mqtt-sub -h "$HOST" -p "$remote" -t all/kept -C 1 -W 10
    expect_eq "retained at the remote" "$(cat "$T/out")" "kept $version"
    stop_broker
    until_true 20 state_is "$remote" 0
    mqtt-pub -h "$HOST" -p "$remote" -r -n -t all/kept
done

start_broker -v
ours=$PORT our_log=$BROKER_LOG
start_mosquitto 'connection m' "address 127.0.0.1:$ours" 'remote_clientid m' 'restart_timeout 1' 'topic all/# both 2' \
    'topic sensors/# out 1 "" site1/'
theirs=$PORT
state="\$SYS/broker/connection/m/state"
until_true 30 state_is "$ours" 1
until_true 20 state_is "$theirs" 1
background up mqtt-sub -h "$HOST" -p "$ours" -q 2 -t '#' -F '%t %q %p' -d
up=$pid
background down mqtt-sub -h "$HOST" -p "$theirs" -q 2 -t '#' -F '%t %q %p' -d
down=$pid
until_true 20 grep -q 'received SUBACK' "$T/up.err"
until_true 20 grep -q 'received SUBACK' "$T/down.err"
for qos in 0 1 2; do
    mqtt-pub -h "$HOST" -p "$theirs" -q $qos -t "all/up$qos" -m x
    mqtt-pub -h "$HOST" -p "$ours" -q $qos -t "all/down$qos" -m x
done
mqtt-pub -h "$HOST" -p "$theirs" -q 2 -t sensors/t -m 21
until_true 20 grep -q 'site1/sensors/t' "$T/up.out"
mqtt-pub -h "$HOST" -p "$ours" -q 2 -t all/end -m end
until_true 20 grep -q 'all/end' "$T/down.out"
mqtt-pub -h "$HOST" -p "$theirs" -q 2 -t all/end2 -m end
until_true 20 grep -q 'all/end2' "$T/up.out"
kill "$up" "$down"; finish "$up"; finish "$down"
grep -v '^.SYS' "$T/up.out" | sort >"$T/up"
expect_file "$T/up" <<EOF
all/down0 0 x
all/down1 1 x
all/down2 2 x
all/end 2 end
all/end2 2 end
all/up0 0 x
all/up1 1 x
all/up2 2 x
site1/sensors/t 1 21
EOF
sort "$T/down.out" >"$T/down"
expect_file "$T/down" <<EOF
all/down0 0 x
all/down1 1 x
all/down2 2 x
all/end 2 end
all/end2 2 end
all/up0 0 x
all/up1 1 x
all/up2 2 x
sensors/t 2 21
EOF
stop_broker
until_true 20 state_is "$ours" 0
