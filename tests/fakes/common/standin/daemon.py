"""A back end: one process per state folder that listens on 127.0.0.1 for front ends, which know its token.

`<folder>/daemon` tells port, token and pid; `<folder>/daemon.log` what the back end itself complains about. It ends when
the file is removed, or by SIGTERM.
"""
import os
import secrets
import signal
import socket
import sys
import threading
import time
import traceback

from . import protocol

TICK = 0.1
FORGOTTEN = 3600        # seconds without a call or anything running after which a test must have died without a farewell


class Daemon:
    """The part every back end has; a subclass says what it is for."""

    def __init__(self, folder):
        self.folder = folder
        self.token = secrets.token_hex(16)
        self.ended = threading.Event()
        self.last_call = time.monotonic()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    # What a subclass does.

    def tick(self):
        """Ten times a second. True: something runs, so nobody has forgotten us."""
        return False

    def answer(self, channel, hello):
        """Serves one connection until it is done."""
        raise NotImplementedError

    def apologise(self, channel, words):
        """Tells a front end of a bug of the stand-in's own."""

    def shutdown(self):
        """The last thing."""

    # What all do.

    def announce(self):
        """From now on we can be found."""
        words = f"{self.listener.getsockname()[1]} {self.token} {os.getpid()}\n"
        path = os.path.join(self.folder, "daemon")
        handle = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="ascii") as file:
            file.write(words)
        os.rename(path + ".new", path)

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.ended.set())
        threading.Thread(target=self.accept, daemon=True).start()
        daemon_file = os.path.join(self.folder, "daemon")
        while not self.ended.wait(TICK) and os.path.exists(daemon_file):
            try:
                if self.tick():
                    self.last_call = time.monotonic()
                elif time.monotonic() - self.last_call > FORGOTTEN:
                    break
            except Exception:           # a test that removes the folder meets us anywhere
                if os.path.exists(daemon_file):
                    traceback.print_exc()
        self.shutdown()
        os._exit(0)                     # threads that wait for guests or front ends end here

    def accept(self):
        while True:
            sock, _ = self.listener.accept()
            self.last_call = time.monotonic()
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        channel = protocol.Channel(sock)
        try:
            kind, payload = channel.receive()
            hello = protocol.fields(payload)
            if kind != protocol.HELLO or not secrets.compare_digest(hello.get("token", [""])[0], self.token):
                return
            self.answer(channel, hello)
        except protocol.Gone:
            pass
        except Exception:               # a bug of the stand-in: said where a test sees it, as no behaviour of the real one
            words = traceback.format_exc()
            sys.stderr.write(words)
            sys.stderr.flush()
            self.apologise(channel, words)
        finally:
            channel.close()


def start(folder, program):
    """Starts a back end for the folder unless one answers; returns when it listens."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if alive(folder):
        return
    try:
        os.unlink(os.path.join(folder, "daemon"))
    except FileNotFoundError:
        pass
    with open(os.path.join(folder, "daemon.log"), "ab") as log:
        detach([sys.executable, "-I", program, "run", folder], log)
    deadline = time.monotonic() + 30
    while not alive(folder):
        if time.monotonic() > deadline:
            sys.exit(f"{os.path.basename(program)}: no back end within 30 s; see {folder}/daemon.log")
        time.sleep(0.005)


def detach(argv, log):
    """A process of its own session that no one waits for."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open("/dev/null", os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            os.closerange(3, 1024)
            os.execv(argv[0], argv)
        os._exit(0)
    os.wait()


def address(folder):
    """(port, token, pid) or None."""
    try:
        with open(os.path.join(folder, "daemon"), encoding="ascii") as file:
            port, token, pid = file.read().split()
        return int(port), token, int(pid)
    except (OSError, ValueError):
        return None


def alive(folder):
    found = address(folder)
    if not found:
        return False
    try:
        socket.create_connection(("127.0.0.1", found[0]), 5).close()
        return True
    except OSError:
        return False


def has_ended(pid):
    """A zombie has: who adopted it may take a second to see it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def stop(folder):
    """Ends the back end with everything that runs in it; returns when it has gone."""
    found = address(folder)
    if not found or not alive(folder):
        return
    os.kill(found[2], signal.SIGTERM)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if has_ended(found[2]):
            return
        time.sleep(0.01)
    os.kill(found[2], signal.SIGKILL)
