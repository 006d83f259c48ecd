# timeout: 120
# The console over TLS in a browser: page, API and MQTT over one https listener, to others than this machine too, after
# a login; the certificate is the one that the browser was told of. tests/browser drives Chromium.
. "$(dirname "$0")/../cli/lib.sh"
need node chromium curl openssl
make_certs
mqtt-broker-lite passwd -b -c "$T/passwords" ann secret
port=$(free_port)
printf '%s\n' "user $(id -un)" "listener $(free_port) $HOST" "password_file $T/passwords" "http_listener $port" \
    "certfile $T/certs/server.crt" "keyfile $T/certs/server.key" >"$T/conf"
start_broker -c "$T/conf"
api=https://localhost:$port
until_true 10 contains "$BROKER_LOG" "listening on https://127.0.0.1:$port/"
# Programs trust the authority; plain HTTP on that port is told what it is.
run curl -s --cacert "$T/certs/ca.crt" -u ann:secret -d 21.5 "$api/api/publish?topic=kitchen/temp&retain=true"; expect_exit 0
run curl -s --cacert "$T/certs/ca.crt" "$api/api/topics?filter=%23"
expect_match "$T/out" 'password'
run curl -s "$api/healthz"; [ "$status" != 0 ] || fail 'an unknown authority is trusted'

cat >"$T/look.js" <<'JS'
const { launch, check } = require('browser');
const [T, program, api, key] = process.argv.slice(2);
(async () => {
    const browser = await launch(program, T + '/profile', ['--ignore-certificate-errors-spki-list=' + key]);
    const page = await browser.newPage();
    const until = condition => page.until(condition);
    const sockets = [], errors = [];
    page.on('socket', url => sockets.push(url));
    page.on('error', error => errors.push(error));
    await page.goto(api + '/');
    await page.css('#user').fill('ann');
    await page.css('#password').fill('secret');
    await page.press('Enter');
    await until(() => document.getElementById('state').textContent.includes('live'));
    check(sockets.length > 0 && sockets.every(url => url.startsWith(api.replace('https', 'wss') + '/')), 'sockets: ' + sockets);
    // Figures come by MQTT: once they do, nobody asks for them.
    await until(() => Date.now() - toldAt < 1500);
    let asked = 0;
    page.on('request', url => { if (url.endsWith('/api/stats')) ++asked; });
    const told = await page.evaluate(() => toldAt);
    await page.until(told => toldAt >= told + 2500, told);
    check(asked === 0, asked + ' requests for figures');
    await page.role('tab', 'Topics').click();
    await until(() => document.getElementById('panel-2').innerText.includes('kitchen'));
    await page.role('tab', 'Publish').click();
    await page.css('#publish-topic').fill('from/page');
    await page.css('#panel-4 textarea').fill('over TLS');
    await page.role('checkbox', 'retain', { exact: true }).check();
    await page.role('button', 'Publish', { exact: true }).click();
    await until(() => document.querySelector('#panel-4 [role=status]').textContent.startsWith('accepted'));
    check(errors.length === 0, errors.join('; '));
    await browser.close();
    console.log('looked at the console over TLS');
})().catch(error => { console.error(error.stack); process.exit(1); });
JS
key=$(openssl x509 -in "$T/certs/server.crt" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64)
NODE_PATH=$lib_root/tests/browser timeout 100 node "$T/look.js" "$T" "$(lib_find chromium)" "$api" "$key" >"$T/out" 2>"$T/err" ||
    { cat "$T/err" >&2; fail "the console over TLS in a browser"; }
run curl -s --cacert "$T/certs/ca.crt" -u ann:secret "$api/api/retained/from/page"
expect_eq 'what the page has published' "$(cat "$T/out")" 'over TLS'
