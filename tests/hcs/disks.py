#!/usr/bin/env python3
"""Virtual disks in the double: real VHDX below, children above (facts 4.3, 8, 10.2). Codes are those of Win32 where virtdisk.dll says so."""
import json
import os
import shutil
import subprocess
import uuid

from host import codes, main, refused, skip_all

if not shutil.which("qemu-img"):
    skip_all("no qemu-img")
MB = 1 << 20
NOT_FOUND, DENIED, IN_USE, EXISTS, BAD_PARAMETER, CORRUPT = 2, 5, 32, 80, 87, 1392


def info(pc, path, version=1, **more):
    return pc.disks.call("GetVirtualDiskInformation", path=path, writable=0, depth=0, version=version, no_parents=0, **more)


def opened(pc, path, writable=1, depth=1, flags=0):
    pc.disks.call("OpenVirtualDisk", path=path, writable=writable, depth=depth, flags=flags, device=3)


def merge(pc, path, begin=1, end=2, depth=2):
    pc.disks.call("MergeVirtualDisk", path=path, writable=1, depth=depth, flags=0, **{"from": begin, "to": end})


def resize(pc, path, size):
    pc.disks.call("ResizeVirtualDisk", path=path, writable=1, depth=1, flags=0, size=size)


def set_parent(pc, path, parent, no_parents=1, version=3):
    pc.disks.call("SetVirtualDiskInformation", path=path, writable=1, depth=1, no_parents=no_parents, version=version, child_depth=1, parent=parent)


def put(path, offset, text):
    """What a guest would write. QEMU finds the chain."""
    kind = "qcow2" if open(path, "rb").read(4) == b"QFI\xfb" else "vhdx"
    subprocess.run(["qemu-io", "-f", kind, "-c", f"write -P {text} {offset} 64k", path], check=True, stdout=subprocess.DEVNULL)


def holds(path, offset, text):
    kind = "qcow2" if open(path, "rb").read(4) == b"QFI\xfb" else "vhdx"
    done = subprocess.run(["qemu-io", "-r", "-f", kind, "-c", f"read -P {text} {offset} 64k", path], check=False, stdout=subprocess.PIPE)
    return done.returncode == 0 and b"verification failed" not in done.stdout


def an_empty_disk_is_a_real_vhdx(pc):
    path = pc.disk("base.vhdx", size=64 * MB)
    found = json.loads(subprocess.run(["qemu-img", "info", "--output=json", path], check=True, stdout=subprocess.PIPE).stdout)
    assert found["format"] == "vhdx" and found["virtual-size"] == 64 * MB, found
    fields = info(pc, path)
    assert (int(fields["virtual"]), int(fields["block"]), int(fields["sector"]), int(fields["subtype"])) == (64 * MB, MB, 512, 3), fields
    assert uuid.UUID(fields["identifier"]) and uuid.UUID(fields["disk_id"])


def what_is_not_created(pc):
    pc.disk("base.vhdx")
    with refused(EXISTS):
        pc.disk("base.vhdx")
    with refused(codes.VHD_PROVIDER_NOT_FOUND):
        pc.disk("base.img")
    with refused(BAD_PARAMETER):
        pc.disk("small.vhdx", size=MB)
    with refused(BAD_PARAMETER):
        pc.disk("odd.vhdx", size=64 * MB + 1)
    with refused(3):
        pc.disk("no/where.vhdx")
    with refused(NOT_FOUND):
        pc.disk("child.vhdx", parent=str(pc.root / "none.vhdx"))
    with refused(BAD_PARAMETER):
        pc.disk("child.vhdx", parent="base.vhdx")
    assert sorted(path.name for path in pc.root.glob("*.vhdx")) == ["base.vhdx"]


def what_is_not_opened(pc):
    path = pc.disk("base.vhdx")
    with refused(NOT_FOUND):
        opened(pc, str(pc.root / "none.vhdx"))
    with refused(CORRUPT):
        opened(pc, pc.file("bad.vhdx", b"x" * 70000))
    pc.mark(path, "sparse")
    with refused(codes.VHD_SYSTEM_LIMITATION):
        opened(pc, path)
    opened(pc, path, flags=0x400)
    pc.mark(path, "read-only")
    with refused(DENIED):
        opened(pc, path)
    opened(pc, path, writable=0)


def a_child_is_its_parent_until_it_is_written_to(pc):
    base = pc.disk("base.vhdx")
    put(base, 0, 1)
    child = pc.disk("child.vhdx", parent=base)
    assert holds(child, 0, 1)
    found = info(pc, child, 3)
    assert (found["parent"], found["resolved"], found["subtype"]) == (base, "1", "4"), found
    assert found["parent_identifier"] == info(pc, base)["identifier"]
    with refused(codes.VHD_INVALID_TYPE):
        info(pc, base, 3)
    put(child, MB, 2)
    assert holds(child, MB, 2) and not holds(base, MB, 2)


def a_merge_goes_into_the_parent(pc):
    base = pc.disk("base.vhdx")
    child = pc.disk("child.vhdx", parent=base)
    put(child, MB, 2)
    before = info(pc, base)["identifier"]
    with refused(DENIED):
        merge(pc, child, depth=1)
    with refused(BAD_PARAMETER):
        merge(pc, child, end=3, depth=3)
    merge(pc, child)
    assert holds(base, MB, 2) and info(pc, base)["identifier"] != before
    merge(pc, child)                    # again, as after a kill


def a_merge_in_the_middle_of_a_chain(pc):
    base = pc.disk("base.vhdx")
    middle = pc.disk("middle.vhdx", parent=base)
    put(middle, MB, 2)
    child = pc.disk("child.vhdx", parent=middle)
    put(child, 2 * MB, 3)
    merge(pc, middle)
    with refused(codes.VHD_PARENT_ID_MISMATCH):     # of middle, which is another disk's child now: it has been merged
        set_parent(pc, child, base, version=3)
    set_parent(pc, child, base, version=7)          # with the new identity
    os.unlink(middle)
    opened(pc, child)
    assert holds(child, MB, 2) and holds(child, 2 * MB, 3)


def a_parent_that_was_written_to_breaks_the_chain(pc):
    base = pc.disk("base.vhdx")
    child = pc.disk("child.vhdx", parent=base)
    put(base, 0, 1)
    with refused(codes.VHD_PARENT_ID_MISMATCH):
        opened(pc, child)
    info(pc, child, 3)


def a_parent_that_has_moved(pc):
    base = pc.disk("base.vhdx")
    put(base, 0, 1)
    child = pc.disk("child.vhdx", parent=base)
    moved = str(pc.root / "moved.vhdx")
    os.rename(base, moved)
    with refused(codes.VHD_PARENT_NOT_FOUND):
        opened(pc, child)
    assert info(pc, child, 3)["resolved"] == "0"
    opened(pc, child, flags=1)
    with refused(codes.VHD_INVALID_STATE):
        set_parent(pc, child, moved, no_parents=0)
    other = pc.disk("other.vhdx")
    with refused(codes.VHD_PARENT_ID_MISMATCH):
        set_parent(pc, child, other)
    with refused(codes.VHD_INVALID_TYPE):
        set_parent(pc, other, moved)
    set_parent(pc, child, moved)
    opened(pc, child)
    assert holds(child, 0, 1)


def growing(pc):
    base = pc.disk("base.vhdx")
    put(base, 0, 1)
    before = info(pc, base)
    resize(pc, base, 128 * MB)
    after = info(pc, base)
    assert int(after["virtual"]) == 128 * MB and after["block"] == before["block"] and holds(base, 0, 1)
    with refused(BAD_PARAMETER):
        resize(pc, base, 64 * MB)
    with refused(BAD_PARAMETER):
        resize(pc, base, 128 * MB + 1)
    child = pc.disk("child.vhdx", parent=base)
    resize(pc, child, 256 * MB)
    assert int(info(pc, child)["virtual"]) == 256 * MB
    put(child, 200 * MB, 4)
    merge(pc, child)
    assert int(info(pc, base)["virtual"]) == 256 * MB and holds(base, 200 * MB, 4) and holds(base, 0, 1)


def a_copy(pc):
    base = pc.disk("base.vhdx")
    child = pc.disk("child.vhdx", parent=base)
    put(child, MB, 2)
    copy = pc.disk("copy.vhdx", source=child)
    assert int(info(pc, copy)["subtype"]) == 3 and holds(copy, MB, 2)
    fixed = pc.disk("fixed.vhdx", source=base, flags=1)
    assert int(info(pc, fixed)["subtype"]) == 2


def a_disk_that_a_vm_has(pc):
    vm = str(uuid.uuid4())
    base = pc.disk("base.vhdx", vm)
    child = pc.disk("child.vhdx", vm, parent=base)
    scsi = {"disk": {"Attachments": {"0": {"Type": "VirtualDisk", "Path": child}}}}
    _, handle = pc.running(vm, pc.kernel_document(vm, Devices={"Scsi": scsi}))
    for path in (base, child):
        with refused(IN_USE):
            opened(pc, path)
        opened(pc, path, writable=0)
        info(pc, path)
    with refused(IN_USE):
        merge(pc, child)
    pc.ended(handle)
    merge(pc, child)


if __name__ == "__main__":
    main(__name__)
