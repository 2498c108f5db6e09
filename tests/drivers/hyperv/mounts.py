#!/usr/bin/env python3
"""Mounts of mountType 9p: the shares of the document, as a guest finds them; what such a VM cannot do; the guest's script."""
import errno
import json
import re
import subprocess

from place import ROOT, Computer, Instance, main, skip_all
from hcssim import plan9
from hcssim.plan9_client import Client

PORT = 564
SERVICE = "00000234-facb-11e6-bd58-64006a7986d3"


def folder(pc, *names):
    """A folder of the computer's drive C:, and how Windows calls it."""
    path = pc.state.joinpath("c", *names)
    path.mkdir(parents=True)
    return path, "\\".join(("C:", *names))


def with_mounts(pc, **config):
    here, windows = folder(pc, "Jörg M", "a 'b")
    (here / "text").write_text("of the host")
    there, other = folder(pc, "work")
    mounts = [{"location": windows, "mountPoint": "/mnt/a b"}, {"location": other.replace("\\", "/"), "mountPoint": "/srv/ü", "writable": True}]
    return Instance(pc, **{"mountType": "9p", "mounts": mounts, **config}), here, there


def shares(vm):
    return vm.vm["document"]["VirtualMachine"]["Devices"]["Plan9"]["Shares"]


def the_guest_finds_each_share(pc):
    vm, here, there = with_mounts(pc)
    vm.up()
    found = shares(vm)
    assert [(one["Path"], one["Port"], one["Flags"]) for one in found] == [("C:\\Jörg M\\a 'b", PORT, 5), ("C:\\work", PORT, 4)], found
    assert all(re.fullmatch("lima-[0-9a-f]{16}", one["Name"]) and one["Name"] == one["AccessName"] for one in found), found
    table = vm.vm["document"]["VirtualMachine"]["Devices"]["HvSocket"]["HvSocketConfig"]["ServiceTable"]
    assert SERVICE in table and len(table) == 2, table
    ask = vm.vm["runtime"], PORT
    with Client(pc.state, *ask, found[0]["AccessName"]) as guest:
        assert guest.content("text") == b"of the host"
        try:
            guest.create("new", b"", fid=2)
            raise AssertionError("a read-only mount was written to")
        except OSError as error:
            assert error.errno == errno.EROFS, error
    with Client(pc.state, *ask, found[1]["AccessName"]) as guest:
        guest.create("new", b"by the guest")
    assert (there / "new").read_bytes() == b"by the guest" and [one.name for one in here.iterdir()] == ["text"]
    vm.call("Stop")
    pc.empty(networks=1)


def its_memory_is_not_saved(pc):
    vm, _, _ = with_mounts(pc)
    vm.up()
    vm.fails("CreateSnapshot", "mountType 9p", "reverse-sshfs", "limactl stop dev", document={"tag": "live"})
    assert vm.status() == "Running"
    assert not [one for one in pc.calls() if one["call"] in ("HcsPauseComputeSystem", "HcsSaveComputeSystem")]
    vm.call("Stop")
    vm.call("CreateSnapshot", {"tag": "disk"})
    found = vm.call("ListSnapshots")
    assert "disk" in json.dumps(found), found
    vm.call("ApplySnapshot", {"tag": "disk"})
    vm.start()
    assert len(shares(vm)) == 2
    vm.call("Stop")


def without_9p_there_is_no_share(pc):
    vm, _, _ = with_mounts(pc, mountType="reverse-sshfs")
    vm.up()
    devices = vm.vm["document"]["VirtualMachine"]["Devices"]
    assert "Plan9" not in devices and SERVICE not in devices["HvSocket"]["HvSocketConfig"]["ServiceTable"], devices
    vm.call("CreateSnapshot", {"tag": "live"})
    assert not [one for one in scripts(vm) if "mounts" in one]
    vm.call("Stop")


def a_start_after_a_live_snapshot_of_before_has_the_mounts(pc):
    vm, _, _ = with_mounts(pc, mountType="reverse-sshfs")
    vm.up()
    vm.call("CreateSnapshot", {"tag": "live"})
    vm.call("Stop")
    vm.call("ApplySnapshot", {"tag": "live"})
    vm.doc["config"]["mountType"] = "9p"
    vm.configure()
    vm.start()
    assert len(shares(vm)) == 2
    vm.call("Stop")


def folders_that_cannot_be_shared_are_named(pc):
    here, windows = folder(pc, "share")
    subprocess.run([ROOT / "tests/fakes/hcs/hcssimd", "mark", here, "remote"], check=True)
    vm = Instance(pc, mountType="9p", mounts=[{"location": windows, "mountPoint": "/x"}])
    vm.create()
    vm.start_fails("mounts[0].location", "network drive", "reverse-sshfs")
    pc.empty(networks=0)
    vm.doc["config"]["mounts"][0]["location"] = "\\\\server\\share"
    vm.configure()
    vm.fails("Validate", "mounts[0].location '\\\\server\\share'", "another computer", "reverse-sshfs")


def scripts(vm):
    return vm.call("BootScripts").get("scripts", {})


def the_script_has_the_list(pc):
    vm, _, _ = with_mounts(pc)
    vm.up()
    found = [text for name, text in scripts(vm).items() if name.endswith("/03-hyperv-mounts.sh")]
    assert len(found) == 1, scripts(vm)
    first, second, rest = found[0].split("\n", 2)
    assert first == "#!/bin/sh" and second.startswith("# mounts {"), found[0][:200]
    told = json.loads(second[len("# mounts "):])
    assert told["port"] == PORT and [one["point"] for one in told["mounts"]] == ["/mnt/a b", "/srv/ü"], told
    assert [one["tag"] for one in told["mounts"]] == [one["AccessName"] for one in shares(vm)]
    assert [one["writable"] for one in told["mounts"]] == [False, True]
    assert "<<'PYTHON'" in rest and "def mount_all" in rest and "@mounts.py@" not in rest
    vm.call("Stop")


def on_a_computer(case):
    def run():
        with Computer() as pc:
            case(pc)
    run.__name__ = case.__name__
    return run


if __name__ == "__main__":
    if not plan9.find_program():
        skip_all("diod, which serves shares in the double, is not installed")
    main([on_a_computer(case) for case in (
        the_guest_finds_each_share, its_memory_is_not_saved, without_9p_there_is_no_share,
        a_start_after_a_live_snapshot_of_before_has_the_mounts, folders_that_cannot_be_shared_are_named, the_script_has_the_list)])
