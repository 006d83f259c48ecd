# A server that demands what public clouds demand, for cloud.t and recipes_cloud.t. One thread per connection; MQTT 3.1.1 and 5.0.
#   cloud_server.py MODE CERT KEY SECRET LOG     prints its port; MODE:
#   alpn  TLS that closes unless ALPN agreed on "x-amzn-mqtt-ca"; refuses logins with another password than SECRET
#   sas   TLS; the password is "EXPIRY:HMAC", HMAC-SHA256 of "HOST:CLIENT:EXPIRY" keyed with SECRET, and each one is
#         good for one connection; the first connection is closed after its first PUBLISH is acknowledged
#   ws    WebSocket over TLS; demands the headers "Authorization: Bearer SECRET" and "X-Tenant: acme" and the path
#         /mqtt?x=1, answers 401 otherwise
#   iot   3.1.1 over TLS with ALPN, SNI and a client certificate of the authority in the file SECRET; closes on what says
#         that it is a bridge, on QoS 2 and on topics that begin with $; answers readings with a message to
#         site1/commands/lamp
# What arrives is written to LOG: a line per CONNECT, refusal, SUBSCRIBE, PUBLISH.
import base64
import hashlib
import hmac
import socket
import ssl
import struct
import sys
import threading
import time

mode, cert, key, secret, log_name = sys.argv[1:6]
log_lock = threading.Lock()
used_tokens = set()
connections = 0


def log(text):
    with log_lock, open(log_name, "a") as out:
        out.write(text + "\n")


class Plain:
    def __init__(self, sock):
        self.sock = sock

    def take(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def send(self, data):
        self.sock.sendall(data)


class WebSocket(Plain):
    buffered = b""

    def upgrade(self):
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.take(1)
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:] if line)}
        wanted = {"authorization": "Bearer " + secret, "x-tenant": "acme", "sec-websocket-protocol": "mqtt"}
        if lines[0].split()[1] != "/mqtt?x=1" or any(headers.get(k) != v for k, v in wanted.items()):
            log("refused headers")
            self.sock.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            return False
        accept = base64.b64encode(hashlib.sha1(
            (headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        self.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        return True

    def take(self, n):
        if not hasattr(self, "upgraded"):
            return super().take(n)
        while len(self.buffered) < n:
            first, size = super().take(2)
            size &= 127
            if size == 126:
                size = struct.unpack(">H", super().take(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", super().take(8))[0]
            mask, body = super().take(4), super().take(size)
            if first & 15 == 8:
                raise ConnectionError("closed")
            if first & 15 in (0, 2):
                self.buffered += bytes(b ^ mask[i % 4] for i, b in enumerate(body))
        data, self.buffered = self.buffered[:n], self.buffered[n:]
        return data

    def send(self, data):
        self.sock.sendall(bytes([0x82, len(data)]) + data)


def packet(peer):
    first, size, shift = peer.take(1)[0], 0, 0
    while True:
        byte = peer.take(1)[0]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return first, peer.take(size)


def text(body, at):
    n = struct.unpack(">H", body[at:at + 2])[0]
    return body[at + 2:at + 2 + n].decode(), at + 2 + n


def login_is_good(client, password):
    if mode != "sas":
        return mode in ("ws", "iot") or password == secret
    expiry, _, mac = (password or "").partition(":")
    wanted = hmac.new(secret.encode(), ("localhost:%s:%s" % (client, expiry)).encode(), hashlib.sha256).hexdigest()
    if mac != wanted or float(expiry or 0) < time.time() or mac in used_tokens:
        return False
    used_tokens.add(mac)
    return True


def subscribed(peer, body):
    filter_text, at = text(body, 2)
    if body[at] > 1:
        raise ConnectionError("refused a QoS of 2")
    log("subscribed " + filter_text)
    peer.send(b"\x90\x03" + body[:2] + bytes([body[at]]))


def looked_at_by_iot(peer, first, topic):
    if first & 4:
        raise ConnectionError("refused a QoS of 2")
    if topic.startswith("$"):
        raise ConnectionError("refused a topic of the server's own")
    if "readings" in topic:
        answer = b"\x00\x13site1/commands/lamp\x00\x07on"
        peer.send(bytes([0x32, len(answer)]) + answer)


def converse(peer, number):
    _, body = packet(peer)
    _, at = text(body, 0)
    version, flags = body[at], body[at + 1]
    if mode == "iot" and version != 4:
        return log("refused a protocol level of %d" % version)
    at += 4
    if version == 5:
        at += 1 + body[at]
    client, at = text(body, at)
    user = password = None
    if flags & 0x80:
        user, at = text(body, at)
    if flags & 0x40:
        password, at = text(body, at)
    if not login_is_good(client, password):
        log("refused login of %s" % user)
        peer.send(b"\x20\x03\x00\x87\x00" if version == 5 else b"\x20\x02\x00\x05")
        return
    log("connected %s %s" % (user, client))
    peer.send(b"\x20\x03\x00\x00\x00" if version == 5 else b"\x20\x02\x00\x00")
    while True:
        first, body = packet(peer)
        if first >> 4 == 14:
            return log("disconnected")
        if first >> 4 == 8:
            subscribed(peer, body)
        if first >> 4 != 3:
            continue
        topic, at = text(body, 0)
        if first & 6:
            peer.send(b"\x40\x02" + body[at:at + 2])
            at += 2
        if version == 5:
            at += 1 + body[at]
        log("published %s %s" % (topic, body[at:].decode()))
        if mode == "iot":
            looked_at_by_iot(peer, first, topic)
        if mode == "sas" and number == 1:
            return


def serve(raw, number):
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.set_alpn_protocols(["x-amzn-mqtt-ca"])
        names = []
        context.sni_callback = lambda sock, name, _: names.append(name)
        if mode == "iot":
            context.load_verify_locations(secret)
            context.verify_mode = ssl.CERT_REQUIRED
        with context.wrap_socket(raw, server_side=True) as sock:
            if mode in ("alpn", "iot") and sock.selected_alpn_protocol() is None:
                return log("refused without ALPN")
            if mode == "iot" and names != ["localhost"]:
                return log("refused a connection without SNI")
            peer = WebSocket(sock) if mode == "ws" else Plain(sock)
            if mode == "ws":
                if not peer.upgrade():
                    return
                peer.upgraded = True
            converse(peer, number)
    except (OSError, ConnectionError) as error:
        if str(error).startswith("refused"):
            log(str(error))


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    accepted, _ = listener.accept()
    connections += 1
    threading.Thread(target=serve, args=(accepted, connections), daemon=True).start()
