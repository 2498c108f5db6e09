#!/usr/bin/env python3
"""limadrv run without a real guest: the example driver's VM is a sleeping process, so SSH never answers."""
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import time

from place import EXAMPLE, check, main, processes, until


def guest(place):
    folder = place.root / "guest ü"
    folder.mkdir()
    (folder / "disk.qcow2").write_bytes(b"QFI\xfb\0\0\0\3" + bytes(16) + (1 << 20).to_bytes(8, "big") + b"x" * 5000)
    (folder / "vmlinuz").write_bytes(b"kernel")
    (folder / "initrd").write_bytes(b"initrd")
    return folder


def untouched(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def await_ssh_wait(child):
    """Until the VM runs and is tried."""
    assert any("Waiting for SSH" in line for line in child.stderr)


def timeout_cleans_up(place):
    folder = guest(place)
    before = untouched(folder)
    done = check(place.run("run", folder, "--driver", EXAMPLE, "--timeout", "1s", "--", "true"), 1, "Preparing...", "Booting...",
                 "Waiting for SSH...", "no SSH in the guest within 1 s", "Stopped")
    assert done.stdout == ""
    assert place.leftovers() == [] and untouched(folder) == before
    assert not (place.root / "ssh.log").exists()    # it lives in the machine's folder


def interrupt_cleans_up(place):
    with place.start("run", guest(place), "--driver", EXAMPLE) as child:
        await_ssh_wait(child)
        child.send_signal(signal.SIGINT)
        until(lambda: child.poll() is not None, "end after Ctrl-C")
        assert child.returncode == 130 and "interrupted" in child.stderr.read()
    assert place.leftovers() == []


def is_free(path):
    with open(path, "r+", encoding="utf-8") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def killed_run_is_cleaned_up_by_the_next(place):
    folder = guest(place)
    with place.start("run", folder, "--driver", EXAMPLE) as child:
        await_ssh_wait(child)
        child.kill()
    left = next(place.tmp.iterdir())
    # A child that it was just making has the lock until it is another program.
    until(lambda: is_free(left / "scratch.lock"), "the end of the killed run's lock")
    foreign = place.tmp / "lima-mine"
    foreign.mkdir()
    check(place.run("run", folder, "--driver", EXAMPLE, "--timeout", "1s"), 1, f"removing '{left}'")
    foreign.rmdir()     # not marked, so not touched
    until(lambda: place.leftovers() == [], "end of the killed run's driver and VM")


def driver_of_a_killed_run_may_finish(place):
    """What tells it which process is its VM lies in the folder: that stays until the driver is done."""
    left = place.tmp / "lima-left"
    left.mkdir()
    (left / "scratch.lock").touch()
    with open(left / "example.vm.lock", "w", encoding="utf-8") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        with place.start("run", guest(place), "--driver", EXAMPLE, "--timeout", "1s") as child:
            assert any(f"removing '{left}'" in line for line in child.stderr)
            time.sleep(1)
            assert left.exists()
            fcntl.lockf(lock, fcntl.LOCK_UN)
            until(lambda: not left.exists(), "removal")
            child.stderr.read()
    assert place.leftovers() == []


def runs_beside_each_other_leave_each_other_alone(place):
    folder = guest(place)
    with place.start("run", folder, "--driver", EXAMPLE) as child:
        await_ssh_wait(child)
        check(place.run("run", folder, "--driver", EXAMPLE, "--timeout", "1s"), 1, "no SSH")
        assert child.poll() is None and len(list(place.tmp.iterdir())) == 1
        child.send_signal(signal.SIGINT)
        until(lambda: child.poll() is not None, "end after Ctrl-C")
        assert child.returncode == 130
    assert place.leftovers() == []


def vm_that_dies_is_noticed(place):
    with place.start("run", guest(place), "--driver", EXAMPLE, "--keep") as child:
        await_ssh_wait(child)
        vm = next(place.tmp.glob("*/example.vm"))
        os.kill(int(vm.read_text().split()[0]), signal.SIGKILL)
        until(lambda: child.poll() is not None, "end after the VM's")
        assert child.returncode == 1 and "the VM has ended" in child.stderr.read()
    assert processes(str(place.root)) == []


def folder_is_an_instance(place):
    check(place.run("run", guest(place), "--driver", EXAMPLE, "--timeout", "1s", "--keep", "--cpus", "3", "--memory", "2GiB", "--user", "ada"), 1)
    folder = next(place.tmp.iterdir())
    assert (folder.stat().st_mode & 0o777) == 0o700
    assert (folder / "kernel").read_bytes() == b"kernel" and (folder / "initrd").read_bytes() == b"initrd"
    assert "root=/dev/vda" in (folder / "kernel.cmdline").read_text()
    reply = place.json("status", folder, "--json")
    assert reply["vm"]["status"] == "Stopped" and reply["vmType"] == "example"
    volume = (folder / "cidata.iso").read_bytes()
    assert b"LIMA_CIDATA_USER=ada\n" in volume and b"#cloud-config\n" in volume and b"ssh-authorized-keys:" in volume
    config = (folder / "lima.yaml").read_text()
    assert '"cpus": 3' in config and '"memory": "2147483648"' in config


def named_machine_is_kept(place):
    folder = guest(place)
    words = ("--driver", EXAMPLE, "--timeout", "1s", "--name", "dev")
    check(place.run("run", *words), 2, "no machine 'dev' yet")
    check(place.run("run", folder, *words), 1, "no SSH")
    machine = place.root / "own" / "dev"
    key = (machine / "user.pub").read_text()
    check(place.run("run", folder, *words), 2, "has its disk already")
    check(place.run("run", *words, "--memory", "3GiB"), 1, "no SSH")
    assert (machine / "user.pub").read_text() == key
    assert '"memory": "3221225472"' in (machine / "lima.yaml").read_text()
    assert place.leftovers() == []


def named_machine_runs_once(place):
    with place.start("run", guest(place), "--driver", EXAMPLE, "--name", "dev") as child:
        await_ssh_wait(child)
        check(place.run("run", "--driver", EXAMPLE, "--name", "dev"), 1, "in use")
        child.send_signal(signal.SIGTERM)
        until(lambda: child.poll() is not None, "end after SIGTERM")
    assert place.leftovers() == []


def mistakes_before_anything_is_made(place):
    folder = guest(place)
    for words, code, text in (
        (["/nowhere"], 1, "'/nowhere'"),
        ([], 2, "IMAGE is missing"),
        ([place.lima], 1, "no disk.qcow2"),
        ([folder, "--user", "root"], 2, "--user"),
        ([folder, "--user", "a b"], 2, "--user"),
        ([folder, "--name", "../x"], 2, "--name"),
        ([folder, "--cpus", "0"], 2, "--cpus"),
        ([folder, "--ssh-port", "70000"], 2, "--ssh-port"),
        ([folder, "--disk", "1KiB"], 2, "disks only grow"),
        ([folder, "--driver", "nowhere"], 1, "driver 'nowhere'"),
        ([folder, "uname"], 2, "stands after --"),
    ):
        driver = [] if "--driver" in words else ["--driver", EXAMPLE]
        check(place.run("run", *words, *driver), code, text)
        assert place.leftovers() == [], words
    assert not (place.root / "own").exists() or not list((place.root / "own").iterdir())


def missing_tool_is_named(place):
    tools = place.root / "tools"
    tools.mkdir()
    (tools / "ssh").symlink_to(shutil.which("ssh") or "/bin/true")
    check(place.run("run", guest(place), "--driver", EXAMPLE, env={"PATH": tools}), 1, "install the OpenSSH client", "ssh-keygen")


def long_folder_is_refused(place):
    long = place.root / ("l" * 80)
    long.mkdir()
    check(place.run("run", guest(place), "--driver", EXAMPLE, env={"TMPDIR": long}), 2, "set TMPDIR to a shorter one")
    assert list(long.iterdir()) == []


def folder_that_cannot_be_written(place):
    missing = place.root / "missing"
    check(place.run("run", guest(place), "--driver", EXAMPLE, env={"TMPDIR": missing}), 1, "missing")
    file = place.root / "file"
    file.write_text("")
    check(place.run("run", guest_again(place), "--driver", EXAMPLE, "--name", "x", env={"LIMADRV_HOME": file}), 1, "file")


def guest_again(place):
    return place.root / "guest ü"


def full_disk_is_told_and_nothing_stays(place):
    small = place.root / "small"
    small.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=False,
                                           stderr=subprocess.DEVNULL).returncode:
        print("# full disk: needs root and mount; only the message of a large image is checked")
        return
    try:
        folder = guest(place)
        with open(folder / "disk.qcow2", "r+b") as image:
            image.truncate(8 << 20)
        check(place.run("run", folder, "--driver", EXAMPLE, env={"TMPDIR": small}), 1, "are free", "TMPDIR")
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def guest_command_reaches_ssh_unchanged(place):
    """A stand-in for ssh writes down what it gets."""
    tools = place.root / "tools"
    tools.mkdir()
    for name in ("ssh-keygen", "sleep"):
        (tools / name).symlink_to(shutil.which(name))
    log = place.root / "ssh.txt"
    ssh = tools / "ssh"
    ssh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"{log}"\npwd >"{log}.pwd"\ncase "$*" in *true) exit 0 ;; esac\nexit 42\n')
    ssh.chmod(0o755)
    done = check(place.run("run", guest(place), "--driver", EXAMPLE, "--", "echo", "a b", "it's", "$HOME", env={"PATH": f"{tools}:/usr/bin:/bin"}),
                 42, "Ready", "Stopped")
    words = log.read_text().splitlines()
    assert words[-1] == r"""'echo' 'a b' 'it'\''s' '$HOME'""", words[-1]
    assert "BatchMode=yes" in words and words[words.index("--") + 1] == "127.0.0.1"
    assert pathlib.Path((place.root / "ssh.txt.pwd").read_text().strip()).parent == place.tmp
    assert done.stdout == "" and place.leftovers() == []


main([timeout_cleans_up, interrupt_cleans_up, killed_run_is_cleaned_up_by_the_next, driver_of_a_killed_run_may_finish,
      runs_beside_each_other_leave_each_other_alone, vm_that_dies_is_noticed, folder_is_an_instance, named_machine_is_kept,
      named_machine_runs_once, mistakes_before_anything_is_made, missing_tool_is_named, long_folder_is_refused,
      folder_that_cannot_be_written, full_disk_is_told_and_nothing_stays, guest_command_reaches_ssh_unchanged])
