#!/usr/bin/env python3
"""hvsockets of the double: the broker, with a test as the guest (facts 6, 10.3)."""
import pathlib
import socket
import subprocess
import threading
import unittest
import uuid

from host import main, os, until

ACCESS, UNREACHABLE, IN_USE, REFUSED = 10013, 10051, 10048, 10061
PORT = 50000
TESTBIN = pathlib.Path(os.environ.get("LIMA_TESTBIN", "build/dev/testbin")).resolve()
SERVICE = f"{PORT:08x}-facb-11e6-bd58-64006a7986d3"


def ask(pc, words):
    """(answer, connection)"""
    port, token = (pc.state / "hvsocket").read_text().split()
    sock = socket.create_connection(("127.0.0.1", int(port)))
    sock.settimeout(60)
    sock.sendall(f"{token} {words}\n".encode())
    line = b""
    while not line.endswith(b"\n"):
        got = sock.recv(1)
        if not got:
            break
        line += got
    return line.decode().strip(), sock


def listening(pc, vm, port=PORT):
    """A program of the host: (listener, control connection)."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    answer, control = ask(pc, f"listen {vm} {port} {listener.getsockname()[1]}")
    assert answer == "ok", answer
    return listener, control


def guest_listens(pc, vm, port):
    (pc.state / "guest" / vm).mkdir(exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.settimeout(60)
    handle = os.open(pc.state / "guest" / vm, os.O_PATH)
    server.bind(f"/proc/self/fd/{handle}/{port}")
    os.close(handle)
    server.listen()
    return server


def the_guest_connects_to_the_host(pc):
    vm = str(uuid.uuid4())
    handle = pc.hcs.create(vm, pc.kernel_document(vm))
    listener, _ = listening(pc, vm)             # before the VM starts
    pc.hcs.do("Start", handle)
    answer, guest = ask(pc, f"guest {vm} {PORT}")
    assert answer == "ok"
    host, _ = listener.accept()
    guest.sendall(b"from the guest")
    guest.shutdown(socket.SHUT_WR)
    data = b""
    while got := host.recv(100):
        data += got
    assert data == b"from the guest"
    host.sendall(b"half-closed")                # the other way goes on
    assert guest.recv(100) == b"half-closed"


def the_host_connects_to_the_guest(pc):
    vm, _ = pc.running()
    server = guest_listens(pc, vm, 22)
    answer, host = ask(pc, "connect {" + vm.upper() + "} 22")
    assert answer == "ok", answer
    guest, _ = server.accept()
    guest.settimeout(60)
    big = os.urandom(1 << 20)
    threading.Thread(target=host.sendall, args=(big,), daemon=True).start()
    data = b""
    while len(data) < len(big):
        data += guest.recv(1 << 16)
    assert data == big


def what_is_refused(pc):
    vm, handle = pc.running()
    assert ask(pc, f"connect {vm} 22")[0] == f"error {REFUSED}"
    assert ask(pc, f"guest {vm} 22")[0] == f"error {REFUSED}"
    assert ask(pc, f"connect {uuid.uuid4()} 22")[0] == f"error {UNREACHABLE}"
    held = listening(pc, vm, 7)
    assert ask(pc, f"listen {vm} 7 1")[0] == f"error {IN_USE}" and held
    other = str(uuid.uuid4())
    config = {"HvSocketConfig": {"ServiceTable": {SERVICE: {"Disabled": True}}}}
    pc.running(other, pc.kernel_document(other, Devices={"HvSocket": config}))
    assert ask(pc, f"connect {other} {PORT}")[0] == f"error {ACCESS}"
    pc.hcs.do("Terminate", handle)
    assert ask(pc, f"connect {vm} 22")[0] == f"error {UNREACHABLE}"


def a_wrong_token_is_not_answered(pc):
    port, _ = (pc.state / "hvsocket").read_text().split()
    with socket.create_connection(("127.0.0.1", int(port))) as sock:
        sock.settimeout(60)
        sock.sendall(b"0000 connect x 1\n")
        assert sock.recv(10) == b""


def a_listener_that_has_closed(pc):
    vm, _ = pc.running()
    _, control = listening(pc, vm)
    assert pc.report()["listeners"] == [f"{vm} {PORT}"]
    control.close()
    until(lambda: pc.report()["listeners"] == [], "the end of the listener")
    assert ask(pc, f"guest {vm} {PORT}")[0] == f"error {REFUSED}"


def streams_end_with_the_vm(pc):
    vm, handle = pc.running()
    server = guest_listens(pc, vm, 22)
    _, host = ask(pc, f"connect {vm} 22")
    guest, _ = server.accept()
    guest.sendall(b"x")
    assert host.recv(1) == b"x"
    pc.hcs.do("Terminate", handle)
    assert host.recv(1) == b""


def by_the_header_of_win(pc):
    program = TESTBIN / "hcs_hvsocket_probe"
    if not program.exists():
        raise unittest.SkipTest(f"{program} is not built")
    vm, _ = pc.running()

    def begin(*words):
        return subprocess.Popen([program, *words], env={**os.environ, "HCSSIM_STATE": str(pc.state)}, stdout=subprocess.PIPE, text=True)
    server = guest_listens(pc, vm, 22)
    with begin("connect", "{" + vm.upper() + "}", "22") as child:
        guest, _ = server.accept()
        guest.sendall(b"from the guest\n")
        assert child.communicate(timeout=60)[0] == "heard: from the guest\n"
    with begin("listen", vm, str(PORT)) as child:
        assert child.stdout.readline() == "listening\n"
        answer, guest = ask(pc, f"guest {vm} {PORT}")
        assert answer == "ok"
        guest.sendall(b"from the guest\n")
        assert child.communicate(timeout=60)[0] == "heard: from the guest\n"
    with begin("connect", str(uuid.uuid4()), "22") as child:
        assert f"number {UNREACHABLE}" in child.communicate(timeout=60)[0]


if __name__ == "__main__":
    main(__name__)
