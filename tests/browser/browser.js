// Drives Chromium for tests/compat/*.t over its own pipe (--remote-debugging-pipe, DevTools protocol), with what
// Debian's nodejs has and nothing else. Waits with deadlines for what it acts on; clicks and keys are real input
// events. Knows no page of ours.
//
//   const { launch, check } = require('browser');       NODE_PATH=tests/browser
//   const browser = await launch(program, profileFolder, [more arguments]);
//   const page = await browser.newPage();
//   page.on('request' | 'socket' | 'error', text => ...);  page.on('console', ({ type, text }) => ...);
//   const { headers } = await page.goto(url);
//   await page.until(() => document.title === 'ready');
//   await page.role('button', 'Publish', { exact: true }).click();
//   await page.css('#topic').fill('a/b');
const { spawn } = require('child_process');
const fs = require('fs');

const kPatience = 30000;
const pause = () => new Promise(done => setTimeout(done, 50));
const check = (ok, what) => { if (!ok) throw new Error(what); };

// Repeats `attempt` until it gives something; `what`: for the error.
async function eventually(what, attempt) {
    for (const end = Date.now() + kPatience; ;) {
        const got = await attempt();
        if (got) return got;
        if (Date.now() > end) throw new Error(`not within ${kPatience / 1000} seconds: ${what}`);
        await pause();
    }
}

// Commands and events as JSON texts that end with a zero byte.
class Pipe {
    constructor(child) {
        this.out = child.stdio[3];
        this.waiting = new Map();
        this.listeners = new Map();  // by session
        this.last = 0;
        let rest = '';
        child.stdio[4].setEncoding('utf8').on('data', text => {
            const parts = (rest + text).split('\0');
            rest = parts.pop();
            for (const part of parts) this.take(JSON.parse(part));
        });
        child.on('exit', code => {
            for (const { fail } of this.waiting.values()) fail(new Error('the browser ended, status ' + code));
            this.waiting.clear();
            this.ended = true;
        });
        this.out.on('error', () => {});
    }
    take(message) {
        const asked = this.waiting.get(message.id);
        if (asked) {
            this.waiting.delete(message.id);
            if (message.error) asked.fail(new Error(`${asked.method}: ${message.error.message}`));
            else asked.done(message.result);
        } else if (message.method) {
            const listener = this.listeners.get(message.sessionId);
            if (listener) listener(message.method, message.params);
        }
    }
    send(method, params = {}, sessionId = undefined) {
        if (this.ended) return Promise.reject(new Error('the browser has ended'));
        const id = ++this.last;
        this.out.write(JSON.stringify({ id, method, params, sessionId }) + '\0');
        return new Promise((done, fail) => this.waiting.set(id, { method, done, fail }));
    }
}

async function launch(program, profile, more = []) {
    const child = spawn(program, ['--headless', '--remote-debugging-pipe', '--user-data-dir=' + profile, '--no-sandbox',
        '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
        '--disable-sync', '--disable-dev-shm-usage', ...more, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    process.on('exit', () => child.kill('SIGKILL'));
    const pipe = new Pipe(child);
    const ended = new Promise(done => child.on('exit', done));
    await pipe.send('Browser.getVersion');
    return {
        newPage: () => Page.open(pipe),
        close: async () => {
            await pipe.send('Browser.close').catch(() => {});
            await ended;
        },
    };
}

class Page {
    static async open(pipe) {
        const page = new Page();
        page.pipe = pipe;
        page.handlers = {};
        page.targetId = (await pipe.send('Target.createTarget', { url: 'about:blank' })).targetId;
        page.session = (await pipe.send('Target.attachToTarget', { targetId: page.targetId, flatten: true })).sessionId;
        pipe.listeners.set(page.session, (method, params) => page.hear(method, params));
        for (const domain of ['Page', 'Runtime', 'Network', 'Log', 'DOM', 'Accessibility']) await page.send(domain + '.enable');
        return page;
    }
    send(method, params) { return this.pipe.send(method, params, this.session); }
    on(event, handler) { this.handlers[event] = handler; }
    tell(event, what) { if (this.handlers[event]) this.handlers[event](what); }

    hear(method, p) {
        if (method === 'Network.requestWillBeSent') this.tell('request', p.request.url);
        if (method === 'Network.webSocketCreated') this.tell('socket', p.url);
        if (method === 'Network.responseReceived' && p.type === 'Document') this.answer = p.response;
        if (method === 'Page.loadEventFired') this.loaded = true;
        if (method === 'Page.javascriptDialogOpening') this.send('Page.handleJavaScriptDialog', { accept: true }).catch(() => {});
        if (method === 'Runtime.exceptionThrown') {
            const { exception, text } = p.exceptionDetails;
            this.tell('error', (exception && exception.description) || text);
        }
        if (method === 'Log.entryAdded') this.tell('console', { type: p.entry.level, text: p.entry.text });
        if (method === 'Runtime.consoleAPICalled')
            this.tell('console', { type: p.type, text: p.args.map(a => a.value === undefined ? a.description : a.value).join(' ') });
    }

    // Loaded when it returns; headers by small letters.
    async goto(url) {
        this.loaded = false;
        this.answer = undefined;
        const { errorText } = await this.send('Page.navigate', { url });
        check(!errorText, `${url}: ${errorText}`);
        await eventually('loading ' + url, () => this.loaded);
        const headers = {};
        for (const [name, value] of Object.entries(this.answer ? this.answer.headers : {})) headers[name.toLowerCase()] = value;
        return { headers };
    }
    // What the function returns in the page, by value; promises are awaited.
    async evaluate(f, ...words) {
        const { result, exceptionDetails } = await this.send('Runtime.evaluate',
            { expression: `(${f})(...${JSON.stringify(words)})`, awaitPromise: true, returnByValue: true, userGesture: true });
        if (exceptionDetails) throw new Error((exceptionDetails.exception || {}).description || exceptionDetails.text);
        return result.value;
    }
    until(f, ...words) { return eventually(String(f), () => this.evaluate(f, ...words)); }
    setSize(width, height) {
        return this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    }
    setScheme(value) {
        return this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
    }
    async screenshot(file) {
        const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
        fs.writeFileSync(file, Buffer.from(data, 'base64'));
    }
    close() { return this.pipe.send('Target.closeTarget', { targetId: this.targetId }); }

    // "a", "ArrowDown", "Alt+1".
    async press(name) {
        const alt = name.startsWith('Alt+');
        const key = alt ? name.slice(4) : name;
        const codes = { Enter: 13, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Escape: 27, Tab: 9 };
        const text = key === 'Enter' ? '\r' : key.length === 1 && !alt ? key : undefined;
        const event = { key, modifiers: alt ? 1 : 0, windowsVirtualKeyCode: codes[key] || key.toUpperCase().charCodeAt(0),
            code: codes[key] ? key : /\d/.test(key) ? 'Digit' + key : undefined };
        await this.send('Input.dispatchKeyEvent', { ...event, type: text ? 'keyDown' : 'rawKeyDown', text });
        await this.send('Input.dispatchKeyEvent', { ...event, type: 'keyUp' });
    }
    async type(text) { for (const key of text) await this.press(key); }

    // Elements by selector, those with the text in them; by role and accessible name, as assistive technology sees
    // them: the name contains `name`, or is it (exact). `inside`: another of these; `at`: which of several.
    css(selector, { text, at = 0 } = {}) {
        return new Elements(this, selector + (text ? ` with '${text}'` : ''), at, async () => {
            const { result } = await this.send('Runtime.evaluate', { expression:
                `[...document.querySelectorAll(${JSON.stringify(selector)})].filter(e => e.textContent.includes(${JSON.stringify(text || '')}))` });
            return this.elementsOf(result.objectId);
        });
    }
    role(role, name, { exact = false, inside, at = 0 } = {}) {
        return new Elements(this, `${role} '${name}'`, at, async () => {
            const root = inside ? await inside.one() : (await this.send('Runtime.evaluate', { expression: 'document' })).result.objectId;
            const { nodes } = await this.send('Accessibility.queryAXTree', { objectId: root, role });
            const found = [];
            for (const node of nodes) {
                const own = node.name ? node.name.value : '';
                if (node.ignored || !(exact ? own === name : own.toLowerCase().includes(name.toLowerCase()))) continue;
                found.push((await this.send('DOM.resolveNode', { backendNodeId: node.backendDOMNodeId })).object.objectId);
            }
            return found;
        });
    }
    async elementsOf(array) {
        const { result } = await this.send('Runtime.getProperties', { objectId: array, ownProperties: true });
        return result.filter(p => /^\d+$/.test(p.name)).map(p => p.value.objectId);
    }
}

// What is looked for anew with every use: pages change.
class Elements {
    constructor(page, what, at, find) { Object.assign(this, { page, what, at, find }); }
    // Nodes that go away while they are looked at are looked for again.
    async all() { return this.find().catch(error => { if (this.page.pipe.ended) throw error; return []; }); }
    async one() { return eventually(this.what, async () => (await this.all())[this.at]); }
    async call(f, ...words) {
        const { result, exceptionDetails } = await this.page.send('Runtime.callFunctionOn', { objectId: await this.one(),
            functionDeclaration: `function (...words) { return (${f})(this, ...words); }`,
            arguments: words.map(value => ({ value })), returnByValue: true, userGesture: true });
        if (exceptionDetails) throw new Error(`${this.what}: ${(exceptionDetails.exception || {}).description}`);
        return result.value;
    }
    async count() { return (await this.all()).length; }
    text() { return this.call(element => element.textContent); }
    shown() { return this.call(element => element.innerText); }
    attribute(name) { return this.call((element, name) => element.getAttribute(name), name); }
    // What is not shown yet does not take it.
    focus() {
        return eventually('focus on ' + this.what,
            () => this.call(element => { element.focus(); return document.activeElement === element; }).catch(() => false));
    }

    // In its middle, once it is there, stands still and nothing covers it.
    async click() {
        let before = '';
        const place = await eventually('clicking ' + this.what, async () => {
            const at = await this.call(element => {
                element.scrollIntoView({ block: 'center', inline: 'nearest' });
                const box = element.getBoundingClientRect();
                const x = box.x + box.width / 2, y = box.y + box.height / 2;
                const hit = document.elementFromPoint(x, y);
                return box.width > 0 && hit && (element.contains(hit) || hit.contains(element)) && !element.disabled ? { x, y } : null;
            }).catch(() => null);
            const now = JSON.stringify(at), still = at && now === before;
            before = now;
            return still ? at : null;
        });
        for (const type of ['mousePressed', 'mouseReleased'])
            await this.page.send('Input.dispatchMouseEvent', { type, ...place, button: 'left', clickCount: 1 });
    }
    // As if everything were selected and typed over.
    async fill(text) {
        await this.focus();
        await this.call(element => element.select());
        if (text) await this.page.send('Input.insertText', { text });
        else await this.call(element => { element.value = ''; element.dispatchEvent(new Event('input', { bubbles: true })); });
        const got = await this.call(element => element.value);
        check(got === text, `${this.what}: '${got}' instead of '${text}'`);
    }
    async check() {
        if (!await this.call(element => element.checked)) await this.click();
        check(await this.call(element => element.checked), this.what + ' is not checked');
    }
    select(value) {
        return this.call((element, value) => {
            element.value = value;
            if (element.value !== value) throw new Error('no choice ' + value);
            for (const type of ['input', 'change']) element.dispatchEvent(new Event(type, { bubbles: true }));
        }, value);
    }
}

module.exports = { launch, check };
