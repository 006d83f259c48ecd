# timeout: 240
# The HTML report in a browser: nothing but the file is requested, no script runs, no error is logged; tables and
# charts carry the figures of the JSON; no page is wider than a phone. playwright-core drives Chromium.
. "$(dirname "$0")/../cli/lib.sh"
need node npm chromium
cache=${XDG_CACHE_HOME:-${TMPDIR:-/tmp}}/mqtt-tools-playwright
mkdir -p "$cache"
(cd "$cache" && { [ -d node_modules/playwright-core ] ||
    HOME=$cache npm install --no-audit --no-fund --silent playwright-core@1.49.1 >/dev/null 2>&1; }) ||
    skip "playwright-core cannot be installed from npm"

run mqtt-bench pubsub --embedded --shape fanout --subs 5 -q 1 -R 400 -d 4s --warmup 1s --silent --assert 'loss==0' \
    --json "$T/run.json" --html "$T/run.html"
[ "$status" = 0 ] || [ "$status" = 3 ] || fail "exit status $status"

cat >"$T/look.js" <<'JS'
const { chromium } = require('playwright-core');
const fs = require('fs');
const T = process.argv[2];
const run = JSON.parse(fs.readFileSync(T + '/run.json', 'utf8'));
const check = (ok, what) => { if (!ok) throw new Error(what); };
(async () => {
    const browser = await chromium.launchPersistentContext(T + '/profile', {
        executablePath: process.argv[3], headless: true,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync'] });
    const page = await browser.newPage();
    const requests = [], errors = [];
    page.on('request', request => requests.push(request.url()));
    page.on('console', message => errors.push(message.text()));
    page.on('pageerror', error => errors.push(String(error)));
    for (const [width, height, colorScheme] of [[1280, 900, 'light'], [390, 800, 'dark']]) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        await page.goto('file://' + T + '/run.html');
        check(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `wider than ${width}`);
        const page_color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const sum = page_color.match(/\d+/g).map(Number).slice(0, 3).reduce((a, b) => a + b);
        check(colorScheme === 'dark' ? sum < 150 : sum > 600, `${colorScheme} is ${page_color}`);
    }
    check(requests.length === 2 && requests.every(url => url === 'file://' + T + '/run.html'), 'requests: ' + requests);
    check(errors.length === 0, 'errors: ' + errors);
    check(await page.locator('script').count() === 0, 'there is a script');

    const ids = await page.locator('figure').evaluateAll(all => all.map(f => f.id));
    for (const id of ['rate', 'backlog', 'heat', 'percentiles', 'connections', 'cpu', 'memory'])
        check(ids.includes(id), `no chart ${id} in ${ids}`);
    const loaded = run.seconds.filter(second => second.at >= 0);
    const number = value => value.toLocaleString('en-US');
    const titles = await page.locator('#rate .hover title').allTextContents();
    check(titles.length === loaded.length, `rate has ${titles.length} columns, the run ${loaded.length} seconds`);
    loaded.forEach((second, i) => check(titles[i].endsWith('delivered ' + number(second.received)), titles[i]));
    // Heights are in proportion to the values, to the tenth of a pixel that paths are rounded to.
    const path = await page.locator('#rate path[data-line=delivered]').getAttribute('d');
    const ys = [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(match => 222 - Number(match[1]));
    const top = Math.max(...ys), most = Math.max(...loaded.map(second => second.received));
    loaded.forEach((second, i) => check(Math.abs(ys[i] / top - second.received / most) < 0.002, `height ${i}: ${ys}`));
    const cells = await page.locator('#heat rect.heat').count();
    check(cells === run.seconds.reduce((n, second) => n + second.heat.length, 0), `${cells} cells`);
    const rows = await page.locator('#latency tbody tr').evaluateAll(
        all => all.map(row => [...row.children].map(cell => cell.textContent)));
    const e2e = rows.find(row => row[0].includes('intended'));
    check(e2e[8] === number(run.latency_ns.e2e.count), 'samples: ' + e2e);
    check(Math.abs(Number(e2e[1]) - run.latency_ns.e2e.p50 / 1e6) < 0.01 * Number(e2e[1]) + 0.001, 'p50: ' + e2e);
    check((await page.locator('#verdict').textContent()) === run.verdict.text, 'verdict');
    check((await page.locator('#command').textContent()) === run.command_line, 'command');
    await browser.close();
    console.log('looked at', ids.length, 'charts');
})().catch(error => { console.error(error.message); process.exit(1); });
JS
NODE_PATH=$cache/node_modules run node "$T/look.js" "$T" "$(lib_find chromium)"
[ "$status" = 0 ] || { cat "$T/err" >&2; fail "the report in a browser"; }
expect_match "$T/out" '^looked at 7 charts'
