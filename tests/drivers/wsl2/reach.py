#!/usr/bin/env python3
"""How the guest's SSH server is reached: networking modes, a relay that is missing, late or wrong, ports that others have."""
import socket

from place import AS_ROOT, QUICK, Computer, Failed, Instance, main, rootfs

IMAGE = rootfs()


def settings(**keys):
    return QUICK.replace("[general]", "".join(f"{name}={value}\n" for name, value in keys.items()) + "[general]")


def check_login(vm):
    vm.booted()
    assert " lima-" in vm.banner()
    if AS_ROOT:
        assert vm.ssh("id -un; hostname").split() == ["lima", vm.distro]


def used_way(vm):
    return [line.split("SSH by way of ")[1].split(",")[0] for line in vm.log_text().splitlines() if "SSH by way of" in line][-1]


def lives_in(way, faults=(), **keys):
    with Computer(wslconfig=settings(**keys)) as pc:
        pc.faults(*faults)
        vm = Instance(pc, image=IMAGE)
        session = vm.up(LIMA_WSL_TIMEOUT_PERCENT=50)
        check_login(vm)
        assert used_way(vm) == way, used_way(vm)
        vm.stop()
        assert session.last()["success"]


def mode_mirrored__loopback():
    lives_in("127.0.0.1 by WSL", networkingMode="mirrored")


def mode_consomme__loopback():
    lives_in("127.0.0.1 by WSL", networkingMode="consomme")


def mode_none__by_wsl_exe():
    lives_in("wsl.exe", networkingMode="none")


def nat_without_localhost_forwarding__not_by_relay():
    lives_in("wsl.exe", localhostForwarding="false")


def relay_missing__by_wsl_exe():
    lives_in("wsl.exe", [": relay-off"])


def relay_late__awaited():
    lives_in("127.0.0.1 by WSL", [": relay-delay=800"])


def relay_to_another_server__not_used():
    with Computer() as pc:
        pc.faults(": relay-wrong-server")
        vm = Instance(pc, image=IMAGE)
        session = None
        try:
            session = vm.up(LIMA_WSL_TIMEOUT_PERCENT=50)
            check_login(vm)
        except Failed as failure:       # the wrong server has the port on this side, too
            assert "another program has the SSH port" in str(failure), failure
        vm.stop()
        assert session is None or session.last()["success"]


def port_taken_here__error_names_it():
    with Computer() as pc, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        vm = Instance(pc, image=IMAGE, port=port)
        vm.create(LIMA_WSL_TIMEOUT_PERCENT=50)
        session = vm.start(ssh=False)
        vm.fails("AdditionalSetupForSSH", "another program has the SSH port", str(port))
        assert vm.status() == "Running"
        vm.stop()
        assert session.last()["success"]


def port_taken_in_the_vm__another_one_there_the_same_here():
    with Computer() as pc:
        first = Instance(pc, "first", image=IMAGE)
        first.up()
        vm = Instance(pc, "dev", image=IMAGE, port=first.port)
        vm.create(LIMA_WSL_TIMEOUT_PERCENT=50)
        session = vm.start(ssh=False)
        # On this side the first one's relay has the port. It is seen that it leads to another guest.
        vm.fails("AdditionalSetupForSSH", "another program has the SSH port")
        first.stop()
        vm.call("AdditionalSetupForSSH")
        check_login(vm)
        vm.stop()
        assert session.last()["success"]


def no_port_chosen__own_ones():
    with Computer() as pc:
        one, two = Instance(pc, "one", image=IMAGE, port=0), Instance(pc, "two", image=IMAGE, port=0)
        one.up()
        two.up()
        one.port, two.port = one.inspect()["sshLocalPort"], two.inspect()["sshLocalPort"]
        assert one.port != two.port and 23000 <= one.port < 29000
        check_login(one)
        check_login(two)
        one.stop()
        two.stop()


def sshd_killed__comes_back():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        session = vm.up()
        vm.booted()
        vm.in_guest("kill $(cat /run/lima-wsl2/sshd.pid)")
        vm.in_guest("printf x")             # the distribution lives on
        assert vm.status() == "Running"
        vm.stop()
        assert session.last()["success"]


if __name__ == "__main__":
    main([mode_mirrored__loopback, mode_consomme__loopback, mode_none__by_wsl_exe, nat_without_localhost_forwarding__not_by_relay,
          relay_missing__by_wsl_exe, relay_late__awaited, relay_to_another_server__not_used, port_taken_here__error_names_it,
          port_taken_in_the_vm__another_one_there_the_same_here, no_port_chosen__own_ones, sshd_killed__comes_back])
