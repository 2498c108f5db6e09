"""COM ports and the named pipes they are joined with (facts 3.8).

If somebody serves the pipe when the VM starts, the VM is its client, and silent for ever once that ends; else the VM serves
it. Under Wine the agent does that (front/agent_pipe.c) and joins the pipe with a TCP port of ours; on Linux a local socket
<state>/pipes/NAME plays the pipe.
"""
import contextlib
import os
import socket
import threading

CHUNK = 1 << 14
WAIT = 30


class ComPort:
    """One side is the guest: `say` is what it sends, `heard` gets what it is sent. All is kept in `log`, a file's path."""

    def __init__(self, pipe, log):
        self.pipe = pipe
        self.log = log
        self.heard = lambda data: None
        self.peer = None
        self.listener = None
        self.client = None          # whether we are the pipe's client; None: there is no pipe
        self.over = False
        self.lock = threading.Lock()

    def say(self, data):
        with self.lock:
            with open(self.log, "ab") as file:
                file.write(data)
            peer = self.peer
        if peer:
            with contextlib.suppress(OSError):
                peer.sendall(data)

    def listen(self, sock):
        """Until the other side ends."""
        with contextlib.suppress(OSError):
            while data := sock.recv(CHUNK):
                self.heard(data)
        with self.lock:
            if self.peer is sock:
                self.peer = None
        sock.close()

    def joined(self, sock):
        with self.lock:
            self.peer = sock
        threading.Thread(target=self.listen, args=(sock,), daemon=True).start()

    # Under Wine.

    def join_agent(self, agents):
        """By way of the prefix's agent, which connects to us before it answers."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(WAIT)
            self.client = agents.pipe(self.pipe, listener.getsockname()[1])
            sock, _ = listener.accept()
        sock.settimeout(None)
        self.joined(sock)

    # On Linux.

    def join_local(self, folder):
        name = self.pipe.rpartition("\\")[2]
        sock = socket.socket(socket.AF_UNIX)
        with short(folder) as short_folder:
            try:
                sock.connect(f"{short_folder}/{name}")
                self.client = True
                self.joined(sock)
                return
            except OSError:
                sock.close()
            self.client = False
            self.listener = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(OSError):
                os.unlink(f"{short_folder}/{name}")
            self.listener.bind(f"{short_folder}/{name}")
            self.path = os.path.join(folder, name)
        self.listener.listen(1)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        """One client after the other."""
        while not self.over:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.peer = sock
            self.listen(sock)

    def close(self):
        self.over = True
        for sock in (self.peer, self.listener):
            if sock:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()
        if self.listener:
            with contextlib.suppress(OSError):
                os.unlink(self.path)


@contextlib.contextmanager
def short(folder):
    """A short name for a folder: a local socket's path has little room."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
