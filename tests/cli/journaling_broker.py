# A broker for kills.t that is durable in the simplest way: the payload of every message is a line of JOURNAL, written
# before the message is acknowledged, and so is what QoS 2 has to know: packet ids between PUBREC and PUBREL are in
# JOURNAL.ids, an append-only log. Knows one session, MQTT 5.0 and 3.1.1, publishing only; it may be killed any time.
# JOURNAL.ended is there as soon as a connection is over: all that had arrived on it is in JOURNAL.
#   journaling_broker.py PORT JOURNAL PORT_FILE      port 0: the kernel chooses
import os
import socket
import struct
import sys

port, journal_name, port_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
# Payload and id are one record, so that a kill never splits them; the journal of payloads is made from complete records.
records = open(journal_name + ".ids", "ab+", buffering=0)


def restore():
    """Open ids; cuts a half-written record off, and the payload that went with it."""
    records.seek(0)
    data = records.read()
    end = data.rfind(b"\n") + 1
    os.ftruncate(records.fileno(), end)
    ids, payloads = set(), []
    for line in data[:end].split(b"\n")[:-1]:
        kind, number, payload = line.split(b" ", 2)
        if kind == b"r":
            ids.discard(int(number))
            continue
        if kind == b"2":
            ids.add(int(number))
        payloads.append(payload)
    with open(journal_name + ".new", "wb") as out:
        out.write(b"".join(payload + b"\n" for payload in payloads))
    os.replace(journal_name + ".new", journal_name)
    return ids, end > 0


open_ids, has_session = restore()
journal = open(journal_name, "ab", buffering=0)


def converse(sock):
    global has_session
    data = b""
    v5 = False
    while True:
        block = sock.recv(65536)
        if not block:
            return
        data += block
        at, answers, lines, log = 0, bytearray(), bytearray(), bytearray()
        while len(data) - at >= 2:
            size, shift, header = 0, 0, at + 1
            while header < len(data):
                byte = data[header]
                size |= (byte & 127) << shift
                shift += 7
                header += 1
                if byte < 128:
                    break
            else:
                break
            if header + size > len(data):
                break
            kind, body = data[at], data[header:header + size]
            at = header + size
            if kind >> 4 == 3:
                topic_end = 2 + struct.unpack(">H", body[:2])[0]
                qos, ident = kind >> 1 & 3, body[topic_end:topic_end + 2]
                payload = body[topic_end + (2 if qos else 0) + (1 if v5 else 0):]
                number = struct.unpack(">H", ident)[0]
                if qos == 2 and number in open_ids:
                    answers += b"\x50\x02" + ident
                    continue
                if qos == 2:
                    open_ids.add(number)
                lines += payload + b"\n"
                log += b"%d %d %s\n" % (qos, number, payload)
                answers += (b"\x40\x02" if qos == 1 else b"\x50\x02") + ident
            elif kind >> 4 == 6:
                number = struct.unpack(">H", body[:2])[0]
                open_ids.discard(number)
                log += b"r %d -\n" % number
                answers += b"\x70\x02" + body[:2]
            elif kind >> 4 == 1:
                v5 = body[6] == 5
                clean = body[7] & 2
                if clean:
                    for number in open_ids:
                        log += b"r %d -\n" % number
                    open_ids.clear()
                present = b"\x01" if has_session and not clean else b"\x00"
                has_session = True
                answers += b"\x20\x06" + present + b"\x00\x03\x21\x04\x00" if v5 else b"\x20\x02" + present + b"\x00"
            elif kind >> 4 == 12:
                answers += b"\xd0\x00"
            elif kind >> 4 == 14:
                return
        data = data[at:]
        records.write(log)
        journal.write(lines)
        sock.sendall(answers)


listener = socket.create_server(("127.0.0.1", port))
with open(port_file + ".new", "w") as out:
    out.write("%d\n" % listener.getsockname()[1])
os.replace(port_file + ".new", port_file)
while True:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        try:
            converse(connection)
        except ConnectionError:
            pass
    open(journal_name + ".ended", "w").close()
