"""Listens for front ends; one thread per call. Ends when its folder does, or when it is told to."""
import os
import secrets
import signal
import socket
import sys
import threading
import time
import traceback

from . import protocol
from .call import Call
from .service import Service

TICK = 0.1
FORGOTTEN = 3600        # seconds without a call or a guest after which a test must have died without a farewell


class Server:
    def __init__(self, folder):
        self.service = Service(folder)
        self.state = self.service.state
        self.token = secrets.token_hex(16)
        self.ended = threading.Event()
        self.last_call = time.monotonic()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        words = f"{self.listener.getsockname()[1]} {self.token} {os.getpid()}\n"
        self.state.write(self.state.path("daemon"), words)
        os.chmod(self.state.path("daemon"), 0o600)

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.ended.set())
        threading.Thread(target=self.accept, daemon=True).start()
        while not self.ended.wait(TICK) and os.path.exists(self.state.path("daemon")):
            try:
                self.service.tick()
                if self.service.guests:
                    self.last_call = time.monotonic()
                elif time.monotonic() - self.last_call > FORGOTTEN:
                    break
            except Exception:           # a test that removes the folder meets us anywhere
                if os.path.exists(self.state.path("daemon")):
                    traceback.print_exc()
        self.service.shutdown(force=True)
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

    def answer(self, channel, hello):
        if hello["kind"] == ["agent"]:
            self.service.agents.serve(channel, hello.get("env.WINEPREFIX", [""])[0], hello.get("env.WSLSIM_PROFILE", [""])[0])
            return
        if hello["kind"] == ["hang"]:
            self.state.write(self.state.path("hanging"), "")
            channel.receive()           # until it or we end
            return
        if hello["system"] == ["windows"]:
            self.service.agents.ensure(channel)
        code = Call(self.service, channel, hello).run()
        channel.send(protocol.EXIT, (code & 0xFFFFFFFF).to_bytes(4, "big"))
        channel.drain()

    @staticmethod
    def apologise(channel, words):
        try:
            channel.send(protocol.ERRORS, f"wslsim: the stand-in itself failed\n{words}".encode("utf-8", "surrogateescape"))
            channel.send(protocol.EXIT, (254).to_bytes(4, "big"))
        except protocol.Gone:
            pass


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
            sys.exit(f"wslsimd: no back end within 30 s; see {folder}/daemon.log")
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


def alias(path):
    """Executing it fails with "permission denied" on Linux and with ERROR_ACCESS_DENIED on Windows."""
    if path.endswith(".exe"):
        os.mkdir(path)
    else:
        with open(path, "x", encoding="ascii"):
            os.chmod(path, 0o644)


def stop(folder):
    """Ends the back end with everything that runs in it; returns when it has gone."""
    found = address(folder)
    if not found or not alive(folder):
        return
    os.kill(found[2], signal.SIGTERM)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(found[2], 0)
        except OSError:
            return
        time.sleep(0.01)
    os.kill(found[2], signal.SIGKILL)
