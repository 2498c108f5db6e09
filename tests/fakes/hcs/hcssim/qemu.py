"""A VM that boots for real, in QEMU (facts 10.3). Its monitor and COM ports are sockets that it inherits; when this process
ends, however it does, QEMU ends too."""
import concurrent.futures
import contextlib
import os
import re
import socket
import subprocess
import threading
import time

from . import codes, disks, qemu_arguments as arguments, stub
from .codes import Failure, Mistake
from .exports import Exports
from .qmp import Gone, Qmp, Refused

# A child that is to die with its parent dies with the thread that made it: this one stays.
SPAWNER = concurrent.futures.ThreadPoolExecutor(1)
CHUNK = 1 << 14
END = 30
PANIC = re.compile(r"^.*Kernel panic.*$", re.M)


class Machine(stub.Machine):
    process = qmp = exports = None
    netdevs = 0
    reason = None           # what QEMU said last about its end
    forwarded = None        # port of the guest: where it is reached
    spare = 0

    def __init__(self, system, state, ended):
        super().__init__(system, state, ended)
        self.ending = threading.Lock()

    # Starting.

    def start(self, plan, ports, saved):
        self.forwarded = {}
        self.exports = Exports(self.system.folder(), self.spawn)
        for found in plan.attached:
            if found.chain:
                disks.link(found.chain)
        try:
            words = [arguments.find_program(), *arguments.machine(self.system, self.state, plan),
                     *arguments.disks(self.system, plan, self.exports.start), *self.adapters(plan), *arguments.pmem(plan)]
            monitor, consoles = self.launch(words, plan, ports, saved)
        except (Failure, Mistake):
            self.exports.abandon()
            raise
        for port, ours, _ in consoles:
            self.join(port, ours)
        self.connect(monitor, saved is not None)

    def launch(self, words, plan, ports, saved):
        """QEMU, with what it inherits: (monitor, [(port, our socket, its descriptor)])"""
        folder = self.system.folder()
        with contextlib.ExitStack() as inherited:
            monitor, theirs = self.pair(inherited)
            words += ["-chardev", f"socket,id=qmp,fd={theirs}", "-mon", "chardev=qmp,mode=control"]
            consoles = self.consoles(ports, words, inherited)
            fds = [theirs, *(fd for _, _, fd in consoles)]
            if saved is not None:
                state = os.open(plan.restore, os.O_RDONLY)
                inherited.callback(os.close, state)
                os.lseek(state, saved, os.SEEK_SET)
                words += ["-incoming", f"fd:{state}"]
                fds.append(state)
            with open(os.path.join(folder, "arguments"), "w", encoding="utf-8") as file:
                file.write("\n".join(words) + "\n")
            self.process = self.spawn(words, os.path.join(folder, "qemu.log"), fds)
        with open(os.path.join(folder, "pid"), "w", encoding="ascii") as file:
            file.write(f"{self.process.pid}\n")
        return monitor, consoles

    @staticmethod
    def pair(inherited):
        ours, theirs = socket.socketpair()
        inherited.callback(theirs.close)
        return ours, theirs.fileno()

    def consoles(self, ports, words, inherited):
        found = []
        for number in sorted(ports):
            ours, theirs = self.pair(inherited)
            words += ["-chardev", f"socket,id=com{number},fd={theirs}", "-serial", f"chardev:com{number}"]
            found.append((ports[number], ours, theirs))
        return found

    @staticmethod
    def join(port, ours):
        port.heard = ours.sendall

        def pump():
            with contextlib.suppress(OSError):
                while data := ours.recv(CHUNK):
                    port.say(data)
        threading.Thread(target=pump, daemon=True).start()

    def spawn(self, words, log, fds=()):
        """A process that dies with this one, in the VM's folder."""
        def run():
            with open(log, "wb") as file:
                return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *words], stdin=subprocess.DEVNULL, stdout=file, stderr=file, pass_fds=fds,
                                        start_new_session=True, cwd=self.system.folder())
        return SPAWNER.submit(run).result()

    def connect(self, monitor, restored):
        try:
            self.qmp = Qmp(monitor, self.on_event, self.on_end)
            while restored and self.qmp.run("query-status")["status"] == "inmigrate":
                time.sleep(0.01)
            if restored:
                self.qmp.run("cont")
        except (Gone, Refused) as error:
            self.over = True
            self.stop_process()
            raise Failure(codes.HCS_TERMINATED_DURING_START, f"The virtual machine terminated during start: {error} {self.log()}",
                          detail="RestoreStartFailure" if restored else "ColdStartFailure") from error

    def log(self):
        with open(os.path.join(self.system.folder(), "qemu.log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    # What it says.

    def on_event(self, name, data):
        if name == "SHUTDOWN":
            self.reason = data.get("reason")
        elif name == "GUEST_PANICKED":
            self.reason = "guest-panic"

    def on_end(self):
        threading.Thread(target=self.finish, daemon=True).start()

    def finish(self):
        """QEMU has closed its monitor."""
        self.stop_process()
        if self.over:
            return
        if self.reason == "guest-panic":
            self.crash(self.last_words())
        elif self.reason in ("guest-shutdown", "guest-reset"):
            self.end("GracefulExit", "PowerOff" if self.reason == "guest-shutdown" else "Reset", "Shutdown", "GuestOS")
        else:
            self.end("UnexpectedExit", "UnexpectedExit", "UnexpectedExit", "Internal")

    def last_words(self):
        with contextlib.suppress(OSError), open(os.path.join(self.system.folder(), "com1.log"), encoding="utf-8", errors="replace") as file:
            text = file.read()
            found = PANIC.search(text)
            return text[found.start():] if found else text[-2000:]
        return "Kernel panic"

    def stop_process(self):
        try:
            self.process.wait(END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with self.ending:
            self.exports.finish()

    # What it is told.

    def command(self, name, fd=None, **values):
        try:
            return self.qmp.run(name, fd, **values)
        except Gone as error:
            raise Failure(codes.HCS_SYSTEM_ALREADY_STOPPED, "The virtual machine or container exited.") from error
        except Refused as error:
            raise Failure(codes.E_FAIL, str(error)) from error

    def pause(self):
        self.command("stop")

    def resume(self):
        self.command("cont")

    def shut_down(self, kind):
        if kind != "Shutdown":
            raise Mistake(f"ShutDown of type {kind} is not in the double's QEMU back end")
        self.command("system_powerdown")

    def terminate(self):
        with self.lock:
            self.over = True
        with contextlib.suppress(Gone, Refused):
            self.qmp.run("quit")
        self.stop_process()

    def crash(self, words):
        """Also when a test asks for it: then QEMU still runs."""
        if self.process.poll() is None:
            super().crash(words)
            self.terminate()
        else:
            super().crash(words)

    def save(self, file):
        self.command("getfd", file.fileno(), fdname="saved")
        self.command("migrate", uri="fd:saved")
        while (found := self.command("query-migrate"))["status"] not in ("completed", "failed", "cancelled"):
            time.sleep(0.02)
        if found["status"] != "completed":
            raise Failure(codes.E_FAIL, f"saving failed: {found}")

    def set_memory(self, megabytes):
        raise Failure(codes.HCS_INVALID_STATE, "The guest has no balloon driver that answers.")

    # Devices.

    def adapters(self, plan):
        words = []
        for endpoint in plan.adapters.values():
            name, options = self.netdev(endpoint, first=not words)
            words += ["-netdev", options, "-device", f"virtio-net-pci,id=d{name},netdev={name},mac={endpoint.mac.replace('-', ':')}"]
        if not words and "HvSocket" in self.system.devices:
            name, options = self.netdev(None, first=True)
            words += ["-netdev", options, "-device", f"virtio-net-pci,id=d{name},netdev={name},mac={arguments.PLAIN_MAC}"]
        if "HvSocket" in self.system.devices:
            point = arguments.meeting_point(next(iter(plan.adapters.values()), None))
            words += arguments.sockets(self.system, point, self.listened())
        return words

    def listened(self):
        """Ports at which the host listens already, or serves shares; at the others the guest is expected to."""
        shares = {share["Port"] for share in self.system.devices.get("Plan9", {}).get("Shares", [])}
        return shares | {port for vm, port in list(self.system.service.broker.listeners) if vm == self.system.runtime_id}

    def netdev(self, endpoint, first):
        """(name, options); the first one carries the hvsockets."""
        name = f"n{self.netdevs}"
        self.netdevs += 1
        forwards = []
        if endpoint:
            forwards = [(endpoint.reachable, 22, 22) if endpoint.reachable else ("127.0.0.1", self.note_ssh(free_port()), 22)]
        guest_forwards = []
        if first:
            self.ports = arguments.hvsocket_ports(self.system)
            guest_forwards = [(port, arguments.guest_command(self.state, self.system, port)) for port in self.ports]
            self.carrier = name, endpoint
        return name, arguments.network(name, endpoint, forwards, guest_forwards)

    carrier = None
    ports = ()              # of the host, which the guest reaches

    def note_ssh(self, port):
        self.state.write(os.path.join(self.system.folder(), "ssh"), f"{port}\n")
        return port

    def connect_guest(self, port):
        with self.lock:
            if port not in self.forwarded:
                name, endpoint = self.carrier or (None, None)
                if not name:
                    raise OSError("the VM has no hvsockets")
                guest, local = endpoint.ip if endpoint else arguments.PLAIN_NET[15], free_port()
                self.qmp.monitor(f"hostfwd_add {name} tcp:127.0.0.1:{local}-{guest}:{port}")
                self.forwarded[port] = ("127.0.0.1", local)
            return self.forwarded[port]

    def place(self, controller, lun):
        return f"c{arguments.controllers(self.system).index(controller)}", f"h{controller_safe(controller)}l{lun}"

    def attach_disk(self, name, lun, attachment, disks_):
        bus, node = self.place(name, lun)
        if disks_.chain:
            disks.link(disks_.chain)
            source = {"driver": "nbd", "server": {"type": "unix", "path": self.exports.start(node, disks_)}}
        else:
            source = {"driver": "raw", "file": {"driver": "file", "filename": disks_.host}}
        self.command("blockdev-add", node_name=node, read_only=not disks_.writable, **source)
        self.command("device_add", driver="scsi-hd" if disks_.chain else "scsi-cd", bus=f"{bus}.0", lun=int(lun), drive=node, id="d" + node)

    def detach_disk(self, name, lun):
        bus, node = self.place(name, lun)
        names = {device["name"] for device in self.command("qom-list", path="/machine/peripheral")}
        added = "d" + node in names
        self.command("device_del", id="d" + node if added else f"d{bus}l{lun}")
        deadline = time.monotonic() + END
        while added and time.monotonic() < deadline:
            with contextlib.suppress(Failure):
                self.command("blockdev-del", node_name=node)
                break
            time.sleep(0.05)
        name = node if added else f"{bus}l{lun}"
        if name in self.exports.running:
            self.exports.finish(name)

    def attach_adapter(self, name, endpoint):
        netdev, options = self.netdev(endpoint, first=False)
        if self.spare == arguments.SPARE_PORTS:
            raise Mistake(f"more than {arguments.SPARE_PORTS} adapters were added")
        try:
            self.qmp.monitor(f"netdev_add {options}")
        except Refused as error:
            raise Failure(codes.E_FAIL, str(error)) from error
        self.command("device_add", driver="virtio-net-pci", netdev=netdev, mac=endpoint.mac.replace("-", ":"), bus=f"spare{self.spare}", id="a" + netdev)
        self.added = {**self.added, name: netdev}
        self.spare += 1

    added = {}

    def detach_adapter(self, name):
        if name not in self.added:
            raise Mistake("an adapter of the document is not removed from a running VM in the double's QEMU back end")
        self.command("device_del", id="a" + self.added.pop(name))

    def share(self, share):
        if share["Port"] not in self.ports:
            raise Mistake("a share on a port of its own is not added to a running VM in the double's QEMU back end: put it into the document")


def controller_safe(name):
    return re.sub(r"[^A-Za-z0-9]", "", name)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
