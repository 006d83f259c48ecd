'use strict';
// Everything that comes from clients (topics, payloads, ids) becomes text of an element, never markup.

// Elements.
const byId = id => document.getElementById(id);
function h(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(properties || {})) {
        if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
        else if (key === 'class') element.className = value;
        else if (key in element && key !== 'list') element[key] = value;
        else element.setAttribute(key, value);
    }
    element.append(...children.filter(child => child !== null && child !== undefined).map(
        child => child instanceof Node ? child : document.createTextNode(String(child))));
    return element;
}
const field = (name, input) => h('label', {}, name, ' ', input);
function table(heads, rows, nothing) {
    if (!rows.length) return h('p', { class: 'soft' }, nothing);
    const cell = (tag, value, head) => {
        const numeric = head.startsWith('#');
        return h(tag, { class: numeric ? 'n' : tag === 'td' && head.startsWith('~') ? 'wrap' : '' }, value);
    };
    return h('div', { class: 'scroll', tabIndex: 0 }, h('table', {},
        h('thead', {}, h('tr', {}, ...heads.map(head => cell('th', head.replace(/^[#~]/, ''), head)))),
        h('tbody', {}, ...rows.map(row => h('tr', {}, ...row.map((value, i) => cell('td', value, heads[i])))))));
}

// Words for figures.
const number = value => Math.round(value).toLocaleString('en-US');
function bytes(value) {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let i = 0;
    while (value >= 1024 && i < units.length - 1) { value /= 1024; ++i; }
    return (i && value < 100 ? value.toFixed(1) : Math.round(value)) + ' ' + units[i];
}
function span(seconds) {
    const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
    return days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
const clock = date => date.toTimeString().slice(0, 8) + '.' + String(date.getMilliseconds()).padStart(3, '0');

// Payloads.
const strict = new TextDecoder('utf-8', { fatal: true });
const hex = data => Array.from(data, byte => byte.toString(16).padStart(2, '0')).join(' ');
function textOf(data) {
    try { return strict.decode(data); } catch { return null; }
}
const shown = data => { const text = textOf(data); return text === null ? hex(data.subarray(0, 64)) : text; };
function pretty(data) {
    const text = textOf(data);
    if (text === null) return hex(data);
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}
function fromHex(text) {
    const digits = text.replace(/[\s:]/g, '');
    if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new Error('not pairs of hexadecimal digits');
    return Uint8Array.from(digits.match(/../g) || [], pair => parseInt(pair, 16));
}
const fromBase64 = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

// Requests.
let credentials = null;  // only here, until the page goes
function authorization() {
    if (!credentials) return {};
    const plain = new TextEncoder().encode(credentials.user + ':' + credentials.password);
    return { Authorization: 'Basic ' + btoa(String.fromCharCode(...plain)) };
}
class Refused extends Error {}
async function api(path, options = {}) {
    const answer = await fetch(path, { ...options, headers: authorization(), credentials: 'omit', cache: 'no-store' });
    if (answer.ok) return answer;
    let text = answer.statusText;
    try { text = (await answer.json()).error; } catch { /* not ours */ }
    if (answer.status === 401) askForLogin(credentials ? text : '');
    throw new Refused(text);
}
const query = values => '?' + Object.entries(values).filter(([, value]) => value !== '' && value !== undefined)
    .map(([key, value]) => key + '=' + encodeURIComponent(value)).join('&');
function complain(error) {
    byId('banner').textContent = error ? String(error.message || error) : '';
    byId('banner').hidden = !error;
}

