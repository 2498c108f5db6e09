#!/usr/bin/env python3
"""The network in user space: when it is taken, what a guest finds there, what becomes of guests that come again or send rubbish."""
import contextlib
import json
import os
import random
import signal
import socket
import struct
import threading
import time

from agent import guest_listens
from guest_net import GATEWAY, GUEST, ICMP, IP_TYPE, MAC, RESOLVER, TCP, UDP, Connection, Guest, checksum, ip, packed, udp
from place import Computer, Instance, Session, main

MODE = {"vmOpts": {"hyperv": {"network": "hvsocket"}}}


@contextlib.contextmanager
def running(**config):
    """A computer and an instance that runs, in this mode if nothing else is said; stopped at the end."""
    with Computer() as pc:
        vm = Instance(pc, **(config or MODE))
        vm.up()
        yield pc, vm
        vm.call("Stop")


@contextlib.contextmanager
def listener(kind=socket.SOCK_STREAM):
    """Answers in capitals on this computer's loopback; its port."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))

        def answer():
            with contextlib.suppress(OSError):
                while kind == socket.SOCK_DGRAM:
                    data, peer = sock.recvfrom(1 << 16)
                    if not peer:            # shut down
                        return
                    sock.sendto(data.upper(), peer)
                sock.listen(8)
                while True:
                    with sock.accept()[0] as one:
                        while data := one.recv(1 << 16):
                            one.sendall(data.upper())
        threading.Thread(target=answer, daemon=True).start()
        yield sock.getsockname()[1]
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def a_guest_finds_gateway_address_and_names():
    with running() as (pc, vm):
        assert "network in user space: the configuration wants it" in vm.log_text()
        with Guest(pc, vm) as guest:
            assert guest.arp(GATEWAY) == bytes.fromhex("5255c0a80502") and guest.arp(RESOLVER) == bytes.fromhex("5255c0a80503")
            address, options = guest.dhcp()
            assert address == GUEST, address
            assert options[1] == packed("255.255.255.0") and options[3] == packed(GATEWAY) and options[6] == packed(RESOLVER), options
            assert guest.ping()
        vm.call("Stop")
        pc.empty(networks=0)


def its_gateway_is_this_computers_loopback():
    with running() as (pc, vm), listener() as tcp, listener(socket.SOCK_DGRAM) as dns:
        with Guest(pc, vm) as guest:
            assert guest.ask(GATEWAY, dns, b"what is the name?") == b"WHAT IS THE NAME?"     # limactl's resolver sits there
            one = Connection(guest, GATEWAY, tcp)
            for size in (5, 1400, 30000):
                one.say(b"x" * size)
                assert one.hear(size) == b"X" * size


def a_port_where_nobody_listens_refuses():
    with running() as (pc, vm):
        with socket.socket() as sock, Guest(pc, vm) as guest:
            sock.bind(("127.0.0.1", 0))
            assert Connection(guest, GATEWAY, sock.getsockname()[1]).refused


def a_guest_that_comes_again_is_served_anew():
    with running() as (pc, vm):
        with Guest(pc, vm) as old:
            assert old.ping()
            with Guest(pc, vm) as new:
                assert new.ping() and old.ended()
                new.sock.shutdown(socket.SHUT_RDWR)
        for _ in range(20):
            with Guest(pc, vm) as guest:
                assert guest.ping()


RUBBISH = [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\0", b"\0\0\0\x0d" + b"x" * 13, b"\xff\xff\xff\xff", struct.pack("!I", 65539)]


def rubbish_costs_a_guest_its_connection_only():
    with running() as (pc, vm):
        for words in RUBBISH:
            with Guest(pc, vm) as guest:
                assert guest.ping()
                guest.sock.sendall(words)
                assert guest.ended(), words
        with Guest(pc, vm) as guest:
            for number in range(2000):      # frames that are none of any protocol
                guest.send(os.urandom(14 + number % 1500))
            guest.send(bytes(65538))
            assert guest.ping()
        with Guest(pc, vm) as guest:
            guest.sock.sendall(struct.pack("!I", 1000) + b"cut off")
        with Guest(pc, vm) as guest:
            assert guest.ping()


def mutated(chance):
    """A packet to the gateway, and only there, with some bytes changed behind the addresses or before them."""
    ports = struct.pack("!HH", chance.randrange(1 << 16), chance.choice([7, 53, 67, 69, 9999]))
    payload = ports + bytes(chance.randrange(256) for _ in range(chance.choice([4, 16, 60, 300])))
    packet = bytearray(ip(chance.choice([ICMP, TCP, UDP]), GUEST, GATEWAY, payload))
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(packet))
        if not 12 <= at < 20:
            packet[at] = chance.randrange(256)
    if chance.random() < 0.8:
        size = min(4 * (packet[0] & 15), len(packet))
        packet[10:12] = b"\0\0"
        packet[10:12] = struct.pack("!H", checksum(bytes(packet[:size])))
    return bytes(packet[:chance.randrange(1, len(packet) + 1)] if chance.random() < 0.1 else packet)


def packets_that_are_wrong_are_nobodys_trouble():
    chance = random.Random(5)
    with running() as (pc, vm):
        with Guest(pc, vm) as guest:
            for _ in range(3000):
                guest.packet(mutated(chance))
            assert guest.ping()
            for size in (0, 1, 41, 300):
                guest.send(guest.gateway + MAC + b"\x08\x06" + bytes(chance.randrange(256) for _ in range(size)))
            assert guest.ping()


def a_guest_that_reads_nothing_is_no_burden():
    with running() as (pc, vm), listener(socket.SOCK_DGRAM) as dns:
        with Guest(pc, vm) as guest:
            guest.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 60, 0))
            gateway = guest.arp()
            question = gateway + MAC + struct.pack("!H", IP_TYPE) + udp(GUEST, GATEWAY, (4000, dns), b"x" * 60000)
            for _ in range(200):
                guest.send(question)
        with Guest(pc, vm) as guest:
            assert guest.ping()


def ssh_goes_over_the_vms_socket():
    with running() as (pc, vm):
        with guest_listens(pc, vm, 22), socket.create_connection(("127.0.0.1", vm.port), 30) as sock:
            sock.sendall(b"ssh")
            assert sock.recv(10) == b"SSH"
        ports = vm.vm["document"]["VirtualMachine"]["Devices"]["HvSocket"]["HvSocketConfig"]["ServiceTable"]
        assert sorted(int(name[:8], 16) for name in ports) == [22, 2222, 2223] and "NetworkAdapters" not in vm.vm["document"]["VirtualMachine"]["Devices"]


def without_the_right_to_make_networks_it_is_taken():
    with Computer(env={"LIMA_TEST_RIGHTS": "member"}) as pc:
        vm = Instance(pc)
        vm.up()
        assert "network in user space: for one of Windows," in vm.log_text(), vm.log_text()
        assert not [call for call in pc.calls() if call["call"].startswith("HcnCreate")]
        with Guest(pc, vm) as guest:
            assert guest.ping()
        vm.call("Stop")
        vm.call("Delete")
        pc.empty()


def when_windows_refuses_a_network_it_is_taken():
    for fault, text in (("call=HcnCreateNetwork : fail=0x80070005", "0x80070005"), ("call=HcnCreateEndpoint : fail=0x80070005", "0x80070005"),
                        ("call=HcnQueryNetworkProperties : fail=0x80070005", "0x80070005")):
        with Computer() as pc:
            pc.faults(fault)
            vm = Instance(pc)
            vm.up()
            assert "network in user space, since Windows gives none" in vm.log_text() and text in vm.log_text(), vm.log_text()
            with Guest(pc, vm) as guest:
                assert guest.ping()
            pc.faults()
            vm.call("Stop")
            vm.call("Delete")
            pc.empty()


def when_windows_cannot_make_networks_it_is_taken():
    for settings in ({"ics": "off"}, {"hns": "stopped"}, {"elevated": "false", "member": "true"}):
        with Computer() as pc:
            vm = Instance(pc)
            vm.create()
            pc.settings(**settings)
            vm.start()
            assert "network in user space, since Windows gives none" in vm.log_text(), (settings, vm.log_text())
            pc.settings()
            vm.call("Stop")
            vm.call("Delete")
            pc.empty()


def what_is_wanted_by_name_is_not_changed():
    with Computer() as pc:
        vm = Instance(pc, vmOpts={"hyperv": {"network": "hcn"}})
        vm.create()
        pc.faults("call=HcnCreateNetwork : fail=0x80070005")
        vm.start_fails("0x80070005")
        pc.faults()
        pc.empty()


def plain_mode_refuses_it():
    with Computer(env={"LIMA_TEST_RIGHTS": "member"}) as pc:
        vm = Instance(pc, plain=True)
        vm.create()
        vm.start_fails("plain")
        pc.empty()


def a_network_of_lima_means_it():
    with running(networks=[{"lima": "user-v2"}]) as (pc, vm):
        with Guest(pc, vm) as guest:
            assert guest.ping()


def the_next_driver_serves_a_vm_that_runs():
    with running() as (pc, vm):
        with Guest(pc, vm) as guest:
            assert guest.ping()
            vm.end_driver(signal.SIGKILL)
            assert guest.ended()
        vm.start_driver()
        vm.call("AdditionalSetupForSSH")
        assert "was started by an earlier process" in vm.log_text()
        with Guest(pc, vm) as guest:
            assert guest.ping()
        with guest_listens(pc, vm, 22), socket.create_connection(("127.0.0.1", vm.port), 30) as sock:
            sock.sendall(b"ssh")
            assert sock.recv(10) == b"SSH"
        vm.call("Stop")
        pc.empty()


def the_next_driver_knows_the_address_in_windows_network():
    with Computer() as pc:
        vm = Instance(pc)
        vm.up()
        address = json.loads((vm.dir / "hyperv.json").read_text())["address"]
        assert address in vm.log_text()
        vm.end_driver(signal.SIGKILL)
        vm.start_driver()
        vm.call("AdditionalSetupForSSH")
        vm.call("GuestAgentConn")
        vm.call("Stop")
        vm.fails("AdditionalSetupForSSH", "does not run")
        pc.empty(networks=1)


def a_start_that_fails_leaves_no_service():
    with Computer() as pc:
        vm = Instance(pc, **MODE)
        vm.create()
        for call in ("HcsCreateComputeSystem", "HcsGrantVmAccess", "HcsStartComputeSystem"):
            pc.faults(f"call={call} nth=1 : fail=0x80004005")
            vm.start_fails("0x80004005")
            pc.faults()
            pc.empty()
        session = Session(vm)
        session.opening()
        with Guest(pc, vm) as guest:
            assert guest.ping()
            pc.tell("exit", vm.vm["id"])
            assert session.last().get("success"), session.events
            assert guest.ended()
        vm.call("Stop")
        pc.empty()


def wakeups(pid):
    """Voluntary switches of all its threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("voluntary"))
    return total


def an_idle_guest_wakes_nobody():
    """Not more than a driver without a guest."""
    with running() as (pc, vm):

        def spent():
            before = wakeups(vm.driver.pid)
            time.sleep(3)
            return wakeups(vm.driver.pid) - before
        alone = spent()
        with Guest(pc, vm) as guest:
            assert guest.ping()
            with_guest = spent()
        assert with_guest <= alone * 1.1 + 4, (alone, with_guest)       # the double's own polling varies


def memory_does_not_go_on_with_another_network():
    with running() as (pc, vm):
        vm.call("CreateSnapshot", {"tag": "one"})
        vm.call("ApplySnapshot", {"tag": "one"})        # with the same one it does
        vm.call("Stop")
        vm.doc["config"]["vmOpts"]["hyperv"]["network"] = "hcn"
        vm.configure()
        vm.start()
        before = pc.calls()
        vm.fails("ApplySnapshot", "another network", "limactl stop dev", document={"tag": "one"})
        assert vm.status() == "Running" and not [one for one in pc.calls()[len(before):] if one["call"] == "HcsTerminateComputeSystem"]
        vm.call("Stop")
        vm.call("ApplySnapshot", {"tag": "one"})


if __name__ == "__main__":
    main([a_guest_finds_gateway_address_and_names, its_gateway_is_this_computers_loopback, a_port_where_nobody_listens_refuses,
          a_guest_that_comes_again_is_served_anew, rubbish_costs_a_guest_its_connection_only,
          packets_that_are_wrong_are_nobodys_trouble, a_guest_that_reads_nothing_is_no_burden,
          ssh_goes_over_the_vms_socket, without_the_right_to_make_networks_it_is_taken, when_windows_refuses_a_network_it_is_taken, when_windows_cannot_make_networks_it_is_taken,
          what_is_wanted_by_name_is_not_changed, plain_mode_refuses_it, a_network_of_lima_means_it, the_next_driver_serves_a_vm_that_runs,
          the_next_driver_knows_the_address_in_windows_network, a_start_that_fails_leaves_no_service, memory_does_not_go_on_with_another_network,
          an_idle_guest_wakes_nobody])
