"""Relays TCP from a port that the kernel chooses (written to PORT_FILE) to 127.0.0.1:TARGET and cuts every
connection at random instants, with resets, until CUTS are done. Prints each cut.

cutting_proxy.py TARGET PORT_FILE CUTS SEED"""
import os
import random
import selectors
import socket
import struct
import sys
import time

target, port_file, cuts, seed = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(seed)
selector = selectors.DefaultSelector()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(16)
selector.register(listener, selectors.EVENT_READ)
with open(port_file + ".new", "w") as out:
    out.write("%d\n" % listener.getsockname()[1])
os.rename(port_file + ".new", port_file)
pairs = {}


def drop(one, reset):
    other = pairs.pop(one, None)
    for end in (one, other):
        if end is None:
            continue
        pairs.pop(end, None)
        selector.unregister(end)
        if reset:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()


def pause():
    return time.monotonic() + chance.uniform(0.05, 0.6)


next_cut = pause()
while True:
    for key, _ in selector.select(max(0.0, next_cut - time.monotonic()) if cuts else 1.0):
        if key.fileobj is listener:
            client, _ = listener.accept()
            server = socket.socket()
            try:
                server.connect(("127.0.0.1", target))
            except OSError:
                client.close()
                continue
            pairs[client], pairs[server] = server, client
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(end, selectors.EVENT_READ)
            continue
        if key.fileobj not in pairs:
            continue
        try:
            data = key.fileobj.recv(65536)
            if data:
                pairs[key.fileobj].sendall(data)
            else:
                drop(key.fileobj, False)
        except OSError:
            drop(key.fileobj, True)
    if cuts and time.monotonic() >= next_cut:
        if pairs:  # without a connection there is nothing to cut
            for end in list(pairs):
                if end in pairs:
                    drop(end, True)
            cuts -= 1
            print("cut", flush=True)
        next_cut = pause()
