"""What front and back end say to each other: frames over TCP on 127.0.0.1.

A frame is one letter, four bytes of length (big endian), and that many bytes. The first one of a front end is HELLO:
fields `name=value`, each ended by a NUL. `token`, `kind` (call, agent or hang), `system` (posix or windows), `arg`
(repeated: argv without the program) or `cmdline` (the raw rest of a Windows command line), `cwd`, `env.NAME`, `drive.C`
(host folder of a drive), `self` (host path of the front end). Then the back end says what to do.
"""
import os
import socket
import struct
import threading

HELLO = b"H"          # front: see above
INPUT = b"I"          # front: bytes of its standard input
INPUT_END = b"E"      # front: standard input has ended
WANT_INPUT = b"N"     # back: read standard input now; without it the front end does not touch it
OUTPUT = b"O"         # back: for standard output
ERRORS = b"X"         # back: for standard error
EXIT = b"C"           # back: exit code, four bytes; the last frame
GRANDCHILD = b"G"     # back: leave a child of your own that never ends (conhost)
AGENT = b"A"          # back: start the agent (Windows), then ask again by READY
READY = b"R"          # agent: the last order is carried out, + or -; front: an agent has been started
ORDER = b"D"          # back to agent: fields, the first is `do`

HEAD = struct.Struct("!cI")
LIMIT = 1 << 20       # bytes of one frame


class Gone(Exception):
    """The other side has closed the channel."""


class Channel:
    """One connection. Sending is safe from any thread; receiving belongs to one."""

    def __init__(self, sock):
        self.sock = sock
        self.lock = threading.Lock()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, kind, payload=b""):
        with self.lock:
            try:
                for begin in range(0, max(len(payload), 1), LIMIT):
                    part = payload[begin:begin + LIMIT]
                    self.sock.sendall(HEAD.pack(kind, len(part)) + part)
            except OSError as error:
                raise Gone(str(error)) from error

    def receive(self):
        kind, length = HEAD.unpack(self.exactly(HEAD.size))
        if length > LIMIT:
            raise Gone(f"frame of {length} bytes")
        return kind, self.exactly(length)

    def exactly(self, length):
        data = bytearray()
        while len(data) < length:
            try:
                part = self.sock.recv(length - len(data))
            except OSError as error:
                raise Gone(str(error)) from error
            if not part:
                raise Gone("closed")
            data += part
        return bytes(data)

    def finish(self, kind, payload=b""):
        """The last frame; then takes what the other side still sends until it closes. Closing on unread bytes would reset
        the connection, and the last frame would be lost with it."""
        self.send(kind, payload)
        self.sock.settimeout(10)
        try:
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(1 << 16):
                pass
        except OSError:
            pass

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def fields(payload):
    """The fields of HELLO as {name: [values]}; bytes that are no UTF-8 survive."""
    found = {}
    for item in payload.split(b"\0"):
        if item:
            name, _, value = os.fsdecode(item).partition("=")
            found.setdefault(name, []).append(value)
    return found


def pack(pairs):
    return b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in pairs)
