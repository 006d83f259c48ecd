# A name server on 127.0.0.1:53 for srv.t, which runs it in a network of its own; brings the loopback up first.
#   srv_names.py FILE     FILE will hold the port of the broker; FILE.asked gets a line per question
# _mqtt._tcp.example.test has three records: the best is the broker, the others lead to ports where nobody listens.
import fcntl
import socket
import struct
import sys
import time

name_file = sys.argv[1]
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))

port = ""
while not port:
    try:
        port = open(name_file).read().strip()
    except OSError:
        pass
    time.sleep(0.02)


def name_bytes(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def srv(priority, weight, number, host):
    data = struct.pack(">HHH", priority, weight, number) + name_bytes(host)
    return b"\xc0\x0c" + struct.pack(">HHIH", 33, 1, 60, len(data)) + data


answers = {
    ("_mqtt._tcp.example.test", 33): [srv(10, 1, 1, "broker.test"), srv(5, 1, 2, "broker.test"),
                                      srv(5, 9, int(port), "broker.test")],
    ("_secure-mqtt._tcp.example.test", 33): [srv(0, 0, 8884, "broker.test")],
    ("broker.test", 1): [b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 1])],
}
asked = open(name_file + ".asked", "w", buffering=1)
open(name_file + ".ready", "w").write("ready\n")
while True:
    query, peer = server.recvfrom(4096)
    at, parts = 12, []
    while query[at]:
        parts.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    name = ".".join(parts)
    if kind == 33:
        asked.write("%s SRV\n" % name)
    found = answers.get((name, kind), [])
    known = found or any(key[0] == name for key in answers)
    head = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, len(found), 0, 0)
    server.sendto(head + query[12:at + 5] + b"".join(found), peer)
