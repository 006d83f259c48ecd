// aedes as a broker, on a port of loopback that the kernel chooses, which it prints; and on another over WebSocket.
'use strict';
const aedes = require('aedes')();
const net = require('net');
const http = require('http');
const server = net.createServer(aedes.handle);
server.listen(0, '127.0.0.1', () => console.log('mqtt ' + server.address().port));
const site = http.createServer();
require('websocket-stream').createServer({ server: site }, aedes.handle);
site.listen(0, '127.0.0.1', () => console.log('ws ' + site.address().port));
