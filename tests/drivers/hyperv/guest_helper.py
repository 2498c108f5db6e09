#!/usr/bin/env python3
"""The guest's helper for the network in user space (drivers/hyperv/guest/network.*), in a network namespace of this machine: its TAP
device, its addresses and its way to SSH are real, and so is the driver on the other side; sockets of the VM are the double's."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

from guest_net import Guest
from place import ROOT, Computer, Instance, main, skip_all, until
from usernet import listener, running

PROGRAM = ROOT / "drivers/hyperv/guest/network.py"
INSIDE = ROOT / "tests/drivers/hyperv/guest_inside.py"
MAC = "52:55:55:01:02:03"
SCRIPT = "boot.Linux/00-0-hyperv-network.sh"


def needs():
    if os.geteuid():
        skip_all("not root: no network namespaces")
    for tool in ("unshare", "nsenter", "ip", "busybox"):
        if not shutil.which(tool):
            skip_all(f"no {tool}")
    if not os.path.exists("/dev/net/tun"):
        skip_all("no /dev/net/tun")
    if subprocess.run(["unshare", "--net", "--mount", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        skip_all("no namespaces here")


class Helper:
    """The helper in the guest of a stub VM. With an adapter: of one whose host serves no network."""

    def __init__(self, pc, vm, adapter=False):
        self.pc, self.vm = pc, vm
        self.folder = pc.state / "guest" / vm.vm["runtime"]
        (self.folder / "net" / "lo").mkdir(parents=True)
        if adapter:
            (self.folder / "net" / "eth0" / "device").mkdir(parents=True)
        (self.folder / "resolv.conf").write_text("")
        self.socket = None if adapter else self.bind()
        if self.socket:
            threading.Thread(target=self.bridge, daemon=True).start()
        self.log = open(pc.root / "helper.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(["unshare", "--net", "--mount", sys.executable, INSIDE, PROGRAM, self.folder, "--mac", MAC],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()
        if self.socket:
            self.socket.close()

    def bind(self):
        sock = socket.socket(socket.AF_UNIX)
        handle = os.open(self.folder, os.O_PATH | os.O_DIRECTORY)
        sock.bind(f"/proc/self/fd/{handle}/frames")
        os.close(handle)
        sock.listen(8)
        return sock

    def bridge(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self.socket.accept()
                try:
                    other = Guest(self.pc, self.vm).sock
                except (AssertionError, OSError):
                    one.close()         # nobody listens
                    continue
                other.settimeout(None)
                for source, sink in ((one, other), (other, one)):
                    threading.Thread(target=pump, args=(source, sink), daemon=True).start()

    def text(self):
        return (self.pc.root / "helper.log").read_text()

    def run(self, *words, **options):
        """In the guest."""
        return subprocess.run(["nsenter", "-t", str(self.process.pid), "-n", "-m", *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=90, check=False, **options)

    def device(self):
        found = self.run("ip", "-j", "address", "show", "dev", "eth0").stdout
        return json.loads(found)[0] if found.startswith("[") else None

    def up(self):
        return until(lambda: self.process.poll() is None and "eth0 has 192.168.5.15" in self.text() and self.device(), self.text())

    def fetch(self, port, size):
        """Sends so much to the host's loopback, and counts what comes back in capitals."""
        return self.run(sys.executable, "-c", f"""
import socket, threading
one = socket.create_connection(("192.168.5.2", {port}), 60)
threading.Thread(target=lambda: (one.sendall(b"x" * {size}), one.shutdown(socket.SHUT_WR))).start()
count = 0
while data := one.recv(1 << 20):
    assert data == data.upper()
    count += len(data)
print(count)""").stdout.strip()


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 18):
            sink.sendall(data)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def a_guest_has_a_network():
    with running() as (pc, vm), listener() as tcp, listener(socket.SOCK_DGRAM) as dns, Helper(pc, vm) as guest:
        device = guest.up()
        assert device["address"] == MAC and device["mtu"] == 65520 and device["addr_info"][0]["prefixlen"] == 24, device
        assert "default via 192.168.5.2 dev eth0" in guest.run("ip", "route").stdout
        assert (guest.folder / "resolv.conf").read_text() == "nameserver 192.168.5.3\n"
        ping = guest.run("busybox", "ping", "-c", "1", "-W", "20", "192.168.5.2")
        assert ping.returncode == 0, ping.stdout
        for size in (5, 1 << 20, 8 << 20, 8 << 20, 8 << 20, 8 << 20):     # the guest has ended its side while much is still on its way
            assert guest.fetch(tcp, size) == str(size), guest.text()
        asked = guest.run(sys.executable, "-c", f"""
import socket
sock = socket.socket(type=socket.SOCK_DGRAM)
sock.settimeout(60)
sock.sendto(b"name", ("192.168.5.2", {dns}))
print(sock.recv(99))""")
        assert asked.stdout.strip() == "b'NAME'", asked.stdout


def dhcp_tells_the_same():
    with running() as (pc, vm), Helper(pc, vm) as guest:
        guest.up()
        script = pc.root / "lease"
        script.write_text('#!/bin/sh\n[ "$1" != bound ] || echo "got $ip/$mask $router $dns"\n')
        script.chmod(0o755)
        lease = guest.run("busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-s", str(script))
        assert "got 192.168.5.15/24 192.168.5.2 192.168.5.3" in lease.stdout, lease.stdout


def ssh_reaches_it():
    with running() as (pc, vm), Helper(pc, vm) as guest:
        guest.up()
        sshd = ("import socket\nserver = socket.create_server(('127.0.0.1', 22))\nprint('up', flush=True)\nwhile True:\n    one, _ = server.accept()\n"
                "    while data := one.recv(65536):\n        one.sendall(data.upper())\n    one.close()")
        with subprocess.Popen(["nsenter", "-t", str(guest.process.pid), "-n", sys.executable, "-c", sshd], stdout=subprocess.PIPE) as server:
            try:
                assert server.stdout.readline() == b"up\n"
                for _ in range(3):
                    with socket.create_connection(("127.0.0.1", vm.port), 30) as sock:
                        sock.sendall(b"ssh" * 1000)
                        sock.shutdown(socket.SHUT_WR)
                        found = b""
                        while data := sock.recv(65536):
                            found += data
                        assert found == b"SSH" * 1000
            finally:
                server.kill()


def it_comes_again_when_the_driver_does():
    with running() as (pc, vm), listener() as tcp, Helper(pc, vm) as guest:
        guest.up()
        assert guest.fetch(tcp, 5) == "5"
        vm.end_driver(signal.SIGKILL)
        until(lambda: "the host has closed" in guest.text() or "broke" in guest.text(), "the helper to notice")
        vm.start_driver()
        vm.call("AdditionalSetupForSSH")
        assert guest.fetch(tcp, 5) == "5", guest.text()
        assert guest.text().count("eth0 has") == 1      # the device stays


def with_an_adapter_and_no_host_it_goes():
    with Computer() as pc:
        vm = Instance(pc)
        vm.up()
        with Helper(pc, vm, adapter=True) as guest:
            guest.process.wait(60)
            assert guest.process.returncode == 0 and "nothing to do" in guest.text(), guest.text()
        vm.call("Stop")


# The boot script.

def run_script(pc, systemd=True, python=True, adapter=False):
    """In a guest of its own; what its fake systemctl was called with, what the script said, what it left."""
    root = pc.root / "boot"
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "net/lo", "run/systemd/system", "lib", "units", "cidata"):
        (root / folder).mkdir(parents=True)
    if not systemd:
        shutil.rmtree(root / "run/systemd")
    if adapter:
        (root / "net/eth0/device").mkdir(parents=True)
    (root / "cidata/network-config").write_text(f"version: 2\nethernets:\n  eth0:\n    match:\n      macaddress: '{MAC}'\n    dhcp4: true\n")
    for tool in ("sh", "cat", "cmp", "mv", "rm", "mkdir", "sed", "head", "command", "mount"):
        if found := shutil.which(tool):
            (root / "bin" / tool).symlink_to(found)
    if python:
        (root / "bin/python3").write_text(f'#!/bin/sh\necho "python $*" >>{root}/calls\nexit {1 if adapter else 0}\n')
    (root / "bin/systemctl").write_text(f'#!/bin/sh\necho "systemctl $*" >>{root}/calls\ncase $* in *is-active*) [ -e {root}/active ] ;; *start*) : >{root}/active ;; esac\n')
    for path in (root / "bin").iterdir():
        if not path.is_symlink():
            path.chmod(0o755)
    return root


def boot(root, script):
    (root / "script").write_text(script)
    (root / "calls").write_text("")
    binds = " && ".join(f"mount --bind {root}/{here} {there}" for here, there in
                        (("net", "/sys/class/net"), ("run", "/run"), ("lib", "/usr/local/lib"), ("units", "/etc/systemd/system")))
    done = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", f"{binds} && PATH={root}/bin LIMA_CIDATA_MNT={root}/cidata exec sh {root}/script"],
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    return (root / "calls").read_text().splitlines(), done.stdout


def the_boot_script_installs_a_service():
    if not os.path.isdir("/etc/systemd/system"):
        return
    with Computer(prefix="hb") as pc:
        vm = Instance(pc)
        vm.start_driver()
        script = vm.call("BootScripts")["scripts"][SCRIPT]
        root = run_script(pc)
        calls, said = boot(root, script)
        assert calls[-1] == "systemctl restart lima-hyperv-network.service" and "systemctl daemon-reload" in calls, (calls, said)
        assert (root / "lib/lima-hyperv-network.py").read_text() == PROGRAM.read_text()
        unit = (root / "units/lima-hyperv-network.service").read_text()
        assert f'--mac "{MAC}"' in unit and "Type=notify" in unit, unit
        calls, _ = boot(root, script)           # the next boot: it runs already
        assert calls[-1] == "systemctl start lima-hyperv-network.service" and not [one for one in calls if "reload" in one or "python" in one], calls
        calls, _ = boot(run_script(pc, adapter=True), script)
        assert calls == ["systemctl --quiet is-active lima-hyperv-network.service", "python /usr/local/lib/lima-hyperv-network.py.new --needed"], calls
        calls, _ = boot(run_script(pc, systemd=False), script)
        assert calls[-1].endswith(f"--mac {MAC} --background /run/lima-hyperv-network.pid"), calls
        calls, said = boot(run_script(pc, python=False), script)
        assert "no python3" in said and not calls, said


if __name__ == "__main__":
    needs()
    main([a_guest_has_a_network, dhcp_tells_the_same, ssh_reaches_it, it_comes_again_when_the_driver_does,
          with_an_adapter_and_no_host_it_goes, the_boot_script_installs_a_service])
