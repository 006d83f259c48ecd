# What recipes_sqlite.t and recipes_mariadb.t share: a broker with users, a device of 3.1.1 that logs in, and the check that
# each reading is in the table once. The test gives `rows`, which prints the table.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/recipes.sh"
need jq
mqtt-broker-lite passwd -b -c passwords store kept
mqtt-broker-lite passwd -b passwords device17 secret17
printf 'secret17\n' >device17.password
printf '%s\n' "user $(id -un)" 'allow_anonymous false' "password_file $T/passwords" "listener $(free_port) $HOST" >readings.conf
start_broker -v -c readings.conf
store_url=mqtt://store:kept@$HOST:$PORT

reading() { mqtt-pub -L "$URL/sensor/hall/temperature" -V 311 -u device17 --password-file device17.password -q 1 -m "$1"; }
row_count() { [ "$(rows | wc -l)" = "$1" ]; }
store_subscribed() { [ "$(grep -c 'Sending SUBACK to store' "$BROKER_LOG")" = "$1" ]; }

# readings_arrive RECIPE
readings_arrive() {
    MQTT_URL=$store_url in_background "$1"; local store=$pid
    until_true 20 store_subscribed 1
    MQTT_URL=$URL run_recipe reading
    MQTT_URL=$URL run_recipe reading
    reading "{\"id\": \"a-18'); DROP TABLE reading; --\", \"value\": 4}"
    reading '{"id": "a-19\\", "value": 5}'
    until_true 20 row_count 3
    stop "$store"
    reading '{"id": "a-20 ä", "value": -1}'
    MQTT_URL=$store_url in_background "$1"; store=$pid
    until_true 20 row_count 4
    stop "$store"
    expect_eq 'the rows' "$(rows)" "a-17|sensor/hall/temperature|21.5
a-18'); DROP TABLE reading; --|sensor/hall/temperature|4.0
a-19\\|sensor/hall/temperature|5.0
a-20 ä|sensor/hall/temperature|-1.0"
    run mqtt-pub -L "$URL/sensor/hall/temperature" -V 311 -u device17 -P wrong -m x
    [ "$status" = 4 ] || [ "$status" = 5 ] || expect_exit 5
}
