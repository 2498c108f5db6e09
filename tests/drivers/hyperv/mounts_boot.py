#!/usr/bin/env python3
"""A guest that boots for real mounts its shares by the driver's script: Debian's kernel, AF_VSOCK by way of the double."""
import os
import pathlib
import re
import shutil
import subprocess

from place import Computer, Instance, main, skip_all, until
from hcssim import plan9

GUEST = pathlib.Path(os.environ.get("LIMA_TEST_GUEST_FULL", "/nonexistent"))
DISK = 2 << 30
BOOT = 900          # seconds, without KVM, on a machine that does other things too
# What limactl's boot.sh does that matters here, and a user afterwards; each answer is a line of the console.
BOOT_SH = """#!/bin/sh
say() { echo "answer $*" >/dev/console; }    # opened anew each time: getty hangs up who has it open
printf 'lima-0011223344556677 /x 9p ro,trans=virtio,nofail 0 0\\n' >>/etc/fstab
sh "$LIMA_CIDATA_MNT/boot.Linux/03-hyperv-mounts.sh"; say first $?
sh "$LIMA_CIDATA_MNT/boot.Linux/03-hyperv-mounts.sh"; say second $?
say mounted "$(grep -c ' - 9p lima-' /proc/self/mountinfo)" fstab "$(grep -c trans=virtio /etc/fstab)"
say read "$(cat '/mnt/a b/text')"
(echo x >'/mnt/a b/new') 2>/dev/null; say read-only $?
echo 'by the guest' >/srv/ü/new; say write $?
mv /srv/ü/new /srv/ü/moved && mkdir -p /srv/ü/d && ln /srv/ü/moved /srv/ü/d/linked; say move $?
head -c 3000000 /dev/urandom >/srv/ü/big; sync; say sum "$(sha256sum </srv/ü/big | cut -c 1-64)"
su lima -c 'echo of lima >/srv/ü/hers'; say user $?
say end
"""


def make_cidata(vm, scripts, folder):
    (folder / "boot.Linux").mkdir(parents=True)
    for name, text in scripts.items():
        if name.endswith("/03-hyperv-mounts.sh"):
            (folder / name).write_text(text)
    (folder / "boot.sh").write_text(BOOT_SH)
    (folder / "boot.sh").chmod(0o755)
    (folder / "lima.env").write_text("LIMA_CIDATA_USER=lima\nLIMA_CIDATA_UID=1000\nLIMA_CIDATA_HOME=/home/lima\nLIMA_CIDATA_SHELL=/bin/bash\n")
    (folder / "meta-data").write_text("instance-id: iid-1\nlocal-hostname: lima-dev\n")
    (folder / "user-data").write_text("#cloud-config\n")
    subprocess.run(["genisoimage", "-quiet", "-V", "cidata", "-R", "-J", "-o", vm.dir / "cidata.iso", folder], check=True)


def answers(vm):
    return dict(re.findall(r"answer (\S+) ?(.*)", vm.serial()))


def told(vm):
    found = answers(vm)
    if "end" not in found:
        assert vm.status() == "Running", vm.serial()[-3000:]
        return None
    return found


def the_guest_reads_and_writes():
    with Computer(machine="qemu") as pc:
        one, two = pc.state / "c" / "first ü", pc.state / "c" / "two"
        one.mkdir(parents=True)
        two.mkdir(mode=0o777)
        two.chmod(0o777)
        (one / "text").write_text("of the host")
        vm = Instance(pc, cpus=1, disk=str(DISK), mountType="9p", mounts=[
            {"location": "C:\\first ü", "mountPoint": "/mnt/a b"}, {"location": "/c/two", "mountPoint": "/srv/ü", "writable": True}])
        for name, there in (("disk.qcow2", "image"), ("vmlinuz", "kernel"), ("initrd", "initrd")):
            shutil.copyfile(GUEST / name, vm.dir / there)
        (vm.dir / "kernel.cmdline").write_text("root=/dev/vda rw console=ttyS0 quiet mitigations=off random.trust_cpu=on\n")
        vm.doc["disk"] = DISK
        vm.start_driver()
        make_cidata(vm, vm.call("BootScripts")["scripts"], pc.root / "cidata")
        vm.up()
        found = until(lambda: told(vm), "the guest's answers", BOOT)
        due = {"first": "0", "second": "0", "mounted": "2 fstab 0", "read": "of the host", "read-only": "2", "write": "0", "move": "0", "user": "0"}
        assert {key: found.get(key) for key in due} == due, vm.serial()[-5000:]
        assert (two / "moved").read_text() == "by the guest\n" and (two / "d" / "linked").stat().st_nlink == 2
        done = subprocess.run(["sha256sum", two / "big"], capture_output=True, text=True, check=True)
        assert done.stdout[:64] == found["sum"], found
        assert [file.name for file in one.iterdir()] == ["text"] and (two / "hers").read_text() == "of lima\n"
        vm.call("Stop", timeout=BOOT)
        assert "was not shut down in order" not in vm.log_text(), vm.log_text()
        pc.empty(networks=1)


if __name__ == "__main__":
    if not (GUEST / "disk.qcow2").exists():
        skip_all("LIMA_TEST_GUEST_FULL names no guest made by `tests/guest/make-guest FOLDER full`")
    for program in ("genisoimage", "qemu-system-x86_64"):
        if not shutil.which(program):
            skip_all(f"{program} is not installed")
    if not plan9.find_program():
        skip_all("diod, which serves shares in the double, is not installed")
    main([the_guest_reads_and_writes])
