#!/usr/bin/env python3
"""Snapshots: with WSL's VM down and up, refused with the reason, whole or not at all, and the former state until success."""
import shutil
import signal
import threading

from place import Computer, Instance, main, rootfs, until

IMAGE = rootfs()


def write(vm, text):
    vm.computer.wsl("-d", vm.distro, "-u", "root", "--cd", "/", "--exec", "/bin/sh", "-c", f"echo {text} >/root/note; sync")
    vm.computer.wsl("--terminate", vm.distro)


def read(vm):
    text = vm.in_guest("cat /root/note").strip()
    vm.computer.wsl("--terminate", vm.distro)
    return text


def snapshot(vm, verb, tag="one"):
    vm.call(verb + "Snapshot", {"tag": tag})


def tags(vm):
    text = vm.call("ListSnapshots").get("snapshots", "")
    return [line.split()[1] for line in text.splitlines()[1:]]


def files(vm, pattern="wsl2.*"):
    own = ("wsl2.json", "wsl2.lock", "wsl2.drv.sock", "wsl2.drv.lock", "wsl2.vm.lock")
    return sorted(path.name for path in vm.dir.glob(pattern) if path.name not in own)


def guid(pc, vm):
    return next(path.parent.name for path in pc.state.glob("lxss/*/DistributionName") if path.read_text().endswith(vm.distro))


def stopped(pc, **kwargs):
    vm = Instance(pc, image=IMAGE, **kwargs)
    vm.create()
    write(vm, "before")
    return vm


def vm_down__copy_of_the_disk__applied__registration_kept():
    with Computer() as pc:
        vm = stopped(pc)
        snapshot(vm, "Create")
        assert tags(vm) == ["one"] and [name for name in files(vm) if name.endswith(".vhdx")] and len(files(vm)) == 2, files(vm)
        write(vm, "after")
        before = guid(pc, vm)
        snapshot(vm, "Apply")
        assert read(vm) == "before" and guid(pc, vm) == before
        write(vm, "later")
        snapshot(vm, "Apply")
        assert read(vm) == "before", "the snapshot itself must not have changed"
        snapshot(vm, "Create", "Two.2-x")
        assert sorted(tags(vm)) == ["Two.2-x", "one"]
        snapshot(vm, "Delete")
        snapshot(vm, "Delete", "Two.2-x")
        assert tags(vm) == [] and files(vm) == []
        session = vm.start()
        assert " lima-" in vm.banner()
        vm.stop()
        assert session.last()["success"]


def another_one_runs__archive_at_once__apply_refused_then_done():
    with Computer() as pc:
        vm, other = stopped(pc), Instance(pc, "other", image=IMAGE)
        other.up()
        write(vm, "before")                 # the VM has had its disk, and has it as long as the other runs
        snapshot(vm, "Create")
        assert [name for name in files(vm) if name.endswith(".tar")] and tags(vm) == ["one"], files(vm)
        write(vm, "after")
        vm.fails("ApplySnapshot", "lima-other", "wsl --shutdown", document={"tag": "one"})
        assert read(vm) == "after" and len(files(vm)) == 2, files(vm)
        other.stop()
        before = guid(pc, vm)
        snapshot(vm, "Apply")
        assert read(vm) == "before" and guid(pc, vm) == before
        assert sorted(pc.registered()) == ["lima-dev", "lima-other"] and len(files(vm)) == 2, files(vm)


def running__refused():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        session = vm.up()
        vm.fails("CreateSnapshot", "it runs", "limactl stop dev", document={"tag": "one"})
        assert vm.status() == "Running" and tags(vm) == []
        vm.stop()
        snapshot(vm, "Create")
        session = vm.start()
        vm.fails("ApplySnapshot", "it runs", document={"tag": "one"})
        vm.stop()
        assert session.last()["success"]


def mistakes__named():
    with Computer() as pc:
        vm = stopped(pc)
        snapshot(vm, "Create")
        vm.fails("CreateSnapshot", "there is one already", "limactl snapshot delete", document={"tag": "one"})
        for method in ("ApplySnapshot", "DeleteSnapshot"):
            vm.fails(method, "there is no such snapshot", document={"tag": "two"})
        data = next(vm.dir.glob("wsl2.snapshot.*.vhdx"))
        with open(data, "ab") as file:
            file.write(b"x")
        vm.fails("ApplySnapshot", "damaged", document={"tag": "one"})
        data.unlink()
        vm.fails("ApplySnapshot", "missing", document={"tag": "one"})
        snapshot(vm, "Delete")
        assert files(vm) == [] and read(vm) == "before"


def disk_full__nothing_left_of_it():
    with Computer() as pc:
        vm = stopped(pc)
        pc.faults("verb=export : disk-full")
        vm.fails("CreateSnapshot", "ERROR_DISK_FULL", document={"tag": "one"})
        assert files(vm) == [] and tags(vm) == []
        pc.faults()
        snapshot(vm, "Create")
        assert read(vm) == "before"


def snapshot_that_does_not_boot__former_state_is_back():
    with Computer() as pc:
        vm = stopped(pc)
        snapshot(vm, "Create")
        data = next(vm.dir.glob("wsl2.snapshot.*.vhdx"))
        size = data.stat().st_size
        data.write_bytes(b"\0" * size)
        write(vm, "after")
        vm.fails("ApplySnapshot", "does not boot", "is back", document={"tag": "one"})
        assert read(vm) == "after" and len(files(vm)) == 2, files(vm)


def killed_in_an_export__next_one_clears_it_away():
    with Computer() as pc:
        vm = stopped(pc)
        pc.faults("verb=export : delay-after=60000")
        caller = threading.Thread(target=lambda: vm.fails("CreateSnapshot", document={"tag": "one"}))
        caller.start()
        until(lambda: files(vm), "the export")
        vm.end_driver(signal.SIGKILL)
        caller.join()
        pc.faults()
        for line in pc.processes():
            assert "lima-driver" not in line, line
        vm.start_driver()
        until(lambda: not pc.running(), "rest")
        assert tags(vm) == []
        snapshot(vm, "Create")
        assert len(files(vm)) == 2 and read(vm) == "before", files(vm)


def apply_broken_off_between_the_renames__create_disk_puts_the_former_back():
    with Computer() as pc:
        vm = stopped(pc)
        until(lambda: not pc.vm_runs(), "the VM's end")
        (vm.dir / "ext4.vhdx").rename(vm.dir / "wsl2.former.vhdx")
        (vm.dir / "wsl2.new.vhdx").write_bytes(b"half")
        vm.call("CreateDisk")
        assert read(vm) == "before"
        snapshot(vm, "Create")
        assert len(files(vm)) == 2, files(vm)


def apply_broken_off_before_its_trial__create_disk_puts_the_former_back():
    with Computer() as pc:
        vm = stopped(pc)
        snapshot(vm, "Create")
        write(vm, "after")
        until(lambda: not pc.vm_runs(), "the VM's end")
        (vm.dir / "ext4.vhdx").rename(vm.dir / "wsl2.former.vhdx")
        shutil.copyfile(next(path for path in vm.dir.glob("wsl2.snapshot.*.vhdx")), vm.dir / "ext4.vhdx")
        vm.call("CreateDisk")
        assert not (vm.dir / "wsl2.former.vhdx").exists() and read(vm) == "after"
        snapshot(vm, "Apply")
        assert read(vm) == "before"


def temporary_distribution_left__cleared():
    with Computer() as pc:
        vm = stopped(pc)
        (vm.dir / "wsl2.apply").mkdir()
        pc.wsl("--import", "lima-dev..apply", vm.dir / "wsl2.apply", IMAGE, "--version", "2")
        snapshot(vm, "Create")
        assert pc.registered() == ["lima-dev"] and len(files(vm)) == 2, files(vm)
        pc.wsl("--import", "lima-dev..apply", vm.dir / "elsewhere", IMAGE, "--version", "2")
        vm.call("Delete")
        assert pc.registered() == ["lima-dev..apply"], "somebody's own"


if __name__ == "__main__":
    main([vm_down__copy_of_the_disk__applied__registration_kept, another_one_runs__archive_at_once__apply_refused_then_done, running__refused,
          mistakes__named, disk_full__nothing_left_of_it, snapshot_that_does_not_boot__former_state_is_back,
          killed_in_an_export__next_one_clears_it_away, apply_broken_off_between_the_renames__create_disk_puts_the_former_back,
          apply_broken_off_before_its_trial__create_disk_puts_the_former_back, temporary_distribution_left__cleared])
