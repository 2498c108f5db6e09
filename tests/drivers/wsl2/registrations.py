#!/usr/bin/env python3
"""Images and registrations: what is imported, refused, adopted, repaired, and never touched."""
import gzip
import io
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import threading

from place import QUICK, Computer, Instance, main, rootfs, until

IMAGE = rootfs()


def tar_of(pc, entries):
    path = pc.root / "some.tar"
    with tarfile.open(path, "w") as tar:
        for name in entries:
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            tar.addfile(info, io.BytesIO())
    return path


def boots(vm):
    session = vm.start()
    assert " lima-" in vm.banner()
    vm.stop()
    assert session.last()["success"]


def image_stored_once__create_disk_again_does_nothing():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        assert (vm.dir / "image").stat().st_size < 200 and not (vm.dir / "wsl2.importing").exists()
        calls = len(pc.calls())
        vm.call("CreateDisk")
        assert len(pc.calls()) == calls
        boots(vm)


def compressed_images__streamed():
    for program in ("gzip", "xz", "bzip2", "zstd"):
        if not shutil.which(program):
            continue
        with Computer() as pc:
            packed = pc.root / "packed"
            with open(packed, "wb") as out:
                subprocess.run([program, "-1", "-c", IMAGE], stdout=out, check=True)
            vm = Instance(pc, image=packed)
            vm.create()
            assert pc.registered() == ["lima-dev"], program


def unusable_images__refused_in_words__nothing_left():
    with Computer() as pc:
        cases = {"qcow2": (b"QFI\xfb" + bytes(100000), "qcow2"), "empty": (b"", "empty"), "html": (b"<!DOCTYPE html><html>" + b" " * 9000, ""),
                 "squashfs": (b"hsqs" + bytes(100000), "squashfs"), "zip": (b"PK\3\4" + bytes(100000), ""),
                 "truncated": (gzip.compress(os.urandom(200000))[:100000], ""), "noise": (bytes(range(256)) * 1000, ""),
                 "no-root-fs": (tar_of(pc, ["a", "b"]).read_bytes(), "NOT_A_LINUX_DISTRO")}
        for number, (name, (content, word)) in enumerate(cases.items()):
            path = pc.root / "image"
            path.write_bytes(content)
            vm = Instance(pc, f"bad{number}", image=path)
            vm.start_driver()
            text = vm.fails("CreateDisk", word)
            assert "4294967295" not in text and len(text) > 60, (name, text)
            assert pc.registered() == [] and not (vm.dir / "ext4.vhdx").exists(), name
            assert not (vm.dir / "wsl2.importing").exists() and path.read_bytes() == (vm.dir / "image").read_bytes(), name
            assert vm.status() in ("Uninitialized", "Stopped"), name
            vm.call("Delete")


def no_image__said():
    with Computer() as pc:
        vm = Instance(pc)
        vm.start_driver()
        vm.fails("CreateDisk", "there is no image")


def name_of_another__never_touched():
    with Computer() as pc:
        pc.wsl("--import", "lima-dev", pc.root / "elsewhere", IMAGE, "--version", "2")
        vm = Instance(pc, image=IMAGE)
        vm.start_driver()
        vm.fails("CreateDisk", "lima-dev")
        assert vm.status() != "Running"
        vm.call("Stop")
        pc.wsl("-d", "lima-dev", "--exec", "/bin/true")
        vm.call("Stop")
        vm.call("Delete")
        assert pc.registered() == ["lima-dev"] and (pc.root / "elsewhere" / "ext4.vhdx").exists()
        assert not [call for call in pc.calls() if "--terminate" in call["argv"] or "--unregister" in call["argv"]]


def made_by_limas_own_driver__adopted():
    with Computer() as pc:
        vm = Instance(pc)
        shutil.copyfile(IMAGE, vm.dir / "basedisk")
        pc.wsl("--import", "lima-dev", vm.dir, vm.dir / "basedisk", "--version", "2")
        vm.create()
        boots(vm)
        vm.call("Delete")
        assert pc.registered() == []


def disk_without_registration__adopted():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        vm.in_guest("echo mine >/root/note")
        pc.wsl("--terminate", vm.distro)
        until(lambda: not pc.vm_runs(), "the VM's end")
        shutil.copyfile(vm.dir / "ext4.vhdx", pc.root / "kept")
        pc.wsl("--unregister", vm.distro)
        (pc.root / "kept").rename(vm.dir / "ext4.vhdx")
        vm.call("CreateDisk")
        assert vm.in_guest("cat /root/note") == "mine\n"


def renamed_instance__its_disk_is_adopted():
    with Computer() as pc:
        old = Instance(pc, "old", image=IMAGE)
        old.create()
        old.in_guest("echo mine >/root/note")
        pc.wsl("--terminate", old.distro)
        until(lambda: not pc.vm_runs(), "the VM's end")
        old.end_driver()
        new = Instance(pc, "new")
        for name in ("ext4.vhdx", "image", "wsl2.json"):
            (old.dir / name).rename(new.dir / name)
        new.create()
        assert new.in_guest("cat /root/note") == "mine\n"
        assert sorted(pc.registered()) == ["lima-new", "lima-old"]
        shutil.rmtree(old.dir)
        pc.instances.remove(old)
        again = Instance(pc, "old", image=IMAGE)    # a new instance of the old name finds a registration without a disk
        again.create()
        boots(again)


def disk_deleted_by_hand__said__not_made_anew():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        (vm.dir / "ext4.vhdx").unlink()
        assert vm.status() == "Broken"
        text = vm.fails("CreateDisk", "lima-dev")
        assert "unregister" in text, text
        vm.call("Delete")
        assert pc.registered() == []


def unregistered_by_another_program__said():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        pc.wsl("--unregister", vm.distro)
        vm.fails("CreateDisk", "unregistered by another program", "limactl delete")
        vm.call("Delete")


def killed_in_an_import__next_one_begins_again():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.start_driver()
        pc.faults("verb=import : delay-after=60000")
        caller = threading.Thread(target=lambda: vm.fails("CreateDisk"))
        caller.start()
        until(lambda: (vm.dir / "ext4.vhdx").exists(), "the import")
        vm.end_driver(signal.SIGKILL)
        caller.join()
        pc.faults()
        vm.start_driver()
        vm.call("CreateDisk")
        boots(vm)


def cancelled_import__taken_back():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.start_driver()
        pc.faults("verb=import : hang")
        vm.fails("CreateDisk", timeout=2)
        until(lambda: "CreateDisk: CANCELLED" in vm.log_text(), "the end of the import")
        assert pc.registered() == [] and not (vm.dir / "ext4.vhdx").exists()
        pc.faults()
        vm.call("CreateDisk")
        assert pc.registered() == ["lima-dev"]


def half_keys_and_odd_subkeys__do_not_disturb():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        pc.wsl("--import", "other", pc.root / "other", IMAGE, "--version", "2")
        key = pc.state / "lxss" / "{11111111-2222-3333-4444-555555555555}"
        key.mkdir()
        (key / "State").write_text("DWORD\n3")
        (pc.state / "lxss" / "AppxInstallerCache").mkdir()
        (pc.state / "lxss" / "Notifications").mkdir()
        vm.create()
        boots(vm)
        vm.call("Delete")
        assert "other" in pc.registered() and key.exists()


def shortcuts_and_terminal_profiles__removed():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        litter = [path for path in pc.root.rglob("*") if path.suffix == ".lnk" or "Fragments" in path.parts and path.is_file()]
        assert litter == [], litter


def disk_size__applied_when_wsl_lets_go():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.doc["disk"] = 20 << 30
        vm.create()
        until(lambda: not pc.vm_runs(), "the VM's end")
        vm.call("CreateDisk")
        assert "its disk has 20480 MiB" in vm.log_text(), vm.log_text()
        calls = len(pc.calls())
        vm.call("CreateDisk")
        assert len(pc.calls()) == calls
        boots(vm)


def default_distribution_and_settings__untouched():
    with Computer() as pc:
        pc.wsl("--import", "mine", pc.root / "mine", IMAGE, "--version", "2")
        default = (pc.state / "lxss" / "DefaultDistribution").read_text()
        vm = Instance(pc, image=IMAGE)
        vm.up()
        vm.stop()
        vm.call("Delete")
        assert (pc.state / "lxss" / "DefaultDistribution").read_text() == default
        assert (pc.home / ".wslconfig").read_text() == QUICK


if __name__ == "__main__":
    main([case for name, case in list(globals().items()) if "__" in name and not name.startswith("__") and callable(case)])
