"""hvsockets for tests, where there are none (facts 6, 10.3): TCP on 127.0.0.1, by way of a broker that knows the VMs.

`<state>/hvsocket` holds the broker's port and a token. Whoever connects sends one line and gets one back, `ok` or `error N`,
N being what Winsock would say:

    TOKEN connect VMID PORT             the host to a port of the guest; after `ok` the connection is the stream
    TOKEN listen VMID PORT TCPPORT      the host listens, at that TCP port of 127.0.0.1; lasts as long as this connection
    TOKEN guest VMID PORT               the guest to a port of the host; after `ok` the connection is the stream

VMID: runtime id, with or without braces. Ports that shares name are those of their server (plan9.py). Who listens accepts TCP connections, each of which is a stream. The VM must exist
(created, for listen; running, for connect), and its document must not have the service disabled. A stub VM's guest is
played by local sockets, <state>/guest/VMID/PORT. A VM's end closes its streams.
"""
import contextlib
import os
import secrets
import socket
import sys
import threading
import uuid

from . import plan9
from .codes import Mistake
from .comports import short

ACCESS, IN_USE, NOT_SUPPORTED, UNREACHABLE, REFUSED = 10013, 10048, 10047, 10051, 10061
SERVICE = "{:08x}-facb-11e6-bd58-64006a7986d3"
CHUNK = 1 << 16


class Refused(Exception):
    def __init__(self, number):
        super().__init__(str(number))
        self.number = number


class Broker:
    def __init__(self, service):
        self.service = service
        self.token = secrets.token_hex(16)
        self.listeners = {}         # (runtime id, port): TCP port
        self.streams = {}           # runtime id: sockets
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        path = service.state.path("hvsocket")
        service.state.write(path, f"{self.socket.getsockname()[1]} {self.token}\n")
        os.chmod(path, 0o600)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            sock, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        with contextlib.suppress(OSError), sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            words = read_line(sock).split()
            if not words or not secrets.compare_digest(words[0], self.token):
                return
            try:
                other, runtime_id = self.asked(sock, words[1:])
            except Refused as refused:
                sock.sendall(f"error {refused.number}\n".encode())
                return
            if other:
                sock.sendall(b"ok\n")
                self.join(runtime_id, sock, other)

    def asked(self, sock, words):
        verb, vm, port = words[0], str(uuid.UUID(words[1])), int(words[2])
        system = self.service.by_runtime_id(vm)
        if not system or system.status == "Stopped":
            raise Refused(UNREACHABLE)
        if self.is_disabled(system, port):
            raise Refused(ACCESS)
        if verb == "listen":
            if self.is_shared(system, port):
                raise Refused(IN_USE)
            self.listen(sock, (vm, port), int(words[3]))
            return None, vm
        if verb == "connect":
            return self.to_guest(system, port), vm
        if self.is_shared(system, port):
            return self.to_shares(system, port), vm
        return self.to_host(vm, port), vm

    @staticmethod
    def is_shared(system, port):
        """Whether Windows' own 9P server listens there."""
        return any(share["Port"] == port for share in system.devices.get("Plan9", {}).get("Shares", []))

    @staticmethod
    def to_shares(system, port):
        if system.status != "Running":
            raise Refused(UNREACHABLE)
        try:
            return plan9.connect(system, port)
        except Mistake as mistake:
            print(f"hvsocket {port}: {mistake}", file=sys.stderr, flush=True)
            raise Refused(REFUSED) from mistake

    @staticmethod
    def is_disabled(system, port):
        table = system.devices.get("HvSocket", {}).get("HvSocketConfig", {}).get("ServiceTable", {})
        return any(guid.lower() == SERVICE.format(port) and one.get("Disabled") for guid, one in table.items())

    def listen(self, sock, key, tcp_port):
        with self.lock:
            if key in self.listeners:
                raise Refused(IN_USE)
            self.listeners[key] = tcp_port
        try:
            sock.sendall(b"ok\n")
            while sock.recv(1):
                pass
        finally:
            with self.lock:
                del self.listeners[key]

    def to_host(self, vm, port):
        tcp_port = self.listeners.get((vm, port))
        if not tcp_port:
            raise Refused(REFUSED)
        try:
            return socket.create_connection(("127.0.0.1", tcp_port), 10)
        except OSError as error:
            raise Refused(REFUSED) from error

    @staticmethod
    def to_guest(system, port):
        if system.status != "Running" or not system.machine:
            raise Refused(UNREACHABLE)
        target = system.machine.connect_guest(port)
        sock = None
        try:
            if isinstance(target, tuple):
                return socket.create_connection(target, 10)
            sock = socket.socket(socket.AF_UNIX)
            with short(os.path.dirname(target)) as folder:
                sock.connect(f"{folder}/{os.path.basename(target)}")
            return sock
        except OSError as error:
            if sock:
                sock.close()
            raise Refused(REFUSED) from error

    # Streams.

    def join(self, runtime_id, one, other):
        one.settimeout(None), other.settimeout(None)
        with self.lock:
            self.streams.setdefault(runtime_id, set()).update((one, other))
        back = threading.Thread(target=pump, args=(other, one), daemon=True)
        back.start()
        pump(one, other)
        back.join()
        with self.lock:
            self.streams.get(runtime_id, set()).difference_update((one, other))
        other.close()

    def end(self, runtime_id):
        """The VM has ended: so have its streams, by a reset."""
        with self.lock:
            streams = self.streams.pop(runtime_id, set())
        for sock in streams:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def pump(source, target):
    """Bytes one way, then the end of that way: a half-close goes through."""
    try:
        while data := source.recv(CHUNK):
            target.sendall(data)
    except OSError:
        pass
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def read_line(sock):
    line = b""
    while not line.endswith(b"\n") and len(line) < 512:
        byte = sock.recv(1)
        if not byte:
            return ""
        line += byte
    return line.decode(errors="replace")


def broker_of(folder):
    """(port, token)"""
    with open(os.path.join(folder, "hvsocket"), encoding="ascii") as file:
        port, token = file.read().split()
    return int(port), token
