#!/usr/bin/env python3
"""Shares of Windows' own 9P server in the double (facts 7), with a client that speaks 9P in the guest's place."""
import contextlib
import errno
import json
import socket
import uuid

from host import main, refused, skip_all
from hcssim import codes, plan9
from hcssim.plan9_client import Client
from hvsockets import ask

PORT = 564
READ_ONLY = 1


def folder(pc, name, **files):
    path = pc.root / name
    path.mkdir()
    for file, text in files.items():
        (path / file).write_text(text)
    return path


def share(name, path, flags=0, port=PORT):
    return {"Name": name, "AccessName": name, "Path": str(path), "Port": port, "Flags": flags}


def running(pc, *shares):
    vm = str(uuid.uuid4())
    _, handle = pc.running(vm, pc.kernel_document(vm, Devices={"Plan9": {"Shares": list(shares)}}))
    return vm, handle


@contextlib.contextmanager
def fails(*numbers):
    try:
        yield
    except OSError as error:
        assert error.errno in numbers, error
        return
    raise AssertionError("it succeeded")


def each_name_is_its_own_folder(pc):
    vm, _ = running(pc, share("one", folder(pc, "first ü 'x", text="of one")), share("two", folder(pc, "second", text="of two")))
    for name, due in (("one", b"of one"), ("two", b"of two")):
        with Client(pc.state, vm, PORT, name) as guest:
            assert guest.version == plan9.VERSION and guest.content("text") == due
    with fails(errno.ENOENT):
        Client(pc.state, vm, PORT, "three")


def a_share_is_written_to_unless_it_is_read_only(pc):
    path = folder(pc, "both", text="before")
    vm, _ = running(pc, share("rw", path), share("ro", path, READ_ONLY))
    with Client(pc.state, vm, PORT, "rw") as guest:
        guest.create("new", b"by the guest")
    assert (path / "new").read_bytes() == b"by the guest"
    with Client(pc.state, vm, PORT, "ro") as guest:
        assert guest.content("new") == b"by the guest"
        with fails(errno.EROFS):
            guest.create("newer", b"", fid=2)
    assert sorted(one.name for one in path.iterdir()) == ["new", "text"]


def only_names_of_shares_are_attached_to(pc):
    path = folder(pc, "inside", text="x")
    folder(pc, "outside", text="secret")
    vm, _ = running(pc, share("one", path))
    for name in ("one/..", str(path), str(pc.root / "outside"), ""):
        with fails(errno.ENOENT):
            Client(pc.state, vm, PORT, name)


def other_versions_are_not_spoken(pc):
    vm, _ = running(pc, share("one", folder(pc, "v", text="x")))
    with Client(pc.state, vm, PORT, "one", version=b"9P2000.u") as guest:
        assert guest.version == b"unknown"


def several_users_attach_on_one_connection(pc):
    vm, _ = running(pc, share("one", folder(pc, "users", text="x")))
    with Client(pc.state, vm, PORT, "one") as guest:
        guest.attach(7, "one", user=0)
        guest.attach(9, "one", user=54321)      # a number that nobody has here
        assert guest.content("text") == b"x"
        with fails(errno.EPERM, errno.EACCES, errno.ENOENT):
            guest.attach(8, "other")


def ports_are_those_of_the_document(pc):
    vm, _ = running(pc, share("a", folder(pc, "a", text="a")), share("b", folder(pc, "b", text="b"), port=50002))
    with Client(pc.state, vm, 50002, "b") as guest:
        assert guest.content("text") == b"b"
    with fails(errno.ENOENT):
        Client(pc.state, vm, PORT, "b")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answer, control = ask(pc, f"listen {vm} {PORT} {listener.getsockname()[1]}")
        control.close()
        assert answer == "error 10048", answer
    _, other = pc.running()
    answer, control = ask(pc, f"guest {vm[:-1]}{'0' if vm[-1] != '0' else '1'} {PORT}")
    control.close()
    assert answer == "error 10051", answer


def shares_come_and_go_while_it_runs(pc):
    vm, handle = running(pc)
    one = share("one", folder(pc, "later", text="x"))

    def modify(request, settings):
        pc.hcs.do("Modify", handle, document=json.dumps({"ResourcePath": "VirtualMachine/Devices/Plan9/Shares", "RequestType": request, "Settings": settings}))
    answer, control = ask(pc, f"guest {vm} {PORT}")
    control.close()
    assert answer == "error 10061", answer
    modify("Add", one)
    with Client(pc.state, vm, PORT, "one") as guest:
        assert guest.content("text") == b"x"
    modify("Update", {**one, "Flags": READ_ONLY})
    with Client(pc.state, vm, PORT, "one") as guest, fails(errno.EROFS):
        guest.create("new", b"")
    modify("Remove", {"Name": "one"})
    answer, control = ask(pc, f"guest {vm} {PORT}")
    control.close()
    assert answer == "error 10061", answer


def a_folder_that_is_missing_fails_the_start(pc):
    vm = str(uuid.uuid4())
    handle = pc.hcs.create(vm, pc.kernel_document(vm, Devices={"Plan9": {"Shares": [share("one", pc.root / "none")]}}))
    with refused(codes.FILE_NOT_FOUND):
        pc.hcs.do("Start", handle)


def the_end_of_the_vm_ends_its_connections(pc):
    vm, handle = running(pc, share("one", folder(pc, "end", text="x")))
    with Client(pc.state, vm, PORT, "one") as guest:
        pc.hcs.do("Terminate", handle)
        assert guest.sock.recv(1) == b""


if __name__ == "__main__":
    if not plan9.find_program():
        skip_all("diod, which serves shares, is not installed")
    main(__name__)
