# timeout: 240
# The HTML report in a browser: nothing but the file is requested, no script runs, no error is logged; tables and
# charts carry the figures of the JSON; no page is wider than a phone. tests/browser drives Chromium.
. "$(dirname "$0")/../cli/lib.sh"
need node chromium

run mqtt-bench pubsub --embedded --shape fanout --subs 5 -q 1 -R 400 -d 4s --warmup 1s --silent --assert 'loss==0' \
    --json "$T/run.json" --html "$T/run.html"
[ "$status" = 0 ] || [ "$status" = 3 ] || fail "exit status $status"

cat >"$T/look.js" <<'JS'
const { launch, check } = require('browser');
const fs = require('fs');
const [T, program] = process.argv.slice(2);
const run = JSON.parse(fs.readFileSync(T + '/run.json', 'utf8'));
(async () => {
    const browser = await launch(program, T + '/profile');
    const page = await browser.newPage();
    const requests = [], errors = [];
    page.on('request', url => requests.push(url));
    page.on('console', message => errors.push(message.text));
    page.on('error', error => errors.push(error));
    for (const [width, height, colorScheme] of [[1280, 900, 'light'], [390, 800, 'dark']]) {
        await page.setSize(width, height);
        await page.setScheme(colorScheme);
        await page.goto('file://' + T + '/run.html');
        check(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `wider than ${width}`);
        const page_color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const sum = page_color.match(/\d+/g).map(Number).slice(0, 3).reduce((a, b) => a + b);
        check(colorScheme === 'dark' ? sum < 150 : sum > 600, `${colorScheme} is ${page_color}`);
    }
    check(requests.length === 2 && requests.every(url => url === 'file://' + T + '/run.html'), 'requests: ' + requests);
    check(errors.length === 0, 'errors: ' + errors);
    check(await page.css('script').count() === 0, 'there is a script');

    const ids = await page.evaluate(() => [...document.querySelectorAll('figure')].map(f => f.id));
    for (const id of ['rate', 'backlog', 'heat', 'percentiles', 'connections', 'cpu', 'memory'])
        check(ids.includes(id), `no chart ${id} in ${ids}`);
    const loaded = run.seconds.filter(second => second.at >= 0);
    const number = value => value.toLocaleString('en-US');
    const titles = await page.evaluate(() => [...document.querySelectorAll('#rate .hover title')].map(t => t.textContent));
    check(titles.length === loaded.length, `rate has ${titles.length} columns, the run ${loaded.length} seconds`);
    loaded.forEach((second, i) => check(titles[i].endsWith('delivered ' + number(second.received)), titles[i]));
    // Heights are in proportion to the values, to the tenth of a pixel that paths are rounded to.
    const path = await page.css('#rate path[data-line=delivered]').attribute('d');
    const ys = [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(match => 222 - Number(match[1]));
    const top = Math.max(...ys), most = Math.max(...loaded.map(second => second.received));
    loaded.forEach((second, i) => check(Math.abs(ys[i] / top - second.received / most) < 0.002, `height ${i}: ${ys}`));
    const cells = await page.evaluate(() => document.querySelectorAll('#heat rect.heat').length);
    check(cells === run.seconds.reduce((n, second) => n + second.heat.length, 0), `${cells} cells`);
    const rows = await page.evaluate(() => [...document.querySelectorAll('#latency tbody tr')].map(
        row => [...row.children].map(cell => cell.textContent)));
    const e2e = rows.find(row => row[0].includes('intended'));
    check(e2e[8] === number(run.latency_ns.e2e.count), 'samples: ' + e2e);
    check(Math.abs(Number(e2e[1]) - run.latency_ns.e2e.p50 / 1e6) < 0.01 * Number(e2e[1]) + 0.001, 'p50: ' + e2e);
    check((await page.css('#verdict').text()) === run.verdict.text, 'verdict');
    check((await page.css('#command').text()) === run.command_line, 'command');
    await browser.close();
    console.log('looked at', ids.length, 'charts');
})().catch(error => { console.error(error.message); process.exit(1); });
JS
NODE_PATH=$lib_root/tests/browser run node "$T/look.js" "$T" "$(lib_find chromium)"
[ "$status" = 0 ] || { cat "$T/err" >&2; fail "the report in a browser"; }
expect_match "$T/out" '^looked at 7 charts'
