# timeout: 180
# Recipes of mqtt-tools(7): a flow of Node-RED against our broker. Node-RED comes from npm, once, into a cache.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/recipes.sh"
need node curl
if ! lib_find node-red >/dev/null; then
    need npm
    cache=${XDG_CACHE_HOME:-${TMPDIR:-/tmp}}/mqtt-tools-node-red
    mkdir -p "$cache"
    # Whole or not at all: what an interrupted installation leaves is in another folder.
    if [ ! -e "$cache/node_modules" ]; then
        (cd "$T" && HOME=$T timeout 90 npm install --no-audit --no-fund --silent --omit=optional node-red@3.1.15) >/dev/null 2>&1 &&
            { mv -T "$T/node_modules" "$cache/node_modules" || [ -e "$cache/node_modules/.bin/node-red" ]; } 2>/dev/null || skip 'node-red cannot be installed from npm'
    fi
    export PATH=$cache/node_modules/.bin:$PATH
fi
start_broker -v
export MQTT_URL=$URL mqtt=$PORT nodered
nodered=$(free_port)
mkdir flow && cd flow
background alarms mqtt-sub -q 1 -t 'alarm/#' -v -C 1 -W 90 -d
alarms=$pid
in_background nodered
until_true 60 grep -q 'Sending SUBACK to node-red' "$BROKER_LOG"
mqtt-pub -q 1 -t sensor/hall/temperature -m '{"id": "a-1", "value": 24.9}'
mqtt-pub -q 1 -t sensor/hall/temperature -m '{"id": "a-2", "value": 25.1}'
finish "$alarms" 30
expect_eq 'the alarm' "$(cat "$T/alarms.out")" 'alarm/temperature {"id":"a-2","value":25.1}'
expect_match "$BROKER_LOG" 'New client connected from .* as node-red \(p5,'
