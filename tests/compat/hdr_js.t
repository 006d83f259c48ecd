# timeout: 180
# The interval logs of --hdr, decoded by HdrHistogram's own JavaScript reader: same counts and maxima, and
# percentiles that agree to three digits with ours.
. "$(dirname "$0")/../cli/lib.sh"
need node npm
(cd "$T" && npm install --no-audit --no-fund --silent hdr-histogram-js@3.0.1 >/dev/null 2>&1) ||
    skip "hdr-histogram-js cannot be installed from npm"

run mqtt-bench pubsub --embedded -R 20k -q 1 -d 3s --warmup 0s --silent --hdr "$T/run.hlog" --json "$T/run.json"
[ "$status" = 0 ] || [ "$status" = 3 ] || fail "exit status $status"
cat >"$T/compare.js" <<'JS'
const hdr = require('hdr-histogram-js');
const fs = require('fs');
const sums = {};
const seen = new Set();
for (const line of fs.readFileSync('run.hlog', 'utf8').split('\n')) {
    if (!line.startsWith('Tag=')) continue;
    const fields = line.split(',');
    seen.add(fields[0].slice(4));
    const tag = { conn: 'connect', sub: 'subscribe' }[fields[0].slice(4)] || fields[0].slice(4);
    const histogram = hdr.decodeFromCompressedBase64(fields[4]);
    if (!sums[tag]) sums[tag] = hdr.build({ numberOfSignificantValueDigits: 3,
                                            highestTrackableValue: 3600000000000 });
    sums[tag].add(histogram);
}
const ours = JSON.parse(fs.readFileSync('run.json', 'utf8')).latency_ns;
const names = Object.keys(ours);
for (const tag of ['e2e', 'service', 'ack', 'lag', 'connect', 'subscribe']) if (!ours[tag]) throw new Error('series are missing: ' + names);
for (const name of names) {
    const whole = hdr.decodeFromCompressedBase64(ours[name].hdr);
    const tag = { connect: 'conn', subscribe: 'sub' }[name] || name;
    if (!seen.has(tag)) throw new Error('no line is tagged ' + tag);
    for (const theirs of [sums[name], whole]) {
        if (theirs.totalCount !== ours[name].count) throw new Error(`${name}: count ${theirs.totalCount} ${ours[name].count}`);
        for (const p of [50, 90, 99, 99.9]) {
            const mine = ours[name]['p' + p];
            if (mine === undefined) continue;
            const other = theirs.getValueAtPercentile(p);
            if (Math.abs(mine - other) > mine / 1000 + 1) throw new Error(`${name} p${p}: ${mine} ${other}`);
        }
    }
    console.log(name, ours[name].count);
}
JS
(cd "$T" && node compare.js >"$T/out" 2>"$T/err") || { cat "$T/err" >&2; fail "the JavaScript reader disagrees"; }
expect_match "$T/out" '^e2e [0-9]+'
expect_match "$T/out" '^ack [0-9]+'
