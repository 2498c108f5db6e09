"""A VM that is a state only: instant, deterministic. Its guest says a line on COM1, echoes what it hears, and shuts down when it
is asked."""
import json
import threading

from standin.rules import later

from . import codes
from .codes import Failure


class Machine:
    """What a running VM is; qemu.Machine is the same for real. `ended(type, attribution)` may come from any thread, once."""

    def __init__(self, system, state, ended):
        self.system = system
        self.state = state
        self.ended = ended
        self.lock = threading.Lock()
        self.over = False
        self.console = None

    def start(self, plan, ports, saved):
        """Powers the VM on. ports: {"0": ComPort}; saved: what `save` wrote, or None."""
        self.console = ports.get("0")
        if self.console:
            self.console.heard = self.console.say
            if saved is None:
                self.console.say(self.state.setting("console").encode().decode("unicode_escape").encode())
        if saved is not None and json.loads(saved)["stub"] != self.system.id:
            raise Failure(codes.HCS_TERMINATED_DURING_START, "the saved state is not that of this VM", detail="RestoreStartFailure")

    def pause(self):
        pass

    def resume(self):
        pass

    def save(self, file):
        file.write(json.dumps({"stub": self.system.id}).encode())

    def shut_down(self, _kind):
        word = self.state.setting("shutdown")
        if word == "refuse":
            threading.Event().wait(self.state.seconds("shutdown-wait"))
            raise Failure(codes.HCS_INVALID_STATE, "The guest has no shutdown service that answers.")
        if word != "never":
            later(int(word), lambda: self.end("GracefulExit", "PowerOff", "Shutdown", "GuestOS"))

    def terminate(self):
        self.over = True

    def end(self, kind, worker, detail, initiator):
        """By itself."""
        with self.lock:
            if self.over:
                return
            self.over = True
        self.ended(kind, worker, detail, initiator)

    def crash(self, words):
        """The guest's kernel panics."""
        self.system.crashed(words)
        self.end("UnexpectedExit", "GuestCrash", "UnexpectedExit", "GuestOS")

    def memory(self):
        return self.system.memory

    def attach_disk(self, name, lun, attachment, disks):
        pass

    def detach_disk(self, name, lun):
        pass

    def attach_adapter(self, name, endpoint):
        pass

    def detach_adapter(self, name):
        pass

    def share(self, share):
        pass

    def set_memory(self, megabytes):
        pass

    def connect_guest(self, port):
        """Where a connection of the host to a port of the guest goes: a path of a local socket; None: nobody listens."""
        return self.state.path("guest", self.system.runtime_id, str(port))
