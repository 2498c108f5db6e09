"""A relay in front of the real server, for mistakes that happen before gRPC sees a byte. It knows what a client has sent so far and
how the connection ended, and does the one wrong thing."""
import os
import select
import socket
import threading
import time

from wrong import wrong

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BANDWIDTH_PING = b"\x02\x04\x10\x10\x09\x0e\x07\x07"

CASES = ("process/survives-silent-probes", "wire/many-clients", "wire/sends-settings", "wire/answers-ping", "wire/any-authority",
         "wire/every-user-agent", "robust/garbage", "robust/http1-request", "robust/half-preface", "robust/stalled-frame",
         "robust/vanishes-in-a-message", "robust/huge-header", "robust/ping-flood", "robust/silent-connections")


BUSY = threading.Lock()     # held by the connection that is in the middle of a frame: robust/stalled-frame


def frame_open(data):
    """Whether these bytes, from the beginning of a connection, end in the middle of a frame."""
    at = len(PREFACE)
    while at + 9 <= len(data):
        at += 9 + int.from_bytes(data[at:at + 3], "big")
    return at != len(data)


class Connection:
    def __init__(self, client):
        self.client = client
        self.sent = b""
        self.holds = False

    def take_turn(self):
        if not wrong("robust/stalled-frame"):
            return
        if not self.holds:
            BUSY.acquire()
            self.holds = True
        if not frame_open(self.sent):
            BUSY.release()
            self.holds = False

    def dies(self):
        """Bytes that end this server."""
        return (wrong("robust/garbage") and len(self.sent) > 24 and not self.sent.startswith(b"PRI")
                or wrong("robust/http1-request") and self.sent.startswith(b"GET")
                or wrong("robust/huge-header") and len(self.sent) > 100000
                or wrong("robust/ping-flood") and self.sent.count(b"abcdefgh") > 1000)

    def refused(self):
        return (wrong("wire/any-authority") and b"%5C" in self.sent
                or wrong("wire/every-user-agent") and b"grpc-go/1.79.2" in self.sent
                or wrong("wire/answers-ping") and BANDWIDTH_PING in self.sent
                or wrong("wire/sends-settings"))

    def closed(self):
        if wrong("process/survives-silent-probes") and not self.sent:
            os._exit(1)
        if wrong("robust/vanishes-in-a-message") and b"/Driver/Configure" in self.sent:
            os._exit(1)

    def relay(self, path):
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(path)
            while True:
                for one in select.select([self.client, server], [], [])[0]:
                    try:
                        data = one.recv(65536)
                    except OSError:
                        data = b""
                    if not data:
                        return self.closed()
                    if one is server:
                        self.client.sendall(data)
                        continue
                    self.sent = (self.sent + data)[-400000:]
                    if self.dies():
                        os._exit(1)
                    if self.refused():
                        return None
                    self.take_turn()
                    server.sendall(data)


def handle(client, path):
    with client:
        try:
            Connection(client).relay(path)
        except OSError:
            pass


def wait_for_preface(client):
    """Reads its first bytes in the accepting thread, as one must not."""
    while len(client.recv(len(PREFACE), socket.MSG_PEEK)) < len(PREFACE):
        time.sleep(0.01)


def accept_all(listener, path):
    opened = []
    while True:
        client, _ = listener.accept()
        opened = [one for one in opened if one.fileno() >= 0]
        if len(opened) >= 8 and wrong("wire/many-clients") or len(opened) >= 90 and wrong("robust/silent-connections"):
            client.close()
            continue
        opened.append(client)
        if wrong("robust/half-preface"):
            wait_for_preface(client)
        threading.Thread(target=handle, args=(client, path), daemon=True).start()


def start(listener, path):
    threading.Thread(target=accept_all, args=(listener, path), daemon=True).start()
