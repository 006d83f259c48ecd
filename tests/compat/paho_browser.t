# timeout: 240
# Eclipse Paho's JavaScript client in a browser (Chromium), 3.1 and 3.1.1, over WebSocket and secure WebSocket, on a page that our
# broker's http_dir serves; together with our own tools. tests/browser drives it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../cli/lib.sh"
need node npm chromium
cached() { # cached NAME PACKAGE...: a folder with the packages, whole or not at all, in $cache
    local name=$1; shift
    cache=${XDG_CACHE_HOME:-${TMPDIR:-/tmp}}/mqtt-tools-$name
    [ ! -e "$cache/node_modules" ] || return 0
    mkdir -p "$cache" "$T/$name"
    (cd "$T/$name" && HOME=$T timeout 90 npm install --no-audit --no-fund --silent "$@") >/dev/null 2>&1 &&
        { mv -T "$T/$name/node_modules" "$cache/node_modules" || [ -e "$cache/node_modules" ]; } 2>/dev/null
}
cached paho paho-mqtt@1.1.0 || skip 'paho-mqtt cannot be installed from npm'
make_certs
mkdir "$T/www"
cp "$cache/node_modules/paho-mqtt/paho-mqtt.js" "$T/www/"
cp "$(dirname "$0")/peers/paho_page.js" "$T/www/page.js"
echo '<!doctype html><title>Paho</title><link rel="icon" href="data:,"><script src="paho-mqtt.js"></script><script src="page.js"></script>' >"$T/www/index.html"
printf '%s\n' "user $(id -un)" 'allow_anonymous true' "listener $(free_port) $HOST" \
    "listener $(free_port) $HOST" 'protocol websockets' "http_dir $T/www" \
    "listener $(free_port) $HOST" 'protocol websockets' "http_dir $T/www" "certfile $T/certs/server.crt" "keyfile $T/certs/server.key" >"$T/conf"
start_broker -v -c "$T/conf"
mqtt-pub -L "$URL" -q 1 -r -t page/from/us -m 'kept by mqtt-pub'

cat >"$T/look.js" <<'JS'
const { launch } = require('browser');
const [folder, program, url, version] = process.argv.slice(2);
(async () => {
    const browser = await launch(program, folder, ['--ignore-certificate-errors']);
    const page = await browser.newPage();
    page.on('console', message => console.error(message.text));
    page.on('error', error => console.error(error));
    await page.goto(url);
    const said = await page.evaluate(version => talk(version), Number(version));
    await browser.close();
    if (said !== 'well') throw new Error(said);
})().catch(error => { console.error(error.message); process.exit(1); });
JS
for version in 3 4; do
    for way in "ws http" "wss https"; do
        read -r scheme site <<<"$way"
        NODE_PATH=$lib_root/tests/browser hears_from "$version.$scheme" 'from a browser' timeout 90 node "$T/look.js" "$T/profile.$version.$scheme" \
            "$(lib_find chromium)" "$site://$HOST:$(broker_port "$scheme")/" "$version"
    done
done
