# A server for max_inflight.t that sees how many messages a client has under way at once: it acknowledges the oldest one
# only when as many as LIMIT are there, or when nothing more has come for a while. MQTT 3.1, 3.1.1 and 5.0.
#   window_peer.py LIMIT PORT_FILE      prints a line "most-under-way messages receive-maximum" per connection
import os
import select
import socket
import struct
import sys

limit, port_file = int(sys.argv[1]), sys.argv[2]
QUIET = 0.06  # seconds without a message: the client waits for us


def properties_of_connect(body):
    """Receive Maximum of a CONNECT, 65535 when it has none."""
    name = struct.unpack(">H", body[:2])[0]
    if body[2 + name] != 5:
        return 65535
    at = 2 + name + 4
    end = at + 1 + body[at]
    at += 1
    while at < end:
        kind = body[at]
        if kind == 0x21:
            return struct.unpack(">H", body[at + 1:at + 3])[0]
        at += 1 + {0x11: 4, 0x17: 1, 0x19: 1, 0x22: 2, 0x27: 4}[kind]
    return 65535


def converse(sock):
    data, most, seen, maximum = b"", 0, 0, 65535
    under_way, ready = set(), []  # ready: the answers that end an exchange
    while True:
        # One message above the limit would be a mistake of the client: it gets the time to make it.
        patience = 0.02 if len(under_way) >= limit else QUIET
        if ready and not select.select([sock], [], [], patience)[0]:
            answer, ident = ready.pop(0)
            under_way.discard(ident)
            sock.sendall(answer + ident)
            continue
        block = sock.recv(65536)
        if not block:
            break
        data += block
        while len(data) >= 2:
            size, shift, at = 0, 0, 1
            while at < len(data):
                byte = data[at]
                size |= (byte & 127) << shift
                shift, at = shift + 7, at + 1
                if byte < 128:
                    break
            else:
                break
            if len(data) < at + size:
                break
            kind, body, data = data[0], data[at:at + size], data[at + size:]
            if kind >> 4 == 1:
                maximum = properties_of_connect(body)
                v5 = body[2 + struct.unpack(">H", body[:2])[0]] == 5
                sock.sendall(b"\x20\x03\x00\x00\x00" if v5 else b"\x20\x02\x00\x00")
            elif kind >> 4 == 3 and kind >> 1 & 3:
                at = 2 + struct.unpack(">H", body[:2])[0]
                ident = body[at:at + 2]
                seen += 1
                under_way.add(ident)
                most = max(most, len(under_way))
                if kind >> 1 & 3 == 1:
                    ready.append((b"\x40\x02", ident))
                else:
                    sock.sendall(b"\x50\x02" + ident)
            elif kind >> 4 == 6:
                ready.append((b"\x70\x02", body[:2]))
            elif kind >> 4 == 14:
                print(most, seen, maximum, flush=True)
                return
    print(most, seen, maximum, "cut", flush=True)


listener = socket.create_server(("127.0.0.1", 0))
with open(port_file + ".new", "w") as out:
    out.write("%d\n" % listener.getsockname()[1])
os.replace(port_file + ".new", port_file)
while True:
    connection, _ = listener.accept()
    with connection:
        converse(connection)
