# timeout: 120
# The console over TLS in a browser: page, API and MQTT over one https listener, to others than this machine too, after
# a login; the certificate is the one that the browser was told of. playwright-core drives Chromium.
. "$(dirname "$0")/../cli/lib.sh"
need node npm chromium curl openssl
cache=${XDG_CACHE_HOME:-${TMPDIR:-/tmp}}/mqtt-tools-playwright
mkdir -p "$cache"
(cd "$cache" && { [ -d node_modules/playwright-core ] ||
    HOME=$cache npm install --no-audit --no-fund --silent playwright-core@1.49.1 >/dev/null 2>&1; }) ||
    skip "playwright-core cannot be installed from npm"
make_certs
mqtt-broker-lite passwd -b -c "$T/passwords" ann secret
port=$(free_port)
printf '%s\n' "user $(id -un)" "listener $(free_port) $HOST" "password_file $T/passwords" "http_listener $port" \
    "certfile $T/certs/server.crt" "keyfile $T/certs/server.key" >"$T/conf"
start_broker -c "$T/conf"
api=https://localhost:$port
expect_match "$BROKER_LOG" "listening on https://127.0.0.1:$port/"
# Programs trust the authority; plain HTTP on that port is told what it is.
run curl -s --cacert "$T/certs/ca.crt" -u ann:secret -d 21.5 "$api/api/publish?topic=kitchen/temp&retain=true"; expect_exit 0
run curl -s --cacert "$T/certs/ca.crt" "$api/api/topics?filter=%23"
expect_match "$T/out" 'password'
run curl -s "$api/healthz"; [ "$status" != 0 ] || fail 'an unknown authority is trusted'

cat >"$T/look.js" <<'JS'
const { chromium } = require('playwright-core');
const [T, executablePath, api, key] = process.argv.slice(2);
const check = (ok, what) => { if (!ok) throw new Error(what); };
(async () => {
    const browser = await chromium.launchPersistentContext(T + '/profile', { executablePath, headless: true,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync', '--ignore-certificate-errors-spki-list=' + key] });
    const page = await browser.newPage();
    page.setDefaultTimeout(30000);
    const until = async condition => {
        for (const end = Date.now() + 30000; !await page.evaluate(condition);) {
            if (Date.now() > end) throw new Error('not within 30 seconds: ' + condition);
            await new Promise(done => setTimeout(done, 50));
        }
    };
    const sockets = [], errors = [];
    page.on('websocket', socket => sockets.push(socket.url()));
    page.on('pageerror', error => errors.push(String(error)));
    await page.goto(api + '/');
    await page.locator('#user').fill('ann');
    await page.locator('#password').fill('secret');
    await page.keyboard.press('Enter');
    await until(() => document.getElementById('state').textContent.includes('live'));
    check(sockets.length > 0 && sockets.every(url => url.startsWith(api.replace('https', 'wss') + '/')), 'sockets: ' + sockets);
    // Figures come by MQTT: once they do, nobody asks for them.
    await until(() => Date.now() - toldAt < 1500);
    let asked = 0;
    page.on('request', request => { if (request.url().endsWith('/api/stats')) ++asked; });
    const told = await page.evaluate(() => toldAt);
    for (const end = Date.now() + 30000; await page.evaluate(told => toldAt < told + 2500, told);) {
        check(Date.now() < end, 'no figures by MQTT');
        await new Promise(done => setTimeout(done, 50));
    }
    check(asked === 0, asked + ' requests for figures');
    await page.getByRole('tab', { name: 'Topics' }).click();
    await until(() => document.getElementById('panel-2').innerText.includes('kitchen'));
    await page.getByRole('tab', { name: 'Publish' }).click();
    await page.locator('#publish-topic').fill('from/page');
    await page.locator('#panel-4 textarea').first().fill('over TLS');
    await page.getByLabel('retain', { exact: true }).check();
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await until(() => document.querySelector('#panel-4 [role=status]').textContent.startsWith('accepted'));
    check(errors.length === 0, errors.join('; '));
    await browser.close();
    console.log('looked at the console over TLS');
})().catch(error => { console.error(error.stack); process.exit(1); });
JS
key=$(openssl x509 -in "$T/certs/server.crt" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64)
NODE_PATH=$cache/node_modules timeout 100 node "$T/look.js" "$T" "$(lib_find chromium)" "$api" "$key" >"$T/out" 2>"$T/err" ||
    { cat "$T/err" >&2; fail "the console over TLS in a browser"; }
run curl -s --cacert "$T/certs/ca.crt" -u ann:secret "$api/api/retained/from/page"
expect_eq 'what the page has published' "$(cat "$T/out")" 'over TLS'
