"""The service: the life of the VM and of the distributions, under the one lock that real WSL has, too (facts 0.11, 5.1)."""
import contextlib
import fcntl
import os
import sys
import threading
import time

from standin.rules import Counts

from . import disk, faults, state as states
from .agents import Agents
from .errors import Failure
from .relay import Relay
from .vm import Guest, Vm


class Service:
    def __init__(self, folder):
        self.state = states.State(folder)
        self.lock = threading.RLock()
        self.lock_depth = 0
        self.vm = None
        self.guests = {}            # guid: Guest
        self.transient = {}         # guid: "Exporting" …
        self.vm_idle_since = None
        self.agents = Agents(self)
        self.lock_file = None
        self.local = threading.local()      # rules: what is to go wrong in this thread's call
        self.fault_counts = Counts()
        self.relay_faults = {}              # of this boot of the VM
        open(self.state.path("lock"), "a", encoding="ascii").close()
        self.forget()

    def forget(self):
        """A back end that was killed left this behind."""
        self.state.set_vm(None)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.state.path("agent"))
        for name in os.listdir(self.state.path("run")):
            states.Distro(self.state, name).mark_stopped()
        self.write_processes()

    @contextlib.contextmanager
    def service_lock(self):
        """Held while a distribution boots or stops, so that even a list waits. Tests may hold the file <state>/lock instead."""
        with self.lock:
            self.lock_depth += 1
            try:
                if self.lock_depth == 1:
                    self.lock_file = open(self.state.path("lock"), "a", encoding="ascii")
                    fcntl.flock(self.lock_file, fcntl.LOCK_EX)
                yield
            finally:
                self.lock_depth -= 1
                if self.lock_depth == 0:
                    self.lock_file.close()

    # The VM.

    def rules(self):
        return getattr(self.local, "rules", {})

    def boot(self, *contexts):
        if self.vm and self.vm.alive:
            return self.vm
        faults.boot(self.rules(), contexts, self.state.milliseconds("wsl2", "distributionStartTimeout"))
        time.sleep(float(self.state.setting("standin", "bootDelay")) / 1000)
        self.vm = Vm(self.state, self.state.setting("wsl2", "networkingMode").lower(), self.vm_lost)
        self.vm_idle_since = time.monotonic()
        Relay(self, self.vm)
        self.publish()
        return self.vm

    def publish(self):
        """What outsiders may see of the VM."""
        vm = self.vm
        self.state.set_vm({"id": vm.id, "booted": vm.booted, "pid": vm.process.pid, "networking": vm.networking,
                           "attached": sorted(one.path for one in vm.disks.values())} if vm else None)
        self.write_processes()

    def write_processes(self):
        """The wslhost.exe of each running distribution, unless a test has written its own list (facts 10.3, 35)."""
        path = self.state.path("processes")
        self.agents.hosts([wslhost_line(guid, self.vm.id) for guid in sorted(self.guests)] if self.vm else [])
        if os.path.lexists(path) and not os.path.islink(path):
            return
        rows = [f"wslhost.exe\t{4000 + number}\t{wslhost_line(guid, self.vm.id)}\n" for number, guid in enumerate(sorted(self.guests))] \
            if self.vm else []
        self.state.write(self.state.path("tmp", "processes.own"), "".join(rows))
        if not os.path.islink(path):
            os.symlink("tmp/processes.own", path)

    def vm_lost(self, vm):
        """Called from a thread of the VM, when it has ended however."""
        for guest in [one for one in self.guests.values() if one.vm is vm]:
            guest.dead.wait(10)
        with vm.lock:
            disks, vm.disks = vm.disks, {}
        for attached in disks.values():
            self.agents.release(attached.path)
            attached.release()
        if self.vm is vm:
            self.vm = None
            self.relay_faults = {}
            self.publish()

    def crash(self):
        """The VM ends, nothing is written back."""
        vm = self.vm
        if vm:
            vm.kill()

    def changed(self):
        """The registry is not what it was."""
        self.agents.registry()

    def disk_busy(self, path):
        """Attached, or held open by somebody else."""
        return disk.locked(path) or not self.agents.free(path)

    def shutdown(self, force=False):
        """The whole VM. Without force it waits for the lock, then does it anyway: guests it cannot stop are cut off."""
        wait = 0 if force else float(self.state.setting("standin", "shutdownWait")) / 1000
        with contextlib.ExitStack() as stack:
            if not force and stack.enter_context(self.lock_within(wait)):
                for guest in list(self.guests.values()):
                    self.stop_guest(guest)
            vm = self.vm
            if vm:
                vm.kill()
                self.vm_lost(vm)

    @contextlib.contextmanager
    def lock_within(self, seconds):
        """The service lock, if it comes free in time; yields whether."""
        deadline = time.monotonic() + seconds
        got = self.lock.acquire(timeout=seconds)
        try:
            yield got and (self.lock_depth > 0 or self.file_free_by(deadline))
        finally:
            if got:
                self.lock.release()

    def file_free_by(self, deadline):
        while disk.locked(self.state.path("lock")):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    # Disks.

    def disk_path(self, distro):
        return os.path.join(self.host_base(distro), distro.disk_name)

    def host_base(self, distro):
        """BasePath on this host: under Wine the value is a Windows path, so its host form is kept apart."""
        return disk.read(self.state.path("host", distro.guid)) or distro.get("BasePath") or ""

    def set_base(self, distro, path, host):
        self.state.write(self.state.path("host", distro.guid), host)
        distro.set(BasePath=path)

    def tree(self, distro):
        return self.state.path("rootfs", distro.guid)

    def attach(self, distro, *contexts):
        """The distribution's disk, in the VM."""
        vm = self.boot(*contexts)
        faults.attach(self.rules(), contexts)
        attached = vm.disks.get(distro.guid)
        if attached and attached.gone():
            self.detach(distro.guid)
            attached = None
        if attached:
            return attached
        path = self.disk_path(distro)
        try:
            attached = disk.Attached(path, self.tree(distro))
        except FileNotFoundError as error:
            symbol = "ERROR_FILE_NOT_FOUND" if os.path.isdir(os.path.dirname(path)) else "ERROR_PATH_NOT_FOUND"
            raise Failure(symbol, *contexts, "MountDisk", "HCS") from error
        except BlockingIOError as error:
            raise Failure("ERROR_SHARING_VIOLATION", *contexts, "MountDisk", "HCS") from error
        except disk.Corrupt as error:
            raise Failure("WSL_E_DISK_CORRUPTED", *contexts) from error
        if not self.agents.hold(path):
            attached.release()
            raise Failure("ERROR_SHARING_VIOLATION", *contexts, "MountDisk", "HCS")
        vm.disks[distro.guid] = attached
        self.publish()
        return attached

    def detach(self, guid):
        attached = self.vm and self.vm.disks.pop(guid, None)
        if attached:
            self.agents.release(attached.path)
            attached.release()
            self.publish()

    # Distributions.

    def running(self, distro):
        guest = self.guests.get(distro.guid)
        return bool(guest and not guest.dead.is_set())

    def uids_of_others(self, guest):
        """Users of the other distributions, whose systemd sessions own the shared cgroups (facts 5.6)."""
        return sorted({uid for one in self.guests.values() if one is not guest for uid in one.uids if uid})

    def start(self, distro, caller):
        """The running distribution, started if it does not run yet. Holds the service lock meanwhile. `caller`: drives,
        profile and guest tools of whoever starts it."""
        with self.service_lock():
            guest = self.guests.get(distro.guid)
            if guest and not guest.dead.is_set():
                return guest
            attached = self.attach(distro, "Service", "CreateInstance")
            try:
                root = attached.ready_tree()
            except disk.Corrupt as error:
                raise Failure("WSL_E_DISK_CORRUPTED", "Service", "CreateInstance") from error
            order = {"root": root, "hostname": hostname(), "drives": caller["drives"], "tools": caller["tools"],
                     "vsock": self.state.path("vsock"), **self.guest_info(distro, caller["profile"])}
            try:
                guest = Guest(self.vm, distro.guid, order, self.guest_ended)
            except (OSError, RuntimeError, ValueError) as error:
                print(f"start of {distro.name}: {error}", file=sys.stderr, flush=True)
                raise Failure("E_FAIL", "Service", "CreateInstance") from error
            self.guests[distro.guid] = guest
            distro.mark_running(guest.vm.process.pid)
            self.publish()
            return guest

    def guest_info(self, distro, profile):
        """What wslinfo and wslpath can tell in it."""
        mode = self.vm.networking
        info = {"distro": distro.name, "networking-mode": profile.consomme if mode in ("consomme", "virtioproxy") else mode,
                "wsl-version": profile.version}
        if profile.vm_id:
            info["vm-id"] = self.vm.id
        return {"info": info, "wslinfo": profile.wslinfo and not self.rules().get("no-wslinfo")}

    def guest_ended(self, guest):
        """Called from the guest's thread."""
        if self.guests.get(guest.guid) is guest:
            del self.guests[guest.guid]
            states.Distro(self.state, guest.guid).mark_stopped()
            self.write_processes()
        self.vm_idle_since = time.monotonic()

    def stop_guest(self, guest):
        grace = float(guest.setting("boot", "initTimeout", "10000")) / 1000
        guest.stop(grace)
        self.guest_ended(guest)
        attached = guest.vm.disks.get(guest.guid)
        if attached and guest.vm.alive and not attached.gone():
            attached.store()

    def terminate(self, distro):
        with self.service_lock():
            if distro.guid in self.transient:
                raise Failure("E_ILLEGAL_STATE_CHANGE", "Service", "TerminateDistro")
            time.sleep(self.rules().get("terminate-slow", 0) / 1000)
            guest = self.guests.get(distro.guid)
            if guest and not self.rules().get("terminate-noop"):
                self.stop_guest(guest)

    # Time.

    def tick(self):
        """Stops what nobody uses any more."""
        limit = self.state.milliseconds("general", "instanceIdleTimeout")
        for guest in list(self.guests.values()):
            idle = guest.idle()
            if limit is not None and idle is not None and idle >= limit and guest.guid not in self.transient:
                self.stop_idle(guest, limit)
        limit = self.state.milliseconds("wsl2", "vmIdleTimeout")
        if self.vm and not self.guests and not self.transient and limit is not None \
                and time.monotonic() - (self.vm_idle_since or 0) >= limit and self.lock.acquire(blocking=False):
            try:
                if not self.guests and not self.transient:
                    self.shutdown()
            finally:
                self.lock.release()

    def stop_idle(self, guest, limit):
        if self.lock.acquire(blocking=False):
            try:
                idle = guest.idle()
                if idle is not None and idle >= limit:
                    self.stop_guest(guest)
            finally:
                self.lock.release()


def wslhost_line(guid, vm_id):
    return f"wslhost.exe --distro-id {guid} --vm-id {{{vm_id.lower()}}} --handle 1684 --event 1672 --parent 1604"


def hostname():
    """Windows' computer name, which a distribution takes over."""
    return "DESKTOP-STANDIN"
