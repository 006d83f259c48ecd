// Topics: a tree while nothing is looked for, else what matches.
const topics = { title: 'Topics', all: new Map(), root: { name: '', children: new Map(), count: 0, open: true }, count: 0, build() {
    this.find = h('input', { type: 'text', placeholder: 'part of a topic, or a filter with + and #', oninput: () => this.changed() });
    this.live = h('input', { type: 'checkbox', checked: true, onchange: () => this.follow() });
    this.note = h('span', { class: 'soft small', role: 'status' });
    this.list = new List('Topics', (element, row) => this.draw(element, row), (row, how) => this.choose(row, how));
    this.pane = h('div', { class: 'card' }, h('p', { class: 'soft' }, 'Choose a topic to see its last value.'));
    setInterval(() => { if (current === this && this.isDirty) this.changed(); }, 400);
    return [h('div', { class: 'row' }, h('div', { class: 'grow' }, field('Filter', this.find)), h('label', { class: 'check' }, this.live, ' live'),
        h('button', { onclick: () => { this.forget(); this.load(); } }, 'Reload'), this.note), h('div', { class: 'two' }, this.list.root, this.pane)];
}, enter() { this.load(); this.follow(); this.changed(); }, leave() { mqtt.unsubscribe(kTopics); },
follow() {
    if (this.live.checked && current === this) mqtt.subscribe(kTopics, '#', (message, error) => error ? (this.note.textContent = 'live: ' + error.message) : this.take(message), false);
    else mqtt.unsubscribe(kTopics);
}, take(message) {
    // Of a flood only a part is looked at; the others are counted.
    const now = Math.floor(performance.now() / 100);
    if (this.tick !== now) { this.tick = now; this.budget = 500; }
    ++this.count;
    if (--this.budget < 0) return;
    this.put(message.topic, message.payload, message.qos, message.retain, message.properties.named, message.at);
}, put(topic, payload, qos, retain, properties, at, size) {
    let entry = this.all.get(topic);
    if (!entry) {
        entry = { topic };
        this.all.set(topic, entry);
        let node = this.root;
        ++node.count;
        for (const name of topic.split('/')) {
            let next = node.children.get(name);
            if (!next) { next = { name, children: new Map(), count: 0, open: false, depth: node.depth === undefined ? 0 : node.depth + 1 }; node.children.set(name, next); node.sorted = null; }
            node = next;
            ++node.count;
        }
        node.entry = entry;
    }
    if (retain) entry.retained = payload.length > 0 || size > 0;
    Object.assign(entry, { payload, qos, properties, at, size: size === undefined ? payload.length : size, isCut: size !== undefined && size > payload.length });
    this.isDirty = true;
    if (this.chosen === topic) this.isPaneDirty = true;
}, forget() {
    this.all.clear(); this.root = { name: '', children: new Map(), count: 0, open: true };
}, async load() {
    // What was seen stays, and what is open stays open; what is retained is looked up again.
    if (this.isLoading) return;
    this.isLoading = true;
    const isFirst = this.all.size === 0;
    for (const entry of this.all.values()) entry.retained = false;
    try {
        const reader = (await api('/api/topics?filter=%23&payload=160')).body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = '';
        for (;;) {
            const { value, done } = await reader.read();
            if (done) break;
            const lines = (rest + value).split('\n');
            rest = lines.pop();
            for (const line of lines) if (line.startsWith('{')) this.takeLine(JSON.parse(line.replace(/,$/, '')));
        }
    } catch (error) { this.note.textContent = error.message; }
    this.isLoading = false;
    if (isFirst && this.root.children.size === 1) for (const child of this.root.children.values()) child.open = true;
    this.changed();
}, takeLine(m) {
    const payload = m.payload_b64 !== undefined ? fromBase64(m.payload_b64) : new TextEncoder().encode(m.payload || '');
    const named = [];
    for (const [key, value] of Object.entries(m.properties || {})) {
        if (key === 'user-properties') for (const pair of value) named.push(...Object.entries(pair)); else named.push([key, String(value)]);
    }
    this.put(m.topic, payload, m.qos, true, named, null, m.payloadlen);
}, changed() {
    this.isDirty = false;
    const text = this.find.value.trim();
    const rows = [];
    if (text) {
        const test = /[+#]/.test(text) ? topic => matches(text, topic) : topic => topic.toLowerCase().includes(text.toLowerCase());
        for (const [topic, entry] of this.all) if (test(topic)) rows.push({ label: topic, entry, depth: 0, key: topic });
        rows.sort((a, b) => a.label < b.label ? -1 : a.label > b.label ? 1 : 0);
    } else {
        const walk = [[this.root, '']];
        while (walk.length) {
            const [node, path] = walk.pop();
            if (node !== this.root) rows.push({ label: node.name === '' ? '(empty)' : node.name, entry: node.entry, node, depth: node.depth, key: path });
            if (!node.open) continue;
            if (!node.sorted) node.sorted = [...node.children.values()].sort((a, b) => a.name < b.name ? 1 : a.name > b.name ? -1 : 0);
            for (const child of node.sorted) walk.push([child, node === this.root ? child.name : path + '/' + child.name]);
        }
    }
    this.note.textContent = `${number(this.all.size)} topics` + (text ? `, ${number(rows.length)} match` : '') + (this.live.checked ? `, ${number(this.count)} messages seen` : '');
    this.list.set(rows, this.key === undefined ? -1 : rows.findIndex(row => row.key === this.key));
    if (this.isPaneDirty) this.showPane();
}, draw(element, row) {
    if (!element.firstChild) element.append(h('span', { class: 'fold' }), h('span', { class: 'name mono' }), h('span', { class: 'value mono' }), h('span', { class: 'tag wide' }), h('span', { class: 'tag' }));
    const [fold, name, value, count, tag] = element.children;
    const isNode = row.node && row.node.children.size > 0;
    element.style.paddingLeft = 8 + row.depth * 16 + 'px';
    fold.textContent = isNode ? row.node.open ? '\u25be' : '\u25b8' : '';
    name.textContent = row.label;
    value.textContent = row.entry ? shown(row.entry.payload.subarray(0, 160)) : '';
    count.textContent = isNode ? number(row.node.count) + ' topics' : '';
    tag.textContent = row.entry && row.entry.retained ? 'retained' : '';
}, choose(row, how) {
    this.key = row.key;
    if (row.node && row.node.children.size && how !== 'move') {
        const open = row.node.open;
        row.node.open = how === 'unfold' ? true : how === 'refold' ? false : how === 'fold' || !row.entry ? !open : open;
        if (open !== row.node.open) this.changed();
    }
    this.chosen = row.entry ? row.entry.topic : null;
    if (row.entry) this.showPane();
}, showPane() {
    this.isPaneDirty = false;
    const entry = this.all.get(this.chosen);
    if (!entry) return;
    const how = this.how || 'auto';
    const body = how === 'hex' ? hex(entry.payload) : how === 'text' ? textOf(entry.payload) ?? new TextDecoder().decode(entry.payload) : pretty(entry.payload);
    const choice = h('select', { 'aria-label': 'Payload as', onchange: event => { this.how = event.target.value; this.showPane(); } },
        ...[['auto', 'JSON or text'], ['text', 'Text'], ['hex', 'Hex']].map(([value, name]) => h('option', { value, selected: value === how }, name)));
    this.pane.replaceChildren(h('h2', { class: 'mono', id: 'chosen-topic' }, entry.topic),
        h('p', { class: 'soft small' }, `QoS ${entry.qos}, ${bytes(entry.size)}${entry.retained ? ', retained' : ''}${entry.at ? ', at ' + clock(entry.at) : ''}${entry.isCut ? ' (beginning)' : ''}`),
        h('div', { class: 'row' }, h('div', { class: 'few' }, choice),
            entry.isCut ? h('button', { onclick: () => this.loadWhole(entry) }, 'Whole') : null,
            h('button', { onclick: () => { go(publish); publish.topic.value = entry.topic; publish.payload.focus(); } }, 'Publish'),
            h('button', { onclick: () => { go(tail); tail.filter.value = entry.topic; tail.start(); } }, 'Tail'),
            h('button', { onclick: () => { go(explain); explain.topic.value = entry.topic; explain.ask(); } }, 'Explain'),
            entry.retained ? h('button', { class: 'danger', onclick: () => this.clear(entry) }, 'Clear retained') : null),
        h('pre', { id: 'chosen-payload' }, body),
        entry.properties && entry.properties.length ? table(['~Property', '~Value'], entry.properties, '') : '');
}, async loadWhole(entry) {
    try {
        entry.payload = new Uint8Array(await (await api('/api/retained/' + entry.topic.split('/').map(encodeURIComponent).join('/'))).arrayBuffer());
        entry.isCut = false;
        this.showPane();
    } catch (error) { alert(error.message); }
}, async clear(entry) {
    if (!confirm(`Clear the retained message of ${entry.topic}?`)) return;
    try { await mqtt.publish(entry.topic, new Uint8Array(0), { qos: 1, retain: true }); entry.retained = false; this.isPaneDirty = true; this.changed(); } catch (error) { alert(error.message); }
} };

