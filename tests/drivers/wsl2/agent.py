#!/usr/bin/env python3
"""The guest agent's socket on this side: by hvsocket where the VM's id is told, else by a relay in the guest."""
import socket
import threading

from place import TESTBIN, Computer, Instance, main, rootfs, until

IMAGE = rootfs()
TOOL = TESTBIN / "wsl2_guest_tool"


def connect(vm):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(60)
    sock.connect(str(vm.dir / "ga.sock"))
    return sock


def exchange(sock, text):
    sender = threading.Thread(target=sock.sendall, args=(text,))
    sender.start()
    got = b""
    while len(got) < len(text):
        got += sock.recv(65536) or b"-end-"
    sender.join()
    assert got == text.upper(), (got[:100], len(got))


def talks(vm):
    with connect(vm) as sock:
        exchange(sock, b"hello")


def answers(vm):
    try:
        talks(vm)
        return True
    except (AssertionError, OSError):
        return False


class HostAgent(threading.Thread):
    """What listens on a vsock port of the VM, which is a local socket of the stand-in."""

    def __init__(self, pc, port):
        super().__init__(daemon=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(pc.state / "vsock" / str(port)))
        self.server.listen()
        self.start()

    def run(self):
        while True:
            client, _ = self.server.accept()
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    @staticmethod
    def answer(client):
        with client:
            while data := client.recv(65536):
                client.sendall(data.upper())


def by_vsock__many_connections_at_once_and_large_ones():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up()
        port = vm.vsock_port()
        assert port > 65536, port
        vm.call("GuestAgentConn")
        assert not answers(vm), "nobody listens yet"
        HostAgent(pc, port)
        vm.call("GuestAgentConn")
        with connect(vm) as one, connect(vm) as two:
            exchange(one, b"one")
            exchange(two, b"x" * (1 << 20))
            exchange(one, b"again")
        talks(vm)
        vm.stop()
        assert not (vm.dir / "ga.sock").exists()


def by_vsock__socket_removed_by_stop_f__made_again():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up()
        HostAgent(pc, vm.vsock_port())
        vm.call("GuestAgentConn")
        talks(vm)
        (vm.dir / "ga.sock").unlink()
        vm.call("GuestAgentConn")
        talks(vm)
        vm.stop()


def listen_in_guest(vm):
    """An agent on its Unix socket, and a tool that the relay can use."""
    vm.put_in_guest(TOOL, "/usr/local/bin/socat")
    vm.in_guest("cp /usr/local/bin/socat /usr/local/bin/agent; setsid /usr/local/bin/agent listen /run/lima-guestagent.sock >/dev/null 2>&1 </dev/null &")
    vm.call("GuestAgentConn")
    until(lambda: answers(vm), "the agent")


def without_vm_id__by_relay_in_the_guest():
    with Computer(profile="2.5.7") as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up()
        assert vm.vsock_port() == 0
        assert not vm.call("ForwardGuestAgent").get("shouldForward")
        listen_in_guest(vm)
        with connect(vm) as one, connect(vm) as two:
            exchange(one, b"one")
            exchange(two, b"y" * (1 << 20))
            exchange(one, b"again")
        vm.stop()


def relayed(how, reason):
    """The guest is told before its agent starts."""
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up(WSLSIM_VSOCK=how)
        vm.booted()
        assert vm.vsock_port() > 65536 and vm.guest_env()["LIMA_CIDATA_VSOCK_PORT"] == "0"
        assert f"by a relay in the guest: {reason}" in vm.log_text(), vm.log_text()
        listen_in_guest(vm)
        vm.stop()


def without_hvsockets__by_relay__reason_is_told():
    relayed("none", "hvsockets are not available")


def vm_of_another_user__by_relay__reason_is_told():
    relayed("denied", "the VM belongs to another user")


def vsock_port_taken__another_one__own_agent_keeps_it():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        HostAgent(pc, vm.vsock_port())
        vm.start()
        vm.booted()
        port = int(vm.guest_env()["LIMA_CIDATA_VSOCK_PORT"])
        assert port > 65536 and port != vm.vsock_port(), port
        assert f"vsock port {vm.vsock_port()} is taken" in vm.log_text()
        HostAgent(pc, port)
        vm.call("GuestAgentConn")
        talks(vm)
        vm.stop()
        vm.start()
        vm.booted()
        assert int(vm.guest_env()["LIMA_CIDATA_VSOCK_PORT"]) == port
        vm.stop()


def agent_not_on_its_vsock_port__by_relay():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up()
        listen_in_guest(vm)
        assert "trying a relay in the guest" in vm.log_text()
        vm.stop()


def not_started__refused():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        vm.fails("GuestAgentConn", "does not run")


if __name__ == "__main__":
    main([by_vsock__many_connections_at_once_and_large_ones, by_vsock__socket_removed_by_stop_f__made_again,
          without_vm_id__by_relay_in_the_guest, without_hvsockets__by_relay__reason_is_told, vm_of_another_user__by_relay__reason_is_told,
          vsock_port_taken__another_one__own_agent_keeps_it, agent_not_on_its_vsock_port__by_relay, not_started__refused])
