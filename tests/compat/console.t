# timeout: 240
# The console page in a browser: what it shows and does, by keyboard too; hostile topics, payloads and ids, which stay
# text; pages of other origins; 100,000 topics; logging in. tests/browser drives Chromium.
. "$(dirname "$0")/../cli/lib.sh"
need node chromium curl

printf 'secret\n' >"$T/secret"
mqtt-broker-lite -p 0 --console 127.0.0.1:0 --user "ann:$T/secret" --ready-file "$T/closed.urls" >"$T/closed.log" 2>&1 &
lib_pids+=("$!")
start_broker --console 127.0.0.1:0 --threads 2
until_true 20 test -s "$T/closed.urls"
api=http://$HOST:$(broker_port http)
closed=http://$HOST:$(BROKER_URLS=$T/closed.urls broker_port http)

# What a hostile client says.
evil='<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>'
background evil mqtt-sub -h "$HOST" -p "$PORT" -i "$evil" -t "evil/#" -t '<b onclick=hacked=3>/#'
background victim mqtt-sub -h "$HOST" -p "$PORT" -i victim -q 1 -t 'from/page' -F '%q %r %P %p'
mqtt-pub -h "$HOST" -p "$PORT" -q 1 -r -t "evil/$evil" -m "$evil" -D publish user-property "$evil" "$evil" -D publish content-type "$evil"
for topic in __proto__ constructor/x hasOwnProperty 'evil/javascript:alert(1)'; do
    mqtt-pub -h "$HOST" -p "$PORT" -q 1 -r -t "$topic" -m "\"'><svg onload=hacked=4>"
done
printf '\001\377\000' | mqtt-pub -h "$HOST" -p "$PORT" -q 1 -r -t evil/bytes -s
perl -e 'for (1 .. 100000) { printf qq({"topic":"many/%d/%d","qos":0,"retain":true,"payload":"v%d"}\n), $_ % 100, $_, $_ }' >"$T/many"
mqtt-pub -h "$HOST" -p "$PORT" --json-lines <"$T/many" >"$T/pub.out" 2>&1 || { cat "$T/pub.out" >&2; fail 'publishing 100,000 topics'; }
retained() { curl -s "$api/api/stats" | grep -qE '"retained_messages":1[0-9]{5}'; }
until_true 60 retained

cat >"$T/look.js" <<'JS'
const { launch, check } = require('browser');
const http = require('http');
const [T, program, api, closed] = process.argv.slice(2);
const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>';
(async () => {
    const browser = await launch(program, T + '/profile');
    const page = await browser.newPage();
    const until = condition => page.until(condition);
    const foreign = [], errors = [];
    page.on('request', url => { if (!url.startsWith(api + '/') && !url.startsWith('data:')) foreign.push(url); });
    page.on('console', message => { if (message.type === 'error') errors.push(message.text); });
    page.on('error', error => errors.push(error));
    const answer = await page.goto(api + '/');
    const policy = answer.headers['content-security-policy'];
    check(/default-src 'none'/.test(policy) && !/unsafe/.test(policy) && /frame-ancestors 'none'/.test(policy), policy);
    await until(() => document.getElementById('state').textContent.includes('live'));
    const tab = name => page.role('tab', name).click();

    // Overview.
    await until(() => /Retained\s*100,[0-9]{3}/.test(document.getElementById('main').innerText));

    // Clients: the hostile one is text; its subscriptions; disconnecting another.
    await tab('Clients');
    await page.role('button', evil, { exact: true }).click();
    await until(() => document.getElementById('detail').open);
    check((await page.css('#detail-title').text()) === evil, 'the detail of the hostile client');
    check((await page.css('#detail-body').shown()).includes('<b onclick=hacked=3>/#'), 'its filters');
    await page.role('button', 'Close').click();

    // Topics: 100,000 of them, by keyboard.
    await tab('Topics');
    await until(() => /100,\d\d\d topics/.test(document.getElementById('panel-2').innerText));
    const list = page.role('listbox', 'Topics');
    const find = page.css('#panel-2 input[type=text]');
    await page.css('#tab-2').focus();
    await page.press('/');
    await page.type('EVIL/<IMG');
    await until(() => /\b1 match/.test(document.getElementById('panel-2').innerText));
    await list.focus();
    await page.press('ArrowDown');
    check((await page.css('#chosen-topic').text()) === 'evil/' + evil, 'the hostile topic is shown as it is');
    check((await page.css('#chosen-payload').text()) === evil, 'the hostile payload is shown as it is');
    await find.fill('many/7/+');
    await until(() => /1,000 match/.test(document.getElementById('panel-2').innerText));
    await find.fill('evil/bytes');
    await until(() => /\b1 match/.test(document.getElementById('panel-2').innerText));
    await list.focus();
    await page.press('ArrowDown');
    await until(() => document.getElementById('chosen-payload').textContent === '01 ff 00');
    await find.fill('');
    await list.focus();
    await page.press('End');
    await page.press('Home');
    for (let i = 0; i < 60 && !(await page.css('.item.on').text()).includes('many'); ++i) await page.press('ArrowDown');
    await page.press('ArrowRight');
    await page.press('ArrowDown');
    await page.press('ArrowRight');
    await until(() => document.querySelectorAll('.item').length > 10);
    check(await page.css('.item').count() < 120, 'elements for topics that nobody sees');
    check(await page.css('.item').count() > 10, 'no elements for topics');

    // Publishing, and what comes of it: tail, value, clearing.
    await tab('Tail');
    await page.css('#panel-3 input[type=text]').fill('from/#');
    await page.role('button', 'Start').click();
    await tab('Publish');
    await page.css('#publish-topic').fill('from/page');
    await page.css('#panel-4 textarea').fill('68 c3 a4');
    await page.css('#panel-4 select', { at: 1 }).select('hex');
    await page.css('#panel-4 summary', { text: 'Properties' }).click();
    await page.role('textbox', 'User properties').fill('unit=C');
    await page.role('checkbox', 'retain', { exact: true }).check();
    await page.role('button', 'Publish', { exact: true }).click();
    await until(() => document.querySelector('#panel-4 [role=status]').textContent === 'accepted');
    await tab('Tail');
    await until(() => /from\/page h\u00e4/.test(document.querySelector('#panel-3 .lines').innerText));
    await tab('Topics');
    await find.fill('from/page');
    await until(() => /\b1 match/.test(document.getElementById('panel-2').innerText));
    await list.focus();
    await page.press('ArrowDown');
    await page.role('button', 'Clear retained').click();
    await until(async () => (await fetch('/api/retained/from/page')).status === 404);

    // Explain, log, configuration.
    await tab('Explain');
    await page.css('#explain-topic').fill('From/page');
    await page.press('Enter');
    await until(() => /victim\s*none of its 1 filter\(s\) matches: 'from\/page' differs in upper and lower case/.test(document.getElementById('panel-5').innerText));
    await tab('Clients');
    await page.role('button', 'Disconnect', { inside: page.css('#panel-1 tr', { text: 'victim' }) }).click();
    await tab('Log');
    await until(() => /Client victim disconnected: disconnected by an administrator/.test(document.querySelector('#panel-6 .lines').innerText));
    await tab('Configuration');
    await until(() => /flag, wins: --console/.test(document.getElementById('panel-7').innerText));

    // Nothing of all that was run, asked elsewhere, or complained about.
    const own404 = errors.filter(text => !/status of 404/.test(text));
    check(own404.length === 0, 'errors: ' + own404);
    check(foreign.length === 0, 'requests elsewhere: ' + foreign);
    check(await page.evaluate(() => window.hacked === undefined && document.querySelectorAll('img, iframe, object').length === 0 &&
        document.querySelectorAll('script').length === 1), 'something of a client became markup');
    check(await page.evaluate(() => { const s = document.createElement('script'); s.textContent = 'window.injected = 1'; document.body.append(s);
        const d = document.createElement('div'); d.innerHTML = '<img src=x onerror="window.injected=2">'; document.body.append(d);
        return new Promise(done => setTimeout(() => done(window.injected === undefined), 300)); }), 'a script without the nonce ran');

    // Looks: every view, light and dark, no wider than a phone.
    for (const [width, height, colorScheme] of [[1280, 900, 'light'], [390, 800, 'dark']]) {
        await page.setSize(width, height);
        await page.setScheme(colorScheme);
        const color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const sum = color.match(/\d+/g).map(Number).slice(0, 3).reduce((a, b) => a + b);
        check(colorScheme === 'dark' ? sum < 150 : sum > 600, `${colorScheme} is ${color}`);
        for (let i = 1; i <= 8; ++i) {
            await page.press('Alt+' + i);
            check(await page.css('#tab-' + (i - 1)).attribute('aria-selected') === 'true', 'Alt+' + i);
            check(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `view ${i} is wider than ${width}`);
        }
    }

    // A page of another origin of the same machine reaches nothing.
    const other = http.createServer((request, response) => { response.setHeader('Content-Type', 'text/html'); response.end('<title>other</title>'); });
    await new Promise(done => other.listen(0, '127.0.0.1', done));
    const stranger = await browser.newPage();
    await stranger.goto(`http://127.0.0.1:${other.address().port}/`);
    const reached = await stranger.evaluate(async api => {
        const tries = [];
        for (const [path, method] of [['/api/publish?topic=stolen&retain=true', 'POST'], ['/api/clients/victim', 'DELETE'], ['/api/topics', 'GET']]) {
            for (const mode of ['cors', 'no-cors']) {
                try { const a = await fetch(api + path, { method, mode, body: method === 'POST' ? 'x' : undefined }); if (a.type !== 'opaque') tries.push(method + path); } catch { /* refused */ }
            }
        }
        const form = Object.assign(document.createElement('form'), { method: 'post', action: api + '/api/publish?topic=stolen&retain=true', target: 'frame' });
        document.body.append(Object.assign(document.createElement('iframe'), { name: 'frame' }), form);
        form.submit();
        await new Promise(done => setTimeout(done, 300));
        return tries;
    }, api);
    check(reached.length === 0, 'another origin reached ' + reached);
    check((await (await fetch(api + '/api/retained/stolen')).status) === 404, 'another origin published');
    await stranger.goto('about:blank');
    const socket = await stranger.evaluate(api => new Promise(done => { const s = new WebSocket(api.replace('http', 'ws') + '/mqtt', 'mqtt'); s.onopen = () => done('open'); s.onerror = () => done('refused'); }), api);
    check(socket === 'refused', 'a page without origin opened a WebSocket');
    other.close();
    await stranger.close();

    // Logging in.
    await page.goto(closed + '/');
    await page.css('#user').fill('ann');
    await page.css('#password').fill('wrong');
    await page.press('Enter');
    await until(() => /wrong/.test(document.getElementById('login-error').textContent));
    await page.css('#password').fill('secret');
    await page.press('Enter');
    await until(() => document.getElementById('state').textContent.includes('live'));
    await browser.close();
    console.log('looked at the console');
})().catch(error => { console.error(error.stack); process.exit(1); });
JS
NODE_PATH=$lib_root/tests/browser timeout 200 node "$T/look.js" "$T" "$(lib_find chromium)" "$api" "$closed" >"$T/out" 2>"$T/err" ||
    { cat "$T/err" >&2; fail "the console in a browser"; }
expect_match "$T/out" '^looked at the console'
expect_match "$T/victim.out" '^1 0 .*unit:C.* hä$'
