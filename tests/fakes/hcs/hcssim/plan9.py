"""Windows' 9P server of a VM's shares (facts 7): 9P2000.L on the vsock port that a share names; shares of one port are told apart by
the name that a client attaches to.

The files are served by diod, one process for each connection, which ends with it. In between, messages are looked at as far as it
takes to choose the share, and to put its folder in the place of its name. All that is done is done as the user who runs the double,
whatever user the guest names: Windows does not know those either. One connection attaches to one share.
"""
import contextlib
import errno
import os
import pwd
import shutil
import socket
import struct
import subprocess
import threading

from .codes import Mistake

VERSION = b"9P2000.L"
TVERSION, TATTACH, RLERROR = 100, 104, 7
MSIZE = 65536           # diod's
LARGEST = 1 << 20       # of a client's message
READ_ONLY = 0x01        # of a share's flags
NO_TAG = 0xffff


def find_program():
    return shutil.which("diod", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def connect(system, port):
    """The guest's end of a connection to the server."""
    program = find_program()
    if not program:
        raise Mistake("shares are served by diod, which is not installed")
    ours, theirs = socket.socketpair()
    threading.Thread(target=serve, args=(Connection(system, port, program), ours), daemon=True).start()
    return theirs


def serve(connection, sock):
    with sock, contextlib.suppress(OSError, EOFError, struct.error):
        connection.run(sock)


class Connection:
    def __init__(self, system, port, program):
        self.system, self.port, self.program = system, port, program
        self.msize = MSIZE
        self.name, self.folder, self.server, self.process = None, None, None, None

    def run(self, sock):
        try:
            while True:
                kind, tag, body = read(sock)
                if self.server or (kind == TATTACH and self.choose(sock, body)):
                    self.server.sendall(message(kind, tag, self.attached(body) if kind == TATTACH else body))
                elif kind == TVERSION:
                    sock.sendall(self.version(tag, body))
                else:
                    sock.sendall(message(RLERROR, tag, struct.pack("<I", errno.ENOENT if kind == TATTACH else errno.EBADF)))
        finally:
            self.end()

    def version(self, tag, body):
        msize = struct.unpack_from("<I", body)[0]
        known = text_at(body, 4)[0] == VERSION
        self.msize = min(msize, MSIZE)
        return message(TVERSION + 1, tag, struct.pack("<I", self.msize) + packed(VERSION if known else b"unknown"))

    # Of an attach: fid, afid, user's name, name of the share, user's number.

    def choose(self, sock, body):
        """Starts the server of the share that is asked for; False: there is none of that name."""
        name = share_name(body)
        found = [(share, host) for share, host in self.system.plan.shares
                 if share["Port"] == self.port and (share.get("AccessName") or share["Name"]).encode() == name]
        if not found:
            return False
        self.name, (share, self.folder) = name, found[0]
        self.start(share.get("Flags", 0) & READ_ONLY)
        threading.Thread(target=self.answer, args=(sock,), daemon=True).start()
        return True

    def attached(self, body):
        """The same with the folder for the name; what names another share is refused by diod. So is a user whose number this computer
        does not know, although diod was told (-S) to do all as another: the number is that one's."""
        _, user_end = text_at(body, 8)
        name, end = text_at(body, user_end)
        place = packed(self.folder.encode() if name == self.name else b"/" + name)
        return body[:user_end] + place + struct.pack("<I", os.geteuid()) + body[end + 4:]

    # diod.

    def start(self, read_only):
        self.server, theirs = socket.socketpair()
        path = os.path.join(self.system.folder(), f"diod-{theirs.fileno()}.conf")
        with open(path, "w", encoding="utf-8") as file:
            options = ', opts="ro"' if read_only else ""
            file.write(f"exports = {{{{ path=[==[{self.folder}]==]{options} }}}}\n")
        with theirs, open(os.path.join(self.system.folder(), "diod.log"), "ab") as log:
            words = [self.program, "-f", "-n", "-c", path, "-r", str(theirs.fileno()), "-w", str(theirs.fileno()), "-L", "stderr",
                     "-S", "-U", pwd.getpwuid(os.geteuid()).pw_name]
            self.process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.server.sendall(message(TVERSION, NO_TAG, struct.pack("<I", self.msize) + packed(VERSION)))
        read(self.server)
        os.unlink(path)

    def answer(self, sock):
        with contextlib.suppress(OSError):
            while data := self.server.recv(1 << 16):
                sock.sendall(data)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    def end(self):
        """It ends when its connection does."""
        if self.server:
            with contextlib.suppress(OSError):
                self.server.shutdown(socket.SHUT_RDWR)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.server.close()


# Messages: size, kind, tag, body; a text has two bytes of length.

def read(sock):
    size, kind, tag = struct.unpack("<IBH", exactly(sock, 7))
    if not 7 <= size <= LARGEST:
        raise EOFError
    return kind, tag, exactly(sock, size - 7)


def exactly(sock, size):
    data = b""
    while len(data) < size:
        got = sock.recv(size - len(data))
        if not got:
            raise EOFError
        data += got
    return data


def message(kind, tag, body):
    return struct.pack("<IBH", 7 + len(body), kind, tag) + body


def packed(text):
    return struct.pack("<H", len(text)) + text


def text_at(body, place):
    """(text, where it ends)"""
    size = struct.unpack_from("<H", body, place)[0]
    return body[place + 2:place + 2 + size], place + 2 + size


def share_name(attach):
    return text_at(attach, text_at(attach, 8)[1])[0]
