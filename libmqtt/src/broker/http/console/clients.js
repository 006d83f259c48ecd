// Clients.
const clients = { title: 'Clients', build() {
    this.match = h('input', { type: 'text', placeholder: 'part of a client id', oninput: () => { clearTimeout(this.due); this.due = setTimeout(() => this.load(''), 200); } });
    this.note = h('span', { class: 'soft small' });
    this.more = h('button', { onclick: () => this.load(this.next), hidden: true }, 'Next page');
    this.rows = h('div', { class: 'card' });
    return [h('div', { class: 'row' }, h('div', { class: 'grow' }, field('Find', this.match)), h('button', { onclick: () => this.load('') }, 'Refresh'), this.more, this.note), this.rows];
}, enter() { this.load(''); this.timer = setInterval(() => { if (!this.after && !this.rows.contains(document.activeElement)) this.load(''); }, 4000); },
leave() { clearInterval(this.timer); }, async load(after) {
    try {
        const page = await (await api('/api/clients' + query({ match: this.match.value, after, limit: 200 }))).json();
        this.after = after; this.next = page.next; this.more.hidden = !page.next;
        this.note.textContent = `${number(page.total)} client(s)`;
        this.rows.replaceChildren(table(['~Client', 'User', 'Address', 'MQTT', '#Keep-alive', 'Session', '#Queued', '#In flight', '#Subs', '#Dropped', ''],
            page.clients.map(client => [
                h('button', { class: 'mono', onclick: () => this.open(client.id) }, client.id), client.user || '', client.bridge ? 'bridge' : client.connected ? client.address : h('span', { class: 'soft' }, 'away'),
                client.version || '', client.keep_alive !== undefined ? client.keep_alive + ' s' : '', client.session_expiry === 'never' ? 'kept' : client.session_expiry ? client.session_expiry + ' s' : 'ends with it',
                number(client.queued_messages), number(client.inflight), number(client.subscription_count), number(client.dropped),
                client.bridge ? '' : h('button', { class: 'danger small', onclick: () => this.end(client) }, client.connected ? 'Disconnect' : 'End session')]), 'No client is here.'));
    } catch (error) { this.note.textContent = error.message; }
}, async end(client) {
    if (!confirm(`${client.connected ? 'Disconnect' : 'End the session of'} ${client.id}?`)) return;
    try { await api('/api/clients/' + encodeURIComponent(client.id) + (client.connected ? '' : '?session=true'), { method: 'DELETE' }); complain(null); } catch (error) { alert(error.message); }
    this.load('');
}, async open(id) {
    try {
        const client = await (await api('/api/clients/' + encodeURIComponent(id))).json();
        const facts = Object.entries(client).filter(([key]) => key !== 'subscriptions' && key !== 'id').map(([key, value]) => [key.replace(/_/g, ' '), String(value)]);
        showDetail(client.id, table(['Fact', '~Value'], facts, ''), h('h2', {}, 'Subscriptions'),
            table(['~Filter', 'QoS', 'Options'], client.subscriptions.map(s => [s.filter, s.qos === undefined ? '' : s.qos,
                [s.no_local && 'no local', s.retain_as_published && 'retain as published', s.identifier && 'identifier ' + s.identifier].filter(Boolean).join(', ')]), 'None.'));
    } catch (error) { alert(error.message); }
} };
function showDetail(title, ...children) {
    byId('detail-title').textContent = title;
    byId('detail-body').replaceChildren(...children, h('div', { class: 'row' }, h('button', { onclick: () => byId('detail').close() }, 'Close')));
    byId('detail').showModal();
}

