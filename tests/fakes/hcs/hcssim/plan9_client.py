"""A guest that speaks 9P2000.L to the double's shares, without a kernel: as much as tests ask for."""
import os
import socket
import struct

from .hvsocket import broker_of, read_line
from .plan9 import NO_TAG, TATTACH, TVERSION, VERSION, message, packed, read

TLOPEN, TLCREATE, TWRITE, TREAD, TWALK, RLERROR = 12, 14, 118, 116, 110, 7
NO_FID = 0xffffffff
ROOT, FILE = 0, 1


class Client:
    """Attached to a share. Errors of the server are OSErrors."""

    def __init__(self, state, vm, port, name, version=VERSION, user=1000):
        broker, token = broker_of(state)
        self.sock = socket.create_connection(("127.0.0.1", broker), 60)
        self.sock.sendall(f"{token} guest {vm} {port}\n".encode())
        answer = read_line(self.sock).strip()
        if answer != "ok":
            self.sock.close()
            raise ConnectionRefusedError(answer)
        self.msize, self.version = self.agree(version)
        self.attach(ROOT, name, user)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def ask(self, kind, body, tag=1):
        self.sock.sendall(message(kind, tag, body))
        found, back, answer = read(self.sock)
        assert back == tag, back
        if found == RLERROR:
            number = struct.unpack("<I", answer)[0]
            raise OSError(number, os.strerror(number))
        assert found == kind + 1, found
        return answer

    def agree(self, version):
        answer = self.ask(TVERSION, struct.pack("<I", 1 << 17) + packed(version), NO_TAG)
        return struct.unpack_from("<I", answer)[0], answer[6:]

    def attach(self, fid, name, user=1000):
        self.ask(TATTACH, struct.pack("<II", fid, NO_FID) + packed(b"") + packed(name.encode()) + struct.pack("<I", user))

    def walk(self, names, fid=FILE):
        self.ask(TWALK, struct.pack("<IIH", ROOT, fid, len(names)) + b"".join(packed(name.encode()) for name in names))
        return fid

    def content(self, *names, fid=FILE):
        self.walk(names, fid)
        self.ask(TLOPEN, struct.pack("<II", fid, os.O_RDONLY))
        answer = self.ask(TREAD, struct.pack("<IQI", fid, 0, 4096))
        return answer[4:]

    def create(self, name, data, fid=FILE):
        self.walk([], fid)
        self.ask(TLCREATE, struct.pack("<I", fid) + packed(name.encode()) + struct.pack("<III", os.O_WRONLY, 0o644, 0))
        self.ask(TWRITE, struct.pack("<IQI", fid, 0, len(data)) + data)
