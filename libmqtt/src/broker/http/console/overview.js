// Overview.
const history = [];  // of the last two minutes
const kept = 120;
const overview = { title: 'Overview', build() {
    this.tiles = h('div', { class: 'tiles' });
    this.charts = h('div', { class: 'charts card' });
    this.shards = h('div', { class: 'card' });
    this.limits = h('div', { class: 'card' });
    this.bridges = h('div', { class: 'card' });
    this.states = new Map();
    mqtt.subscribe(kBridges, '$SYS/broker/connection/+/state', message => {
        if (message) { this.states.set(message.topic, shown(message.payload)); this.showBridges(); }
    });
    mqtt.subscribe(kFigures, '$SYS/broker/stats', message => {
        if (message) { toldAt = Date.now(); take(JSON.parse(shown(message.payload))); }
    });
    this.showBridges();
    return [this.tiles, this.charts, this.shards, this.bridges, this.limits];
}, showBridges() {
    this.bridges.replaceChildren(h('h2', {}, 'Bridges'), table(['~Bridge', 'State'], [...this.states].map(([topic, state]) =>
        [topic.split('/').slice(3, -1).join('/'), state === '1' ? h('span', { class: 'good' }, 'connected') : h('span', { class: 'bad' }, 'away')]), 'No bridge has told its state.'));
}, show(now, rate) {
    const tile = (name, value, note) => h('div', { class: 'tile' }, h('span', { class: 'soft small' }, name), h('b', {}, value), h('span', { class: 'soft small' }, note || '\u00a0'));
    const sum = key => now.shards.reduce((total, shard) => total + shard[key], 0);
    const dropped = s => s.dropped_output_full_total + s.dropped_queue_full_total + s.dropped_too_large_total;
    const drops = now.shards.reduce((total, shard) => total + dropped(shard), 0);
    this.tiles.replaceChildren(
        tile('Messages in', number(rate('publish_received_total')) + ' /s', number(sum('publish_received_total')) + ' in all'),
        tile('Messages out', number(rate('publish_sent_total')) + ' /s', number(sum('publish_sent_total')) + ' in all'),
        tile('Bytes in', bytes(rate('received_bytes_total')) + '/s', bytes(sum('received_bytes_total')) + ' in all'),
        tile('Bytes out', bytes(rate('sent_bytes_total')) + '/s', bytes(sum('sent_bytes_total')) + ' in all'),
        tile('Clients', number(sum('clients_connected')), `of ${number(sum('sessions'))} sessions; most ${number(now.clients_connected_maximum)}`),
        tile('Connections', number(now.connections), number(sum('connections_refused_total')) + ' refused'),
        tile('Subscriptions', number(sum('subscriptions')), number(sum('shared_subscriptions')) + ' shared'),
        tile('Retained', number(now.retained_messages), bytes(now.retained_bytes)),
        tile('Queued', number(sum('queued_messages')), `${bytes(sum('queued_bytes'))}, ${bytes(sum('queued_bytes_on_disk'))} on disk only; unsent ${bytes(sum('output_bytes'))}`),
        ...(now.store_commits_total || now.store_failing ? [tile('Store', now.store_failing ? 'FAILS' : 'works', number(now.store_commits_total) + ' commits, the last in ' + number(now.store_commit_microseconds) + ' µs')] : []),
        tile('Dropped', number(drops), number(sum('messages_expired_total')) + ' expired'),
        tile('Memory', bytes(now.process_resident_memory_bytes), 'of the process'),
        tile('Up for', span(now.uptime_seconds), ''));
    this.charts.replaceChildren(
        chart('Messages per second', number, [['in', 'publish_received_total'], ['out', 'publish_sent_total']]),
        chart('Bytes per second', bytes, [['in', 'received_bytes_total'], ['out', 'sent_bytes_total']]));
    const before = history.length > 1 ? history[history.length - 2] : null;
    const passed = before ? (history[history.length - 1].at - before.at) / 1000 : 0;
    const per = (i, key) => before && passed ? Math.max(0, (now.shards[i][key] - before.stats.shards[i][key]) / passed) : 0;
    this.shards.replaceChildren(h('h2', {}, 'Shards'), table(['Shard', '#Clients', '#In /s', '#Out /s', '#CPU', '#Queued', '#Dropped'],
        now.shards.map((shard, i) => [i, number(shard.clients_connected), number(per(i, 'publish_received_total')), number(per(i, 'publish_sent_total')),
            (per(i, 'cpu_seconds_total') * 100).toFixed(0) + ' %', number(shard.queued_messages), number(dropped(shard))]), ''));
    this.limits.replaceChildren(h('h2', {}, 'Limits that acted'), table(['Limit', '#Times'],
        Object.entries(now.limits).filter(([, hits]) => hits).map(([name, hits]) => [name, number(hits)]), 'None did.'));
} };
function chart(title, words, lines) {
    const rates = lines.map(([kind, key]) => {
        const points = [];
        for (let i = 1; i < history.length; ++i) {
            const total = at => history[at].stats.shards.reduce((sum, shard) => sum + shard[key], 0);
            points.push(Math.max(0, (total(i) - total(i - 1)) / ((history[i].at - history[i - 1].at) / 1000)));
        }
        return [kind, points];
    });
    const most = Math.max(1, ...rates.flatMap(([, points]) => points));
    const make = (tag, attributes) => { const e = document.createElementNS('http://www.w3.org/2000/svg', tag); for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v); return e; };
    const svg = make('svg', { class: 'chart', viewBox: `0 0 ${kept - 2} 90`, preserveAspectRatio: 'none', role: 'img', 'aria-label': title });
    for (const [kind, points] of rates) {
        svg.append(make('polyline', { class: kind, points: points.map((value, i) => `${kept - 1 - points.length + i},${(88 - value / most * 84).toFixed(1)}`).join(' ') }));
    }
    return h('figure', {}, h('figcaption', { class: 'small' }, title + ' ', ...rates.map(([kind, points]) =>
        h('span', { class: kind }, ` ${kind} ${words(points[points.length - 1] || 0)}`)), h('span', { class: 'soft' }, `  most ${words(most)}`)), svg);
}
// Figures come by MQTT, once a second. Until they do, and when they do not, they are asked for.
let toldAt = 0;
function take(stats) {
    if (history.length && stats.uptime_seconds < history[history.length - 1].stats.uptime_seconds) history.length = 0;
    history.push({ at: Date.now(), stats });
    if (history.length > kept) history.shift();
    const before = history[Math.max(0, history.length - 4)];
    const seconds = (Date.now() - before.at) / 1000;
    const rate = key => seconds <= 0 ? 0 : Math.max(0, stats.shards.reduce((sum, shard, i) => sum + shard[key] - before.stats.shards[i][key], 0) / seconds);
    byId('about').textContent = stats.version.replace('mqtt-broker-lite ', '');
    if (current === overview) overview.show(stats, rate);
}
async function poll() {
    if (!document.hidden) {
        try {
            if (Date.now() - toldAt > 2500) take(await (await api('/api/stats')).json());
            if (!mqtt.socket && !byId('login').open) mqtt.connect();
            isReachable = true;
            complain(null);
        } catch (error) {
            if (!(error instanceof Refused)) isReachable = false;
            else if (!byId('login').open) complain(error);
            if (!isReachable) complain('The broker cannot be reached; trying again.');
        }
        showState();
    }
    setTimeout(poll, 1000);
}
let isReachable = true;
function showState() {
    const state = byId('state');
    state.textContent = !isReachable ? '\u25cf unreachable' : mqtt.isUp ? '\u25cf live' : '\u25cb connecting ...';
    state.className = 'push small ' + (mqtt.isUp && isReachable ? 'good' : 'bad');
}

