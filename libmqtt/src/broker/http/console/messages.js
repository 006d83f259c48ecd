// Tail of a filter.
const tail = { title: 'Tail', waiting: [], build() {
    this.filter = h('input', { type: 'text', value: '#', onkeydown: event => { if (event.key === 'Enter') this.start(); } });
    this.button = h('button', { class: 'main', onclick: () => this.isOn ? this.stop() : this.start() }, 'Start');
    this.hold = h('input', { type: 'checkbox' });
    this.note = h('span', { class: 'soft small', role: 'status' });
    this.lines = h('div', { class: 'lines card', tabIndex: 0, 'aria-label': 'Messages' });
    setInterval(() => this.flush(), 250);
    return [h('div', { class: 'row' }, h('div', { class: 'grow' }, field('Filter', this.filter)), this.button, h('label', { class: 'check' }, this.hold, ' hold still'),
        h('button', { onclick: () => this.lines.replaceChildren() }, 'Clear'), this.note), this.lines];
}, start() {
    this.seen = 0; this.isOn = true; this.button.textContent = 'Stop';
    this.note.textContent = 'listening';
    mqtt.subscribe(kTail, this.filter.value, (message, error) => {
        if (error) { this.note.textContent = error.message; this.stop(true); return; }
        ++this.seen;
        this.waiting.push(message);
        if (this.waiting.length > 200) this.waiting.shift();
    });
}, stop(isQuiet) { mqtt.unsubscribe(kTail); this.isOn = false; this.button.textContent = 'Start'; if (!isQuiet) this.note.textContent = 'stopped'; },
flush() {
    if (!this.waiting.length || this.hold.checked) return;
    const rows = this.waiting.splice(0).reverse().map(message => h('div', {}, h('span', { class: 'soft' }, `${clock(message.at)} q${message.qos}${message.retain ? ' r' : ''} `),
        h('b', {}, message.topic), ' ', shown(message.payload).slice(0, 2000)));
    this.lines.prepend(...rows);
    while (this.lines.childNodes.length > 300) this.lines.lastChild.remove();
    this.note.textContent = number(this.seen) + ' messages';
} };

// Publish.
const publish = { title: 'Publish', build() {
    const text = (properties = {}) => h('input', { type: 'text', ...properties });
    this.topic = text({ required: true, id: 'publish-topic' });
    this.qos = h('select', {}, ...[0, 1, 2].map(qos => h('option', { value: qos, selected: qos === 1 }, 'QoS ' + qos)));
    this.retain = h('input', { type: 'checkbox' });
    this.format = h('select', {}, ...['text', 'JSON', 'hex'].map(name => h('option', { value: name }, name)));
    this.payload = h('textarea', { rows: 8, spellcheck: false });
    this.contentType = text(); this.responseTopic = text(); this.correlation = text();
    this.expiry = h('input', { type: 'number', min: 0, max: 4294967295 });
    this.isText = h('input', { type: 'checkbox' });
    this.user = h('textarea', { rows: 3, placeholder: 'name=value, one per line', spellcheck: false });
    this.note = h('span', { role: 'status' });
    return [h('form', { class: 'card', onsubmit: event => { event.preventDefault(); this.send(); } },
        h('div', { class: 'row' }, h('div', { class: 'grow' }, field('Topic', this.topic)), h('div', { class: 'few' }, field('Delivery', this.qos)), h('label', { class: 'check' }, this.retain, ' retain')),
        h('div', { class: 'row' }, h('div', { class: 'few' }, field('Payload as', this.format))), field('Payload', this.payload),
        h('details', {}, h('summary', {}, 'Properties'), h('div', { class: 'form' }, field('Content type', this.contentType), field('Response topic', this.responseTopic),
            field('Correlation data', this.correlation), field('Expires after seconds', this.expiry)), h('label', { class: 'check' }, this.isText, ' the payload is UTF-8 text'), field('User properties', this.user)),
        h('p', {}), h('div', { class: 'row' }, h('button', { class: 'main' }, 'Publish'), this.note))];
}, async send() {
    this.note.className = 'soft';
    try {
        const raw = this.payload.value;
        if (this.format.value === 'JSON') JSON.parse(raw);
        const payload = this.format.value === 'hex' ? fromHex(raw) : new TextEncoder().encode(raw);
        const properties = writeProperties({ contentType: this.contentType.value, responseTopic: this.responseTopic.value, correlation: this.correlation.value,
            expiry: this.expiry.value, isText: this.isText.checked, user: this.user.value });
        if (!this.topic.value || /[+#]/.test(this.topic.value)) throw new Error('A topic has neither + nor #.');
        this.note.textContent = await mqtt.publish(this.topic.value, payload, { qos: Number(this.qos.value), retain: this.retain.checked, properties });
    } catch (error) { this.note.textContent = error.message; this.note.className = 'bad'; }
} };

// Explain.
const explain = { title: 'Explain', build() {
    const text = (id, placeholder) => h('input', { type: 'text', id, placeholder });
    this.topic = text('explain-topic', 'sensors/kitchen/temp'); this.from = text('explain-from', 'anybody'); this.client = text('explain-client', 'all');
    this.qos = h('select', {}, ...[0, 1, 2].map(qos => h('option', { value: qos }, 'QoS ' + qos)));
    this.result = h('div', {});
    return [h('form', { class: 'card', onsubmit: event => { event.preventDefault(); this.ask(); } }, h('div', { class: 'row' }, h('div', { class: 'grow' }, field('Who would receive a message to', this.topic)),
        h('div', { class: 'few' }, field('Delivery', this.qos)), h('div', { class: 'grow' }, field('published by client', this.from)), h('div', { class: 'grow' }, field('only about client', this.client)),
        h('button', { class: 'main' }, 'Explain'))), this.result];
}, async ask() {
    try {
        const found = await (await api('/api/explain' + query({ topic: this.topic.value, qos: this.qos.value, from: this.from.value, client: this.client.value }))).json();
        this.result.replaceChildren(found.may_publish ? '' : h('p', { class: 'bad' }, 'It would not be published: ' + found.why_not),
            h('div', { class: 'card' }, h('h2', {}, `${number(found.receivers)} would receive it`), table(['~Client', '~Filter', 'QoS', '~How'],
                found.would_receive.map(row => [row.client, row.filter, row.qos, row.how]), 'Nobody.')),
            h('div', { class: 'card' }, h('h2', {}, `${number(found.others)} would not`), table(['~Client', '~Why'], found.would_not.map(row => [row.client, row.why]), 'Nobody else is here.')));
    } catch (error) { this.result.replaceChildren(h('p', { class: 'bad' }, error.message)); }
} };

