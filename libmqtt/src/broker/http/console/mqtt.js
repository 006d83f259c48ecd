// MQTT 5.0 over WebSocket: what the page needs of it.
class Mqtt {
    constructor() { this.subscriptions = new Map(); this.waiting = new Map(); this.nextId = 0; this.pause = 500; this.isUp = false;
        this.name = 'console-' + Array.from(crypto.getRandomValues(new Uint8Array(5)), byte => byte.toString(16).padStart(2, '0')).join(''); }
    connect() {
        this.wanted = true;
        const socket = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/mqtt', 'mqtt');
        socket.binaryType = 'arraybuffer';
        this.socket = socket;
        this.rest = new Uint8Array(0);
        socket.onopen = () => {
            const parts = [0, 4, 77, 81, 84, 84, 5, 2 | (credentials ? 0xc0 : 0), 0, 30, 0];
            parts.push(...this.text(this.name));
            if (credentials) parts.push(...this.text(credentials.user), ...this.text(credentials.password));
            this.packet(0x10, parts);
        };
        socket.onmessage = event => this.receive(new Uint8Array(event.data));
        socket.onclose = () => {
            if (this.socket !== socket) return;
            this.up(false);
            for (const done of this.waiting.values()) done(new Error('the connection ended'));
            this.waiting.clear();
            clearInterval(this.pings);
            if (this.wanted) setTimeout(() => this.wanted && this.socket === socket && this.connect(), this.pause);
            this.pause = Math.min(this.pause * 2, 10000);
        };
    }
    close() { this.wanted = false; const socket = this.socket; this.socket = null; if (socket) socket.close(); this.up(false); }
    up(is) { this.isUp = is; showState(); }
    text(value) { const data = new TextEncoder().encode(value); return [data.length >> 8, data.length & 255, ...data]; }
    length(value) {
        const out = [];
        do { out.push((value & 127) | (value > 127 ? 128 : 0)); value >>>= 7; } while (value);
        return out;
    }
    packet(first, body, payload = new Uint8Array(0)) {
        if (!this.socket || this.socket.readyState !== 1) return false;
        const head = [first, ...this.length(body.length + payload.length)];
        const data = new Uint8Array(head.length + body.length + payload.length);
        data.set(head); data.set(body, head.length); data.set(payload, head.length + body.length);
        this.socket.send(data);
        return true;
    }
    id() { this.nextId = this.nextId % 65535 + 1; return this.nextId; }
    // One subscription for each purpose, told apart by its identifier.
    subscribe(purpose, filter, handler, withRetained = true) {
        const before = this.subscriptions.get(purpose);
        if (before && before.filter !== filter) this.unsubscribe(purpose);
        this.subscriptions.set(purpose, { filter, handler, withRetained });
        if (this.isUp) this.sendSubscribe(purpose);
    }
    sendSubscribe(purpose) {
        const { filter, withRetained } = this.subscriptions.get(purpose);
        const id = this.id();
        this.waiting.set(id, error => { const s = this.subscriptions.get(purpose); if (error && s && s.filter === filter) s.handler(null, error); });
        this.packet(0x82, [id >> 8, id & 255, 2, 0x0b, purpose, ...this.text(filter), 8 | (withRetained ? 0 : 0x20)]);
    }
    unsubscribe(purpose) {
        const subscription = this.subscriptions.get(purpose);
        if (!subscription) return;
        this.subscriptions.delete(purpose);
        const isShared = [...this.subscriptions.values()].some(other => other.filter === subscription.filter);
        const id = this.id();
        if (this.isUp && !isShared) this.packet(0xa2, [id >> 8, id & 255, 0, ...this.text(subscription.filter)]);
    }
    publish(topic, payload, { qos = 0, retain = false, properties = [] } = {}) {
        return new Promise((resolve, reject) => {
            const id = qos ? this.id() : 0;
            const body = [...this.text(topic), ...(qos ? [id >> 8, id & 255] : []), ...this.length(properties.length), ...properties];
            if (!this.packet(0x30 | qos << 1 | (retain ? 1 : 0), body, payload)) return reject(new Error('not connected'));
            if (!qos) return resolve('sent');
            this.waiting.set(id, (error, reason) => error ? reject(error) : resolve(reason));
        });
    }
    finish(id, error, reason) { const done = this.waiting.get(id); this.waiting.delete(id); if (done) done(error, reason); }
    receive(data) {
        if (this.rest.length) { const all = new Uint8Array(this.rest.length + data.length); all.set(this.rest); all.set(data, this.rest.length); data = all; }
        let at = 0;
        for (;;) {
            let size = 0, shift = 0, p = at + 1, byte = 128;
            while (byte & 128 && p < data.length && shift < 28) { byte = data[p++]; size += (byte & 127) * 2 ** shift; shift += 7; }
            if (byte & 128 || p + size > data.length) break;
            this.handle(data[at], data.subarray(p, p + size));
            at = p + size;
        }
        this.rest = data.slice(at);
    }
    handle(first, body) {
        const type = first >> 4;
        const id = body[0] << 8 | body[1];
        const reason = body.length > 2 ? body[2] : 0;
        const refusal = code => code >= 128 ? new Error(reasons[code] || 'refused: 0x' + code.toString(16)) : null;
        if (type === 2) {
            if (body[1] >= 128) { complain('MQTT: ' + (refusal(body[1]).message)); return; }
            this.pause = 500;
            this.up(true);
            clearInterval(this.pings);
            this.pings = setInterval(() => this.packet(0xc0, []), 20000);
            for (const purpose of this.subscriptions.keys()) this.sendSubscribe(purpose);
        } else if (type === 3) {
            this.message(first, body);
        } else if (type === 9) {
            this.finish(id, refusal(body[body.length - 1]));
        } else if (type === 4 || type === 7) {
            this.finish(id, refusal(reason), reason === 16 ? 'accepted; nobody is subscribed' : 'accepted');
        } else if (type === 5) {
            if (reason >= 128) this.finish(id, refusal(reason));
            else this.packet(0x62, [id >> 8, id & 255]);
        } else if (type === 14) {
            complain('The broker ended the connection: ' + (reasons[body[0]] || 'reason 0x' + (body[0] || 0).toString(16)));
        }
    }
    message(first, body) {
        let at = 2 + (body[0] << 8 | body[1]);
        const topic = new TextDecoder().decode(body.subarray(2, at));
        if (first & 6) at += 2;
        let size = 0, shift = 0, byte = 128;
        while (byte & 128) { byte = body[at++]; size += (byte & 127) << shift; shift += 7; }
        const end = at + size;
        const properties = readProperties(body, at, end);
        const message = { topic, qos: first >> 1 & 3, retain: (first & 1) === 1, properties, payload: body.slice(end), at: new Date() };
        for (const purpose of properties.purposes) {
            const subscription = this.subscriptions.get(purpose);
            if (subscription) subscription.handler(message, null);
        }
    }
}
const reasons = { 128: 'refused', 131: 'refused by the broker', 134: 'bad user name or password', 135: 'not authorized', 137: 'server busy',
    138: 'banned', 139: 'the broker is shutting down', 142: 'session taken over', 143: 'not a valid filter', 144: 'not a valid topic',
    149: 'packet too large', 150: 'too many messages', 151: 'a quota is used up', 152: 'disconnected by an administrator',
    153: 'the payload is no UTF-8', 154: 'retained messages are not supported here', 155: 'this QoS is not supported here' };
function readProperties(body, at, end) {
    const found = { purposes: [], named: [] };
    const two = () => { const value = body[at] << 8 | body[at + 1]; at += 2; return value; };
    const data = () => { const size = two(); at += size; return body.subarray(at - size, at); };
    while (at < end) {
        const id = body[at++];
        if (id === 0x01) found.named.push(['payload format', body[at++] ? 'text' : 'bytes']);
        else if (id === 0x02) { found.named.push(['expires in', ((two() << 16) >>> 0) + two() + ' s']); }
        else if (id === 0x03) found.named.push(['content type', shown(data())]);
        else if (id === 0x08) found.named.push(['response topic', shown(data())]);
        else if (id === 0x09) found.named.push(['correlation data', shown(data())]);
        else if (id === 0x0b) { let value = 0, shift = 0, byte = 128; while (byte & 128) { byte = body[at++]; value += (byte & 127) << shift; shift += 7; } found.purposes.push(value); }
        else if (id === 0x23) two();
        else if (id === 0x26) { const name = shown(data()); found.named.push([name, shown(data())]); }
        else return found;
    }
    return found;
}
function writeProperties({ contentType, responseTopic, correlation, expiry, isText, user }) {
    const out = [];
    const add = (id, data) => { out.push(id, data.length >> 8, data.length & 255, ...data); };
    const code = text => new TextEncoder().encode(text);
    if (isText) out.push(1, 1);
    if (expiry !== '') { const s = Number(expiry); out.push(2, s >>> 24 & 255, s >>> 16 & 255, s >>> 8 & 255, s & 255); }
    if (contentType) add(3, code(contentType));
    if (responseTopic) add(8, code(responseTopic));
    if (correlation) add(9, code(correlation));
    for (const line of user.split('\n')) {
        const equals = line.indexOf('=');
        if (equals < 1) { if (line.trim()) throw new Error(`'${line}' is not name=value`); continue; }
        const name = code(line.slice(0, equals)), value = code(line.slice(equals + 1));
        out.push(0x26, name.length >> 8, name.length & 255, ...name, value.length >> 8, value.length & 255, ...value);
    }
    return out;
}
const kTopics = 1, kTail = 2, kLog = 3, kBridges = 4, kFigures = 5;
const mqtt = new Mqtt();

// A filter of MQTT on a topic, as the broker matches.
function matches(filter, topic) {
    if (topic[0] === '$' && (filter[0] === '#' || filter[0] === '+')) return false;
    const f = filter.split('/'), t = topic.split('/');
    for (let i = 0; i < f.length; ++i) {
        if (f[i] === '#') return true;
        if (i >= t.length || (f[i] !== '+' && f[i] !== t[i])) return false;
    }
    return f.length === t.length;
}

