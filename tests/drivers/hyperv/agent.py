#!/usr/bin/env python3
"""Ways into the guest, which the test plays: the guest agent's socket, and SSH's port."""
import contextlib
import os
import signal
import socket
import threading

from place import Computer, Instance, Session, main, until

PORT = 2222


@contextlib.contextmanager
def guest_listens(pc, vm, port=PORT):
    """Echoes in capitals what comes to this vsock port."""
    folder = pc.state / "guest" / vm.vm["runtime"]
    folder.mkdir(parents=True, exist_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    sock.bind(f"/proc/self/fd/{handle}/{port}")
    os.close(handle)
    sock.listen(64)

    def echo(one):
        with one:
            while data := one.recv(1 << 16):
                one.sendall(data.upper())

    def serve():
        with contextlib.suppress(OSError):
            while True:
                one, _ = sock.accept()
                threading.Thread(target=echo, args=(one,), daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()
        (folder / str(port)).unlink()


def ask(path, words=b"hello"):
    """What comes back; b"": the other side has closed."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(str(path))
        sock.sendall(words)
        sock.shutdown(socket.SHUT_WR)
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while data := sock.recv(1 << 16):
                found += data
        return found


def the_agent_is_reached_and_reached_again():
    with Computer(prefix="ha") as pc:
        vm = Instance(pc)
        session = vm.up()
        vm.call("GuestAgentConn")
        path = vm.dir / "ga.sock"
        assert ask(path) == b""            # nobody listens yet: closed, and asked again later
        with guest_listens(pc, vm):
            assert ask(path) == b"HELLO"
            vm.call("GuestAgentConn")
            big = b"x" * (4 << 20)
            assert ask(path, big) == big.upper()
        assert ask(path) == b""
        with guest_listens(pc, vm):
            assert ask(path) == b"HELLO"
            path.unlink()                   # as `limactl stop -f` does
            vm.call("GuestAgentConn")
            assert ask(path) == b"HELLO"
            vm.call("Stop")
        session.last()
        assert not path.exists()
        vm.fails("GuestAgentConn", "does not run")


def many_at_once():
    with Computer(prefix="ha") as pc:
        vm = Instance(pc)
        vm.up()
        vm.call("GuestAgentConn")
        with guest_listens(pc, vm):
            found = []
            threads = [threading.Thread(target=lambda n=n: found.append(ask(vm.dir / "ga.sock", b"a%d" % n))) for n in range(40)]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            assert sorted(found) == sorted(b"A%d" % n for n in range(40)), found
        vm.call("Stop")


def ssh_leads_to_the_guests_address():
    with Computer(prefix="ha", addresses="loopback") as pc:
        vm = Instance(pc)
        vm.up()
        address = vm.log_text().rpartition("its address is ")[2].split()[0]
        assert address.startswith("127."), address
        with socket.socket() as guest:
            try:
                guest.bind((address, 22))
            except PermissionError:
                return
            guest.listen()
            with socket.create_connection(("127.0.0.1", vm.port), timeout=30) as client:
                one, _ = guest.accept()
                with one:
                    one.sendall(b"SSH-2.0-guest\r\n")
                    assert client.recv(100) == b"SSH-2.0-guest\r\n"
        vm.call("Stop")
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", vm.port), timeout=5):
            raise AssertionError("the SSH port is still served")


@contextlib.contextmanager
def sshd_at(address):
    """Says what an sshd says first; None: this user may not have port 22."""
    with socket.socket() as guest:
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            guest.bind((address, 22))
        except PermissionError:
            yield None
            return
        guest.listen()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    one, _ = guest.accept()
                    one.sendall(b"SSH-2.0-guest\r\n")
                    one.close()
        threading.Thread(target=serve, daemon=True).start()
        yield guest
        guest.shutdown(socket.SHUT_RDWR)


def banner(vm):
    with socket.create_connection(("127.0.0.1", vm.port), timeout=60) as client, contextlib.suppress(ConnectionResetError):
        return client.recv(100)
    return b""


def mac_of(pc, vm):
    config = next(iter(vm.vm["document"]["VirtualMachine"]["Devices"]["NetworkAdapters"].values()))
    return config["MacAddress"].replace("-", ":").lower()


def ssh_finds_a_guest_that_has_another_address():
    """By MAC address, else by name; the way that leads nowhere is told."""
    with Computer(prefix="ha", addresses="loopback") as pc:
        vm = Instance(pc)
        vm.up()
        mac = mac_of(pc, vm)
        vm.call("Stop")
        vm.end_driver()
        for variable, word in (("LIMA_TEST_NEIGHBOURS", mac), ("LIMA_TEST_NAMES", f"lima-{vm.name}.mshome.net")):
            with sshd_at("127.9.9.9") as guest:
                if not guest:
                    return
                vm.start_driver(**{variable: f"{word}=127.9.9.9"})
                vm.start()
                assert [banner(vm) for _ in range(2)] == [b"SSH-2.0-guest\r\n"] * 2, vm.log_text()
                assert vm.log_text().count("the guest answers at 127.9.9.9") == (1 if "NEIGH" in variable else 2)
                vm.call("Stop")
                vm.end_driver()
        vm.start_driver()
        vm.start()
        assert banner(vm) == b""
        until(lambda: "the guest's address is not known; tried: its network endpoint (connect to 127." in vm.log_text(), "the log")
        vm.call("Stop")


def a_taken_ssh_port_is_told():
    with Computer(prefix="ha") as pc, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        vm = Instance(pc, port=other.getsockname()[1])
        vm.create()
        session = Session(vm)
        session.opening()
        vm.fails("AdditionalSetupForSSH", "SSH port")
        vm.call("Stop")


def a_driver_that_comes_again_restores_the_ways():
    """limactl starts it for another command, without a port; the host agent then asks it for the guest agent."""
    with Computer(prefix="ha") as pc:
        vm = Instance(pc)
        vm.up()
        vm.end_driver(signal.SIGKILL)
        vm.doc["sshLocalPort"] = 0
        vm.start_driver()
        vm.call("GuestAgentConn")
        assert "was started by an earlier process" in vm.log_text()
        with guest_listens(pc, vm):
            assert ask(vm.dir / "ga.sock") == b"HELLO"
        with socket.create_connection(("127.0.0.1", vm.port), 30):
            pass
        vm.call("Stop")
        pc.empty(networks=1)


def a_live_snapshot_is_no_end():
    with Computer(prefix="ha") as pc:
        vm = Instance(pc)
        session = vm.up()
        vm.call("CreateSnapshot", {"tag": "one"})
        until(lambda: vm.status() == "Running", "the VM after the snapshot")
        assert len(session.events) == 1, session.events
        vm.call("ApplySnapshot", {"tag": "one"})
        until(lambda: vm.status() == "Running", "the VM of the snapshot")
        assert len(session.events) == 1, session.events
        vm.call("DeleteSnapshot", {"tag": "one"})
        until(lambda: "Running" in vm.vm["state"], "the VM")
        pc.tell("crash", vm.vm["id"], "Kernel panic - at last")
        assert "at last" in session.last()["error"], session.events
        vm.call("Stop")
        vm.call("Delete")
        pc.empty()


if __name__ == "__main__":
    main([the_agent_is_reached_and_reached_again, many_at_once, ssh_leads_to_the_guests_address, ssh_finds_a_guest_that_has_another_address,
          a_taken_ssh_port_is_told, a_driver_that_comes_again_restores_the_ways, a_live_snapshot_is_no_end])
