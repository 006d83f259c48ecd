// Log.
const log = { title: 'Log', waiting: [], build() {
    this.find = h('input', { type: 'text', placeholder: 'part of a line', oninput: () => { for (const line of this.lines.children) this.filterLine(line); } });
    this.lines = h('div', { class: 'lines card', tabIndex: 0, 'aria-label': 'Log' }, h('div', { class: 'soft' }, 'Lines appear as the broker writes them.'));
    setInterval(() => { if (!this.waiting.length) return; this.lines.prepend(...this.waiting.splice(0).reverse()); while (this.lines.childNodes.length > 1000) this.lines.lastChild.remove(); }, 250);
    mqtt.subscribe(kLog, '$SYS/broker/log/#', (message, error) => {
        const text = error ? 'The log: ' + error.message : shown(message.payload);
        const line = h('div', { class: message && /\/(E|W)$/.test(message.topic) ? 'bad' : '' }, h('span', { class: 'soft' }, clock(new Date()) + ' '), text);
        this.filterLine(line);
        this.waiting.push(line);
        if (this.waiting.length > 1000) this.waiting.shift();
    });
    return [h('div', { class: 'row' }, h('div', { class: 'grow' }, field('Find', this.find))), this.lines];
}, filterLine(line) { line.hidden = this.find.value !== '' && !line.textContent.toLowerCase().includes(this.find.value.toLowerCase()); } };

// Configuration.
const config = { title: 'Configuration', build() {
    this.text = h('pre', {});
    return [h('div', { class: 'card' }, h('h2', {}, 'As in effect'), this.text)];
}, async enter() { try { this.text.textContent = await (await api('/api/config')).text() || 'Defaults only.'; } catch (error) { this.text.textContent = error.message; } } };

// Views.
const views = [overview, clients, topics, tail, publish, explain, log, config];
let current = null;
function go(view) {
    if (current === view) return;
    if (current && current.leave) current.leave();
    current = view;
    for (const other of views) {
        other.tab.setAttribute('aria-selected', other === view);
        other.tab.tabIndex = other === view ? 0 : -1;
        other.panel.hidden = other !== view;
    }
    view.tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    if (view.enter) view.enter();
}
views.forEach((view, i) => {
    view.tab = h('button', { role: 'tab', id: 'tab-' + i, 'aria-controls': 'panel-' + i, title: `Alt+${i + 1}`, onclick: () => go(view), onkeydown: event => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = views[(i + step + views.length) % views.length];
        go(next); next.tab.focus();
    } }, view.title);
    view.panel = h('section', { role: 'tabpanel', id: 'panel-' + i, 'aria-labelledby': 'tab-' + i, hidden: true }, ...view.build());
    byId('tabs').append(view.tab);
    byId('main').append(view.panel);
});
document.addEventListener('keydown', event => {
    if (event.altKey && event.key >= '1' && event.key <= String(views.length)) { go(views[event.key - 1]); current.tab.focus(); event.preventDefault(); }
    if (event.key === '/' && !/INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) { const input = current.panel.querySelector('input[type=text]'); if (input) { input.focus(); event.preventDefault(); } }
});

// Logging in.
function askForLogin(why) {
    byId('login-error').textContent = why;
    if (!byId('login').open) byId('login').showModal();
    mqtt.close();
}
byId('login-form').addEventListener('submit', () => {
    credentials = { user: byId('user').value, password: byId('password').value };
    byId('password').value = '';
    byId('logout').hidden = false;
    topics.forget();
});
byId('login').addEventListener('cancel', event => event.preventDefault());
byId('logout').addEventListener('click', () => location.reload());

go(overview);
poll();
