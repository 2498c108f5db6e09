"""The back end's side of the VM: boots it, starts distributions in it, launches commands (see guest.py)."""
import json
import os
import socket
import subprocess
import sys
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))


class Vm:
    """One boot of the VM. `lost` is called once, from a thread, when it ends by itself or is killed."""

    def __init__(self, state, networking, lost):
        self.id = str(uuid.uuid4()).upper()
        self.booted = time.time()
        self.networking = networking
        self.disks = {}             # guid: Attached
        self.alive = True
        self.lost = lost
        self.lock = threading.Lock()
        shared = state.path("mnt-wsl")
        os.makedirs(shared, exist_ok=True)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        options = {"network": networking != "mirrored", "shared": shared}
        with theirs:
            self.process = subprocess.Popen([sys.executable, "-I", "-S", os.path.join(HERE, "guest.py"), str(theirs.fileno()), json.dumps(options)],
                                            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.expect("booted")
        threading.Thread(target=self.watch, daemon=True).start()

    def expect(self, event):
        self.control.settimeout(30)
        message = self.control.recv(1 << 16)
        if not message or json.loads(message)["event"] != event:
            self.kill()
            raise RuntimeError("the VM did not boot; see daemon.log")
        self.control.settimeout(None)

    def watch(self):
        try:
            while self.control.recv(1 << 16):
                pass
        except OSError:
            pass
        self.process.wait()
        self.alive = False
        self.lost(self)

    def kill(self):
        """At once, everything in it."""
        self.alive = False
        try:
            self.control.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def first_pid(self):
        """Process 1 of the VM, as the host counts."""
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
                return int(file.read().split()[0])
        except (OSError, IndexError, ValueError):
            return None

    def order(self, descriptors, **message):
        with self.lock:
            socket.send_fds(self.control, [json.dumps(message).encode()], descriptors)

    def connect(self, host, port):
        """A connected socket to a server in the VM, or None."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            ours.settimeout(10)
            try:
                self.order([theirs.fileno()], do="connect", host=host, port=port)
                theirs.close()
                answer, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
            except OSError:
                return None
            return socket.socket(fileno=descriptors[0]) if answer == b"+" and descriptors else None


class Guest:
    """One running distribution. `ended` is called once, from a thread, when its process 1 has gone."""

    def __init__(self, vm, guid, order, ended):
        self.vm = vm
        self.guid = guid
        self.ended = ended
        self.launches = 0           # launches with a process left
        self.idle_since = time.monotonic()
        self.uids = set()           # of users that have run something
        self.dead = threading.Event()
        self.lock = threading.Lock()
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            vm.order([theirs.fileno()], do="start", guid=guid, **order)
        self.control.settimeout(60)
        message = json.loads(self.control.recv(1 << 16) or b'{"event": "failed", "text": "the VM has gone"}')
        if message["event"] != "started":
            self.control.close()
            raise RuntimeError(message["text"])
        self.settings = message["settings"]
        self.control.settimeout(None)
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        try:
            while self.control.recv(1 << 16):
                pass
        except OSError:
            pass
        self.dead.set()
        self.ended(self)

    def setting(self, section, key, default):
        return self.settings.get(section, {}).get(key, default).strip().strip('"')

    def systemd(self):
        return self.setting("boot", "systemd", "false").lower() in ("true", "1")

    def default_user(self):
        return self.setting("user", "default", "") or None

    def launch(self, order, stdio):
        """Starts a command; the status socket (see guest.relay)."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with self.lock:
            self.launches += 1
        with theirs:
            try:
                socket.send_fds(self.control, [json.dumps({"do": "launch", **order}).encode()], [*stdio, theirs.fileno()])
            except OSError:
                self.launch_over()
                ours.close()
                raise
        return ours

    def launch_over(self):
        with self.lock:
            self.launches -= 1
            self.idle_since = time.monotonic()

    def idle(self):
        """Seconds without any client; None while there is one."""
        with self.lock:
            return None if self.launches else time.monotonic() - self.idle_since

    def stop(self, grace):
        """The end of its process 1 is the end of all."""
        if self.systemd():
            self.tell("term")
            deadline = time.monotonic() + grace
            while time.monotonic() < deadline and self.launches:
                time.sleep(0.01)
        try:
            self.control.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.dead.wait(10)

    def tell(self, word):
        try:
            self.control.send(json.dumps({"do": word}).encode())
        except OSError:
            pass
