#!/usr/bin/env python3
"""Import, unregister, export, manage (facts 10.3, 16 to 20, 30, 31; 2.7)."""
import os
import pathlib
import shutil
import subprocess
import tarfile

import computer
from computer import fcntl, read, standin_only, until

REGISTER = "Wsl/Service/RegisterDistro/"


def imports(pc, name, file, *more, folder=None, **kwargs):
    return pc.wsl("--import", name, pc.path(folder or pc.root / name), pc.path(file), "--version", "2", *more, **kwargs)


def the_first_one_becomes_the_default(pc):
    pc.make("lima-b"), pc.make("lima-a")
    assert pc.names()[0] == "lima-b"
    pc.wsl("--unregister", "lima-b").ok()
    assert pc.wsl("--list", "--verbose").ok().lines[1].startswith("* lima-a")


@standin_only
def values_of_the_registration(pc):
    pc.make()
    found = {name: pc.value("lima-a", name) for name in ("State", "Version", "Flags", "DefaultUid", "Modern", "RunOOBE", "VhdFileName")}
    assert found == {"State": "1", "Version": "2", "Flags": "15", "DefaultUid": "0", "Modern": "1", "RunOOBE": "0", "VhdFileName": None}
    assert pc.value("lima-a", "BasePath") == pc.path(pc.root / "lima-a")
    assert read(pc.state / "lxss/DefaultDistribution") == next((pc.state / "lxss").glob("{*")).name


@standin_only
def the_key_is_there_while_importing(pc):
    call = pc.begin("--import", "lima-a", pc.path(pc.root / "lima-a"), "-", "--version", "2")
    until(lambda: pc.value("lima-a", "State") == "3", "state 3")
    assert pc.names() == [] and pc.names("--all") == ["lima-a"]
    call.communicate(pc.little.read_bytes())
    assert call.returncode == 0 and pc.value("lima-a", "State") == "1"


@standin_only
def an_import_dies_with_its_caller(pc):
    call = pc.begin("--import", "lima-a", pc.path(pc.root / "lima-a"), "-", "--version", "2")
    until(lambda: pc.value("lima-a", "State") == "3", "state 3")
    call.kill()
    call.communicate()
    until(lambda: not (pc.root / "lima-a").exists() and pc.names("--all") == [], "everything taken back")


def one_level_of_folders_is_made_and_removed_on_failure(pc):
    deep = pc.root / "lima-x/deep"
    imports(pc, "lima-a", pc.little, folder=deep).failed("Wsl/ERROR_PATH_NOT_FOUND")
    empty = pc.root / "empty.tar"
    with tarfile.open(empty, "w"):
        pass
    imports(pc, "lima-a", empty).failed(REGISTER + "WSL_E_NOT_A_LINUX_DISTRO")
    assert not (pc.root / "lima-a").exists() and pc.names("--all") == []
    (pc.root / "lima-a").mkdir()
    (pc.root / "lima-a/mine").write_text("stays")
    imports(pc, "lima-a", empty).failed(REGISTER + "WSL_E_NOT_A_LINUX_DISTRO")
    assert [path.name for path in (pc.root / "lima-a").iterdir()] == ["mine"]


def every_compression(pc):
    tar = pc.little.read_bytes()
    for command in (["gzip"], ["xz", "-1"], ["bzip2"], ["zstd", "-q"]):
        if not shutil.which(command[0]):
            continue
        odd = pc.root / "lima-tar.whatever"
        odd.write_bytes(subprocess.run(command, input=tar, stdout=subprocess.PIPE, check=True).stdout)
        imports(pc, "lima-a", odd).ok()
        assert pc.sh("echo ok").ok().lines == ["ok"], command
        pc.wsl("--unregister", "lima-a").ok()


def archives_that_are_none(pc):
    cut = pc.root / "cut.tar"
    cut.write_bytes(pc.little.read_bytes()[:700000])
    done = imports(pc, "lima-a", cut).failed(REGISTER + "WSL_E_IMPORT_FAILED")
    assert done.raw_error
    outside = pc.root / "outside.tar"
    with tarfile.open(outside, "w") as tar:
        info = tarfile.TarInfo("etc/../../../outside")
        tar.addfile(info)
    imports(pc, "lima-a", outside).failed(REGISTER + "WSL_E_IMPORT_FAILED")
    nothing = pc.root / "nothing.tar"
    nothing.write_bytes(b"")
    imports(pc, "lima-a", nothing).failed(REGISTER + "WSL_E_NOT_A_LINUX_DISTRO")
    imports(pc, "lima-a", pc.root / "missing.tar").failed("Wsl/ERROR_FILE_NOT_FOUND")


def etc_or_a_shell_makes_a_linux(pc):
    for member, code in (("etc/x", None), ("bin/sh", None), ("usr/x", REGISTER + "WSL_E_NOT_A_LINUX_DISTRO")):
        file = pc.root / "one.tar"
        with tarfile.open(file, "w") as tar:
            tar.addfile(tarfile.TarInfo(member))
        done = imports(pc, "lima-a", file)
        if code:
            done.failed(code)
        else:
            done.ok()
            pc.wsl("--unregister", "lima-a").ok()


@standin_only
def default_version_counts_when_none_is_given(pc):
    words = ("--import", "lima-a", pc.path(pc.root / "lima-a"), pc.path(pc.little))
    pc.wsl("--set-default-version", "1").ok()
    pc.wsl(*words).ok()
    assert pc.value("lima-a", "Flags") == "7" and pc.wsl("--list", "-v").lines[1].split()[-1] == "1"
    pc.wsl("-d", "lima-a", "--exec", "true").failed("Wsl/Service/CreateInstance/WSL_E_WSL1_NOT_SUPPORTED")
    pc.wsl("--unregister", "lima-a").ok()
    shutil.rmtree(pc.root / "lima-a", ignore_errors=True)
    pc.wsl("--set-default-version", "2").ok()
    pc.wsl(*words).ok()
    assert pc.value("lima-a", "Flags") == "15"


def names_and_folders_in_use(pc):
    pc.make()
    imports(pc, "lima-a", pc.little, folder=pc.root / "lima-b").failed(REGISTER + "ERROR_ALREADY_EXISTS")
    assert not (pc.root / "lima-b").exists()
    imports(pc, "lima-b", pc.little, folder=pc.root / "lima-a").failed(REGISTER + "ERROR_FILE_EXISTS")
    (pc.root / "lima-c").mkdir()
    (pc.root / "lima-c/ext4.vhdx").write_text("something")
    imports(pc, "lima-c", pc.little).failed(REGISTER + "ERROR_FILE_EXISTS")
    assert (pc.root / "lima-c/ext4.vhdx").read_text() == "something"
    assert pc.names() == ["lima-a"]


def a_disk_needs_the_option(pc):
    pc.wsl("--import", "lima-a", pc.path(pc.root / "lima-a"), pc.path(pc.root / "x.vhdx"), "--version", "2").failed()


def disk_exported(pc, name="lima-a", file="lima-copy.vhdx"):
    pc.wsl("--shutdown").ok()
    pc.wsl("--export", name, pc.path(pc.root / file), "--format", "vhd").ok()
    return pc.root / file


def a_copied_disk_is_another_distribution(pc):
    pc.make()
    pc.sh("echo original >/mark").ok()
    file = disk_exported(pc)
    imports(pc, "lima-b", file, "--vhd").ok()
    assert (pc.root / "lima-b/lima-copy.vhdx").exists()
    pc.sh("echo changed >/mark", "lima-b").ok()
    assert pc.sh("cat /mark").ok().lines == ["original"] and pc.sh("cat /mark", "lima-b").ok().lines == ["changed"]


def a_bad_disk_shows_at_the_first_start(pc):
    bad = pc.root / "lima-bad.vhdx"
    bad.write_bytes(b"nothing of the kind" * 1000)
    imports(pc, "lima-a", bad, "--vhd").ok()
    pc.sh("true").failed("Wsl/Service/CreateInstance/WSL_E_DISK_CORRUPTED")
    pc.wsl("--import", "lima-b", pc.path(pc.root / "lima-b"), pc.path(bad), "--vhd", "--version", "1").failed(REGISTER + "WSL_E_WSL2_NEEDED")


def import_in_place(pc):
    pc.make()
    pc.sh("echo here >/mark").ok()
    file = disk_exported(pc)
    home = pc.root / "lima-place"
    home.mkdir()
    file.rename(home / "disk.vhdx")
    pc.wsl("--import-in-place", "lima-b", pc.path(home / "disk.vhdx")).ok()
    assert pc.sh("cat /mark", "lima-b").ok().lines == ["here"]
    pc.wsl("--import-in-place", "lima-c", pc.path(home / "disk.vhdx")).failed(REGISTER + "ERROR_FILE_EXISTS")
    pc.wsl("--import-in-place", "lima-c").failed("Wsl/E_INVALIDARG")
    pc.wsl("--import-in-place", "lima-c", pc.path(home / "disk.vhdx"), "more").failed("Wsl/E_INVALIDARG")
    pc.wsl("--import-in-place", "lima-c", pc.path(home / "none.vhdx")).failed("Wsl/ERROR_FILE_NOT_FOUND")


def import_in_place_keeps_a_bad_disk(pc):
    home = pc.root / "lima-place"
    home.mkdir()
    (home / "disk.vhdx").write_bytes(b"bad")
    pc.wsl("--import-in-place", "lima-c", pc.path(home / "disk.vhdx")).failed(REGISTER + "WSL_E_DISK_CORRUPTED")
    assert (home / "disk.vhdx").read_bytes() == b"bad" and pc.names("--all") == []


@standin_only
def import_in_place_of_a_disk_that_is_open_elsewhere(pc):
    pc.make()
    file = disk_exported(pc)
    home = pc.root / "lima-place"
    home.mkdir()
    file.rename(home / "disk.vhdx")
    with open(home / "disk.vhdx", "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        pc.wsl("--import-in-place", "lima-b", pc.path(home / "disk.vhdx")).failed(REGISTER + "MountDisk/HCS/ERROR_SHARING_VIOLATION")


def unregister_removes_disk_and_an_empty_folder_only(pc):
    pc.make("lima-a"), pc.make("lima-b")
    (pc.root / "lima-b/mine").write_text("stays")
    pc.sh("true", "lima-b").ok()
    pc.wsl("--unregister", "lima-a").ok(), pc.wsl("--unregister", "lima-b").ok()
    assert not (pc.root / "lima-a").exists()
    assert [path.name for path in (pc.root / "lima-b").iterdir()] == ["mine"]
    pc.wsl("--unregister", "lima-a").failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND")


@standin_only
def unregister_works_for_half_and_for_missing_ones(pc):
    pc.make("lima-a"), pc.make("lima-b")
    pc.restart()
    shutil.rmtree(pc.root / "lima-a")
    pc.wsl("--unregister", "lima-a").ok()
    key = next((pc.state / "lxss").glob("{*"))
    (key / "State").write_text("DWORD\n3")
    pc.sh("true", "lima-b").failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND")
    pc.wsl("--unregister", "lima-b").ok()
    assert pc.names("--all") == [] and not list((pc.state / "rootfs").iterdir())


@standin_only
def unregister_waits_for_a_disk_that_is_held(pc):
    pc.make()
    pc.restart(computer.QUICK + "unregisterRetry=300\n")
    disk = pc.root / "lima-a/ext4.vhdx"
    with open(disk, "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        pc.wsl("--unregister", "lima-a").failed("Wsl/Service/ERROR_SHARING_VIOLATION")
        pc.restart(computer.QUICK + "unregisterRetry=60000\n")
        call = pc.begin("--unregister", "lima-a")
        until(lambda: pc.value("lima-a", "State") == "4", "state 4")
    call.communicate()
    assert call.returncode == 0 and not disk.exists()


def orphans(pc):
    pc.make()
    pc.wsl("--shutdown").ok()
    (pc.root / "lima-a/ext4.vhdx").rename(pc.root / "lima-kept.vhdx")
    pc.sh("true").failed("Wsl/Service/CreateInstance/MountDisk/HCS/ERROR_FILE_NOT_FOUND")
    (pc.root / "lima-a").rmdir()
    pc.sh("true").failed("Wsl/Service/CreateInstance/MountDisk/HCS/ERROR_PATH_NOT_FOUND")
    pc.wsl("--unregister", "lima-a").ok()
    home = pc.root / "lima-a"
    home.mkdir()
    (pc.root / "lima-kept.vhdx").rename(home / "ext4.vhdx")
    pc.wsl("--import-in-place", "lima-a", pc.path(home / "ext4.vhdx")).ok()
    assert pc.sh("echo back").ok().lines == ["back"]


@standin_only
def litter_in_menu_and_terminal(pc):
    pc.restart(computer.QUICK.replace("shortcuts=false", "shortcuts=true"))
    before = set(pc.drive().rglob("*.lnk")) | set(pc.drive().rglob("*.json"))
    pc.make()
    found = (set(pc.drive().rglob("*.lnk")) | set(pc.drive().rglob("*.json"))) - before
    assert len(found) == 2 and pc.value("lima-a", "ShortcutPath").endswith("lima-a.lnk") and pc.value("lima-a", "TerminalProfilePath")
    pc.wsl("--unregister", "lima-a").ok()
    assert not any(path.exists() for path in found)
    tidy = pc.tar({"etc/wsl-distribution.conf": "[shortcut]\nenabled = false\n[windowsterminal]\nenabled=false\n"})
    pc.make(tar=tidy)
    assert (set(pc.drive().rglob("*.lnk")) | set(pc.drive().rglob("*.json"))) == before and pc.value("lima-a", "ShortcutPath") is None


def export_and_import_again(pc):
    pc.make()
    pc.sh("echo kept >/mark; busybox ln -s /mark /link; busybox chmod 4711 /bin/busybox").ok()
    for form in ("tar", "tar.gz", "tar.xz"):
        out = pc.root / "lima-out"
        pc.wsl("--export", "lima-a", pc.path(out), "--format", form).ok()
        magic = out.read_bytes()[:6]
        assert magic.startswith({"tar.gz": b"\x1f\x8b", "tar.xz": b"\xfd7zXZ"}.get(form, b"./"[:1])), (form, magic)
        imports(pc, "lima-b", out).ok()
        assert pc.sh("cat /link; ls -l /bin/busybox", "lima-b").ok().text.startswith("kept\n-rws--x--x")
        pc.wsl("--unregister", "lima-b").ok()


def export_ends_the_distribution(pc):
    pc.make()
    pc.sh("true").ok()
    pc.wsl("--export", "lima-a", pc.path(pc.root / "lima-out")).ok()
    assert pc.names("--running") == []


def a_failing_export_loses_the_target(pc):
    out = pc.root / "lima-out"
    out.write_text("precious")
    pc.wsl("--export", "nosuch", pc.path(out)).failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND")
    assert not out.exists()


def export_of_disks(pc):
    pc.make()
    out = pc.root / "lima-out.vhdx"
    pc.wsl("--export", "lima-a", pc.path(out), "--format", "vhd").failed("Wsl/Service/ERROR_SHARING_VIOLATION")
    pc.wsl("--export", "lima-a", pc.path(pc.root / "lima-out.tar"), "--format", "vhd").failed("Wsl/Service/WSL_E_EXPORT_FAILED")
    assert not out.exists()
    pc.wsl("--shutdown").ok()
    pc.wsl("--export", "lima-a", pc.path(out), "--vhd").ok()
    assert out.read_bytes()[:8] == b"vhdxfile"


@standin_only
def while_exporting_everything_else_is_refused(pc):
    pc.make()
    fifo = pc.state / "slow"
    os.mkfifo(fifo)
    call = pc.begin("--export", "lima-a", pc.path(fifo))
    with open(fifo, "rb") as reader:
        until(lambda: reader.read(1), "the first byte")
        assert pc.wsl("--list", "--verbose").ok().lines[1].split()[2] == "Exporting" and pc.names() == []
        for words in (["-d", "lima-a", "--exec", "true"], ["--terminate", "lima-a"], ["--unregister", "lima-a"], ["--export", "lima-a", "-"],
                      ["--manage", "lima-a", "--resize", "10GB"]):
            done = pc.wsl(*words)
            assert done.code in computer.FAILURE and (words[0] == "--export" or done.lines[-1].endswith("/E_ILLEGAL_STATE_CHANGE")), done
        reader.read()
    call.communicate()
    assert call.returncode == 0 and pc.names() == ["lima-a"]


def resize(pc):
    pc.make()
    words = ("--manage", "lima-a", "--resize")
    pc.wsl(*words, "20GB").failed("Wsl/Service/WSL_E_DISTRO_NOT_STOPPED")
    pc.wsl("--shutdown").ok()
    for bad in ("20", "20X", "GB", "-1GB", "1.5GB"):
        pc.wsl(*words, bad).failed("Wsl/E_INVALIDARG")
    pc.wsl(*words, "1K").failed("Wsl/Service/E_FAIL")
    for size in ("20GB", "30G", "21474836480B"):
        pc.wsl(*words, size).ok()
    pc.wsl("--manage", "nosuch", "--resize", "20GB").failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND")
    assert pc.sh("echo ok").ok().lines == ["ok"]


@standin_only
def a_disk_is_a_vhdx_with_its_size(pc):
    pc.make()
    pc.wsl("--shutdown").ok()
    pc.wsl("--manage", "lima-a", "--resize", "20GB").ok()
    if shutil.which("qemu-img"):
        said = subprocess.run(["qemu-img", "info", "-f", "vhdx", pc.root / "lima-a/ext4.vhdx"], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert "(21474836480 bytes)" in said, said
    assert (pc.root / "lima-a/ext4.vhdx").read_bytes()[8:28] == "WSLSIMVHD1".encode("utf-16-le")


def move(pc):
    pc.make()
    pc.sh("echo moved >/mark").ok()
    target = pc.root / "lima-x/deep"
    words = ("--manage", "lima-a", "--move", pc.path(target))
    pc.wsl(*words).failed("Wsl/Service/MoveDistro/WSL_E_DISTRO_NOT_STOPPED")
    pc.wsl("--terminate", "lima-a").ok()
    pc.wsl(*words).failed("Wsl/Service/MoveDistro/ERROR_SHARING_VIOLATION")
    pc.wsl("--shutdown").ok()
    target.mkdir(parents=True)
    (target / "ext4.vhdx").write_text("in the way")
    pc.wsl(*words).failed("Wsl/Service/MoveDistro/ERROR_FILE_EXISTS")
    shutil.rmtree(pc.root / "lima-x")
    pc.wsl(*words).ok()
    assert (target / "ext4.vhdx").exists() and pc.sh("cat /mark").ok().lines == ["moved"]


def sparse(pc):
    pc.make()
    words = ("--manage", "lima-a", "--set-sparse")
    pc.wsl(*words, "true").failed("Wsl/Service/E_INVALIDARG")
    pc.wsl(*words, "maybe").failed("Wsl/E_INVALIDARG")
    pc.sh("true").ok()
    pc.wsl(*words, "false").failed("Wsl/Service/WSL_E_DISTRO_NOT_STOPPED")
    pc.wsl("--terminate", "lima-a").ok()
    pc.wsl(*words, "false").failed("Wsl/Service/ERROR_SHARING_VIOLATION")
    pc.wsl("--shutdown").ok()
    pc.wsl(*words, "true", "--allow-unsafe").ok()
    pc.wsl(*words, "0").ok()


@standin_only
def default_user(pc):
    pc.make()
    pc.wsl("--manage", "lima-a", "--set-default-user", "ada").ok()
    assert pc.value("lima-a", "DefaultUid") == "1000"
    done = pc.wsl("--manage", "lima-a", "--set-default-user", "nobody-here")
    assert done.code == 1 and pc.value("lima-a", "DefaultUid") == "1000", done


@standin_only
def install_from_a_file(pc):
    words = ("--install", "--from-file", pc.path(pc.little), "--name", "lima-a", "--location", pc.path(pc.root / "lima-a"), "--no-launch")
    pc.wsl(*words, "--vhd-size", "60GB").ok()
    assert pc.value("lima-a", "RunOOBE") == "1" and pc.sh("echo ok").ok().lines == ["ok"]
    pc.wsl("--install", "Ubuntu").failed("Wsl/InstallDistro/WSL_E_INSTALL_PROCESS_FAILED")


def snapshot_by_copying_the_file(pc):
    pc.make()
    disk, kept = pathlib.Path(pc.root / "lima-a/ext4.vhdx"), pc.root / "lima-snapshot"
    pc.sh("echo one >/mark").ok()
    pc.wsl("--terminate", "lima-a").ok()
    shutil.copy(disk, kept)                     # attached but stopped
    pc.sh("echo two >/mark").ok()
    pc.wsl("--shutdown").ok()
    shutil.copy(kept, str(disk) + ".new")
    os.replace(str(disk) + ".new", disk)
    assert pc.sh("cat /mark").ok().lines == ["one"]
    pc.sh("echo three >/mark").ok()
    pc.wsl("--shutdown").ok()
    assert pc.sh("cat /mark").ok().lines == ["three"]


if __name__ == "__main__":
    computer.main(__name__)
