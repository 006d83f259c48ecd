# timeout: 240
# Our clients on aedes, the broker that is embedded in Node.js programs (npm): 3.1 and 3.1.1, over TCP and WebSocket.
. "$(dirname "$0")/broker_lib.sh"
need node npm
cache=${XDG_CACHE_HOME:-${TMPDIR:-/tmp}}/mqtt-tools-aedes
mkdir -p "$cache"
# Whole or not at all: what an interrupted installation leaves is in another folder.
if [ ! -e "$cache/node_modules" ]; then
    (cd "$T" && HOME=$T timeout 90 npm install --no-audit --no-fund --silent --omit=optional aedes@0.51.3 websocket-stream@5.5.2) >/dev/null 2>&1 &&
        { mv -T "$T/node_modules" "$cache/node_modules" || [ -e "$cache/node_modules/aedes" ]; } 2>/dev/null || skip 'aedes cannot be installed from npm'
fi
NODE_PATH=$cache/node_modules background aedes node "$(dirname "$0")/peers/aedes.js"
until_true 20 has_lines "$T/aedes.out" 2
port() { sed -n "s/^$1 //p" "$T/aedes.out"; }
our_clients_on "mqtt://$HOST:$(port mqtt)" '31 311' '0 1 2'
our_clients_on "ws://$HOST:$(port ws)" 311 '0 1 2'
