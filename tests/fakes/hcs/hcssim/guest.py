"""A guest's connection to a port of the host: standard input and output, joined with the broker (hvsocket.py). QEMU starts one
for each connection to its guestfwd address."""
import os
import socket
import sys
import threading

from .hvsocket import broker_of, read_line


def join(folder, vm, port):
    broker, token = broker_of(folder)
    with socket.create_connection(("127.0.0.1", broker)) as sock:
        sock.sendall(f"{token} guest {vm} {port}\n".encode())
        if read_line(sock).strip() != "ok":
            sys.exit(1)
        threading.Thread(target=feed, args=(sock,), daemon=True).start()
        while data := sock.recv(1 << 16):
            view = memoryview(data)
            while view:
                view = view[os.write(1, view):]


def feed(sock):
    while data := os.read(0, 1 << 16):
        sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
