# timeout: 90
# Recipes of mqtt-tools(7): a device that Home Assistant finds by itself; migration from mosquitto, emqtt-bench and MQTTX.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/recipes.sh"
need jq
export mqtt
mqtt=$(free_port)
in_background hass-server
until_true 20 listens "$mqtt"
export period=0.1 sensor=21.5
in_background hass-device; device=$pid
# What Home Assistant does with it.
look() { timeout 20 mqtt-sub -o ha/client.conf -t "$1" -C 1 -W 15; }
look 'homeassistant/+/+/config' >config.json
key() { jq -r ".$1" config.json; }
expect_eq 'the unit' "$(key unit_of_measurement)" '°C'
expect_eq 'the template' "$(key value_template)" '{{ value_json.temperature }}'
expect_eq 'the state' "$(look "$(key state_topic)" | jq .temperature)" 21.5
expect_eq 'presence' "$(look "$(key availability_topic)")" online
kill -KILL -- "-$device"; finish "$device"
is_offline() { [ "$(look "$(key availability_topic)")" = offline ]; }
until_true 20 is_offline
run mqtt-sub -p "$mqtt" -t '#' -C 1 -W 5; [ "$status" != 0 ] || fail 'no password was asked for'

theirs=$(free_port)
mqtt-broker-lite passwd -b -c passwords ann secret
printf '%s\n' "user $(id -un)" "listener $theirs 127.0.0.1" 'allow_anonymous false' 'password_file passwords' \
    'max_inflight_messages 20' >mosquitto.conf
in_background mosquitto
until_true 20 listens "$theirs"
until_true 10 test -e mosquitto_rr
run ./mosquitto_pub -p "$theirs" -u ann -P secret -t a/b -m hello -q 2 -r; expect_exit 0
run ./mosquitto_sub -p "$theirs" -u ann -P secret -t 'a/#' -v -C 1 -W 10; expect_exit 0
expect_eq 'the link mosquitto_sub' "$(cat out)" 'a/b hello'
run ./mosquitto_rr -p "$theirs" -u ann -P secret -V 5 -t nobody -e answer -m x -W 1; expect_exit 27
run ./mosquitto_pub -p "$theirs" -t a -m x; [ "$status" != 0 ] || fail 'the configuration was not heard'

start_broker
export MQTT_URL=$URL time=1s
# 3: this machine is too busy to measure on.
measured() { recipe "$1"; run bash -e "$T/$1.sh"; [ "$status" = 3 ] || expect_exit 0; }
recipe emqtt; measured emqtt
expect_match out 'publish|sent'
recipe mqttx; measured mqttx
expect_match out '"topic":"hello".*"from MQTTX"'
expect_match out '"unit"'
