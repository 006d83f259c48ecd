// MQTT.js against a broker: subscribes, publishes every QoS to itself, checks what comes back, then lets a
// will be published. Exit status 0, or 1 with the reason.
//   mqtt_js.js URL VERSION [CA file]      version 3, 4 or 5
'use strict';
const fs = require('fs');
const mqtt = require('mqtt');

const [url, versionText, caFile] = process.argv.slice(2);
const version = Number(versionText);

function fail(what) {
  console.error(what);
  process.exit(1);
}
setTimeout(() => fail('not within its deadline'), 30000).unref();

function connected(clientId, more) {
  const options = Object.assign({
    clientId, protocolVersion: version, protocolId: version === 3 ? 'MQIsdp' : 'MQTT', reconnectPeriod: 0,
  }, more);
  if (caFile) options.ca = fs.readFileSync(caFile);
  const client = mqtt.connect(url, options);
  client.on('error', (error) => fail(clientId + ': ' + error.message));
  return new Promise((resolve) => client.once('connect', () => resolve(client)));
}
const said = (client, verb, ...words) => new Promise((resolve) =>
  client[verb](...words, (error, result) => (error ? fail(verb + ': ' + error.message) : resolve(result))));
const message = (client) => new Promise((resolve) =>
  client.once('message', (topic, payload, packet) => resolve({ topic, payload, packet })));

async function main() {
  const watcher = await connected('js-watcher');
  await said(watcher, 'subscribe', 'js/#', { qos: 2 });
  const sender = await connected('js-sender', { will: { topic: 'js/will', payload: 'gone', qos: 1 } });
  for (const qos of [0, 1, 2]) {
    for (const payload of [Buffer.from('21.5 度'), Buffer.alloc(0), Buffer.alloc(100000, 'x')]) {
      const options = { qos };
      if (version === 5) options.properties = { userProperties: { unit: '°C' }, contentType: 'text/plain' };
      const arrival = message(watcher);
      await said(sender, 'publish', 'js/温度', payload, options);
      const got = await arrival;
      if (got.topic !== 'js/温度' || !got.payload.equals(payload) || got.packet.qos !== qos) fail('wrong message');
      if (version === 5 && got.packet.properties.userProperties.unit !== '°C') fail('wrong user property');
    }
  }
  const will = message(watcher);
  sender.stream.destroy();
  if ((await will).topic !== 'js/will') fail('no will');
  await said(watcher, 'end', false, {});
}
main().then(() => process.exit(0));
