// Eclipse Paho's JavaScript client on a page that the broker has served: reads what our publisher left, publishes every
// QoS to itself, lets its will be published, then says something that our subscriber waits for. talk(version) resolves
// to "well" or to what went wrong; version 3 (3.1) or 4 (3.1.1).
'use strict';

function connected(version, id, will) {
    const client = new Paho.Client(location.hostname, Number(location.port), '/mqtt', id);
    const seen = [], waiting = [];
    client.onMessageArrived = message => (waiting.length ? waiting.shift()(message) : seen.push(message));
    const next = what => new Promise((resolve, reject) => {
        if (seen.length) return resolve(seen.shift());
        waiting.push(resolve);
        setTimeout(() => reject(new Error('nothing came, instead of ' + what)), 20000);
    });
    return new Promise((resolve, reject) => client.connect({
        useSSL: location.protocol === 'https:', mqttVersion: version, mqttVersionExplicit: true, timeout: 20,
        ...(will && { willMessage: will }), onSuccess: () => resolve({ client, next }),
        onFailure: error => reject(new Error(id + ': ' + error.errorMessage)),
    }));
}

function message(topic, payload, qos) {
    const made = new Paho.Message(payload);
    made.destinationName = topic;
    made.qos = qos;
    return made;
}

async function expect(peer, topic, payload, qos, retained = false) {
    const got = await peer.next(topic);
    if (got.destinationName !== topic || got.payloadString !== payload || got.qos !== qos || got.retained !== retained)
        throw new Error(`came ${got.destinationName}, QoS ${got.qos}, ${got.payloadBytes.length} bytes, instead of ${topic}`);
}

async function talk(version) {
    try {
        const watcher = await connected(version, 'page-watcher');
        await new Promise((resolve, reject) => watcher.client.subscribe('page/#', {
            qos: 2, timeout: 20, onSuccess: resolve, onFailure: () => reject(new Error('no SUBACK')) }));
        await expect(watcher, 'page/from/us', 'kept by mqtt-pub', 1, true);
        const sender = await connected(version, 'page-sender', message('page/will', 'gone', 1));
        for (const qos of [0, 1, 2]) {
            for (const payload of ['21.5 度', '', 'x'.repeat(100000)]) {
                sender.client.send(message('page/温度', payload, qos));
                await expect(watcher, 'page/温度', payload, qos);
            }
        }
        const again = await connected(version, 'page-sender');  // a take-over: the will of the one before is due
        await expect(watcher, 'page/will', 'gone', 1);
        const told = new Promise(resolve => { watcher.client.onMessageDelivered = resolve; });
        watcher.client.send(message('to/us', 'from a browser', 2));
        await told;
        again.client.disconnect();
        watcher.client.disconnect();
        return 'well';
    } catch (error) {
        return error.message;
    }
}
