"""A command that runs in a distribution, joined to its front end (facts 1.2, 5.1).

The caller's closing channel ends the foreground command: its input ends, it is hung up, and killed if it is still there
after the grace time. What it has left behind lives on, and keeps the distribution alive.
"""
import json
import os
import select
import threading

from standin import protocol

from . import faults
from .errors import Failure

CHUNK = 1 << 16


def follow(guest, status, vanished, grace):
    """Until no descendant of the launch lives any more."""
    with status:
        if vanished:
            hang_up(status, grace)
        status.settimeout(None)
        try:
            while status.recv(4096):
                pass
        except OSError:
            pass
    guest.launch_over()


def hang_up(status, grace):
    status.settimeout(grace)
    try:
        status.send(b"hup")
        while (said := status.recv(4096)) and b"exit" not in said:
            pass
    except TimeoutError:
        try:
            status.send(b"kill")
        except OSError:
            pass
    except OSError:
        pass


class Session:
    """One command, joined to one front end."""

    def __init__(self, call, guest, order):
        self.call = call
        self.guest = guest
        self.order = order
        self.code = None
        self.pending = b""          # input the guest has not taken yet
        self.input_over = False
        self.status = self.stdin = None
        self.streams = {}
        self.take_output = call.out.raw
        self.grace = float(call.state.setting("standin", "grace")) / 1000

    def run(self):
        reads, theirs = [], []
        stdin, self.stdin = os.pipe2(os.O_CLOEXEC)
        for _ in range(2):
            read, write = os.pipe2(os.O_CLOEXEC)
            reads.append(read)
            theirs.append(write)
        os.set_blocking(self.stdin, False)
        self.streams = {reads[0]: self.take_output, reads[1]: self.call.out.raw_error}
        try:
            self.status = self.guest.launch(self.order, [stdin, *theirs])
        except OSError:
            self.code = "lost"
        finally:
            for fd in (stdin, *theirs):
                os.close(fd)
        faults.command_began(self.call.service, self.call.rules)
        try:
            return self.pump()
        finally:
            self.close(reads)

    def close(self, reads):
        for fd in reads:
            os.close(fd)
        self.close_input()
        if self.status is not None:
            threading.Thread(target=follow, args=(self.guest, self.status, self.code is None, self.grace), daemon=True).start()

    def close_input(self):
        if self.stdin is not None:
            os.close(self.stdin)
            self.stdin = None

    def pump(self):
        self.call.want_input()
        while self.code is None or self.streams:
            poll = self.registered()
            for fd, event in poll.poll(0 if self.code is not None else None):
                self.serve(fd, event)
            if self.code is not None and not self.readable():
                break               # the command has ended; what daemons still hold open is theirs
        return self.finish()

    def readable(self):
        poll = select.poll()
        for fd in self.streams:
            poll.register(fd, select.POLLIN)
        return any(event & select.POLLIN for _, event in poll.poll(0))

    def registered(self):
        poll = select.poll()
        for fd in self.streams:
            poll.register(fd, select.POLLIN)
        if self.code is None:
            poll.register(self.status, select.POLLIN)
            take = not self.pending and not self.input_over
            poll.register(self.call.channel.sock, select.POLLRDHUP | (select.POLLIN if take else 0))
            if self.pending and self.stdin is not None:
                poll.register(self.stdin, select.POLLOUT)
        return poll

    def serve(self, fd, event):
        if fd in self.streams:
            data = os.read(fd, CHUNK)
            if data:
                self.streams[fd](data)
            else:
                del self.streams[fd]
        elif fd == self.status.fileno():
            self.read_status()
        elif fd == self.stdin:
            self.feed()
        elif event & select.POLLIN:
            self.take_input()
        else:
            raise protocol.Gone("while a command ran")

    def take_input(self):
        kind, data = self.call.channel.receive()
        if kind == protocol.INPUT:
            self.pending = data
            self.feed()
        else:
            self.input_over = True
            self.close_input()

    def feed(self):
        if self.stdin is None:
            self.pending = b""
            return
        try:
            self.pending = self.pending[os.write(self.stdin, self.pending):]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.pending = b""
            self.close_input()

    def read_status(self):
        """The relay's word; nothing means that it was killed, with the distribution or the whole VM."""
        try:
            data = self.status.recv(4096)
        except OSError:
            data = b""
        message = json.loads(data) if data else {}
        if "error" in message:
            raise Failure("WSL_E_USER_NOT_FOUND", "Service", "CreateInstance")
        if "uid" in message:
            self.guest.uids.add(message["uid"])
        else:
            self.code = message.get("exit", "lost")

    def finish(self):
        if self.code == "lost":
            self.call.out.say("vm_gone")
            return 1
        if self.code == 67:
            raise Failure("WSL_E_USER_NOT_FOUND", "Service")
        if self.code == 87:
            raise Failure("WSL_E_TTY_LIMIT", "Service")
        return self.code
