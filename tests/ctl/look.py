#!/usr/bin/env python3
"""The commands that look and change nothing: list, info, status, logs."""
import json
import os
import signal
import socket
import subprocess

from place import EXAMPLE, check, main, until


def program(path, text="#!/bin/sh\nexit 3\n", mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def found(place, *words, **env):
    """list --json, by name; of drivers below the place only."""
    reply = place.json("list", "--json", *words, env=env)["drivers"]
    return {one["name"]: one for one in reply if str(place.root) in one["path"]}


def list_takes_what_limactl_takes(place):
    folder = place.root / "drivers ü"
    program(folder / "lima-driver-good")
    program(folder / "lima-driver-with.dots")
    program(folder / "lima-driver-")
    program(folder / "lima-driver-x.exe")
    program(folder / "other")
    program(folder / "lima-driver-plain", mode=0o644)
    (folder / "lima-driver-folder").mkdir()
    (folder / "lima-driver-dangling").symlink_to("nowhere")
    drivers = found(place, "--probe=false", LIMA_DRIVERS_PATH=folder)
    assert sorted(drivers) == ["dangling", "good", "plain", "with.dots"], sorted(drivers)
    assert drivers["good"]["usable"] and drivers["with.dots"]["usable"]
    assert "not an executable" in drivers["plain"]["reason"]


def list_first_one_wins(place):
    first, second = program(place.root / "a" / "lima-driver-x"), program(place.root / "b" / "lima-driver-x")
    reply = place.json("list", "--json", "--probe=false", env={"LIMA_DRIVERS_PATH": f"{first.parent}:{second}"})["drivers"]
    ours = [one for one in reply if one["name"] == "x"]
    assert [one["path"] for one in ours] == [str(first), str(second)]
    assert ours[0]["usable"] and f"{first} comes first" in ours[1]["reason"]


def list_follows_limactl_on_path(place):
    limactl = program(place.root / "prefix" / "bin" / "limactl")
    program(place.root / "prefix" / "libexec" / "lima" / "lima-driver-qemu")
    program(place.root / "prefix" / "lib" / "lima" / "lima-driver-brew")
    link = place.root / "path" / "limactl"
    link.symlink_to(limactl)
    drivers = found(place, "--probe=false", PATH=f"{link.parent}:{os.environ['PATH']}")
    assert drivers["brew"]["usable"] and drivers["brew"]["source"] == "limactl"
    assert not drivers["qemu"]["usable"] and drivers["qemu"]["alias"] == "qemux"
    assert "has its own driver 'qemu'" in drivers["qemu"]["reason"]
    names = place.run("list", "-q", env={"PATH": f"{link.parent}:{os.environ['PATH']}"}).stdout.split()
    assert "brew" in names and "qemu" not in names


def list_missing_folder_is_a_warning(place):
    done = check(place.run("list", "--probe=false", env={"LIMA_DRIVERS_PATH": place.root / "missing"}), 0, "warning", "missing")
    assert "missing" not in done.stdout


def list_probes_both_generations(place):
    folder = place.root / "drivers"
    folder.mkdir()
    (folder / "lima-driver-mine").symlink_to(EXAMPLE)
    program(folder / "lima-driver-broken")
    drivers = found(place, LIMA_DRIVERS_PATH=folder)
    assert drivers["mine"]["serves"] == {"2.0": True, "2.1": True, "2.2": True}, drivers["mine"]
    assert drivers["mine"]["version"].count(".") == 2
    assert drivers["broken"]["serves"] == {"2.0": False, "2.1": False, "2.2": False} and drivers["broken"]["error"]
    assert place.leftovers() == []


def info_of_example(place):
    reply = place.json("info", EXAMPLE, "--json")
    assert reply["name"] == "example", reply
    text = check(place.run("info", "example"), 0).stdout
    assert "example" in text and "Features:" in text
    assert place.leftovers() == []


def info_of_unknown_driver(place):
    check(place.run("info", "nowhere"), 1, "driver 'nowhere'", "LIMA_DRIVERS_PATH")
    check(place.run("info", "/nowhere/lima-driver-x"), 1, "/nowhere/lima-driver-x", "limadrv list")
    check(place.run("info", place.root), 1, str(place.root), "a folder", "LIMA_DRIVERS_PATH")
    check(place.run("info", program(place.root / "lima-driver-plain", mode=0o644)), 1, "not executable")
    check(place.run("info", "example", env={"TMPDIR": place.root / "missing"}), 1, "TMPDIR", "missing")


def info_of_program_that_fails(place):
    bad = program(place.root / "lima-driver-bad", "#!/bin/sh\necho 'no tea left' >&2\nexit 3\n")
    check(place.run("info", bad), 1, str(bad), "no tea left")
    assert place.leftovers() == []


def status_of_stopped_instance(place):
    place.instance("one")
    reply = place.json("status", "one", "--json")
    assert reply["vm"]["status"] == "Stopped" and reply["vmType"] == "example", reply
    assert not reply["driver"]["accepting"] and not reply["hostAgent"]["alive"] and reply["advice"] == []
    text = check(place.run("status", place.lima / "one"), 0).stdout
    assert "VM:          Stopped" in text and "not running" in text


def status_tells_disagreement(place):
    with subprocess.Popen(["sleep", "600"]) as gone:
        gone.kill()
    with subprocess.Popen(["sleep", "600"]) as agent:
        place.instance("one", ha__pid=f"{agent.pid}\n", example__drv__pid=str(gone.pid), example__pid=f"{agent.pid}\n")
        done = place.run("status", "one", "--json")
        agent.kill()
    assert done.returncode == 1
    reply = json.loads(done.stdout)
    assert reply["hostAgent"] == {"pid": agent.pid, "alive": True}
    assert reply["vm"]["pid"] == 0      # a pid file that was left names a stranger
    assert any("host agent" in line and "without a VM" in line for line in reply["advice"]), reply["advice"]
    assert any("example.drv.pid" in line and "gone" in line for line in reply["advice"]), reply["advice"]


def status_of_nothing(place):
    check(place.run("status", "nobody"), 1, "instance 'nobody'", str(place.lima))
    if os.geteuid():    # root may look everywhere
        (place.root / "closed").mkdir(mode=0)
        check(place.run("status", "one", env={"LIMA_HOME": place.root / "closed"}), 1, "instance 'one'", "Permission denied")
    (place.lima / "empty").mkdir()
    check(place.run("status", place.lima / "empty"), 1, "lima.yaml")
    place.instance("bad", config="vmType: [unclosed\n")
    check(place.run("status", "bad"), 1, "lima.yaml", "line")
    place.instance("list", config="- a\n")
    check(place.run("status", "list"), 1, "not a table")


def status_of_another_users_instance(place):
    """It may not be asked, which is neither "stopped" nor "left over"."""
    if os.geteuid():
        print("# another user's instance: needs root")
        return
    folder = place.instance("one")
    for above in (place.root, place.lima, folder):
        above.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "example.drv.sock"))
        (folder / "example.drv.sock").chmod(0o600)
        server.listen()
        done = place.run("status", "one", "--driver", "true", user=65534)
    assert done.returncode == 1 and "another user's" in done.stdout and "left over" not in done.stdout, done


def status_without_driver(place):
    place.instance("one", config="vmType: gone\n")
    done = place.run("status", "one")
    assert done.returncode == 1 and "program not found" in done.stdout and "driver 'gone'" in done.stdout, done


def logs_of_instance(place):
    place.instance("one", driver__stderr__log="d1\nd2\nd3\n", serial__log="s1\n", serialv__log="v1\n", ha__stderr__log="h1\n", other__log="o1\n")
    text = check(place.run("logs", "one"), 0).stdout
    for line in ("d1", "d3", "s1", "v1", "h1", "serialv.log <=="):
        assert line in text, line
    assert "o1" not in text
    assert place.run("logs", "one", "--driver", "-n", "2").stdout.splitlines()[1:] == ["d2", "d3"]
    assert place.run("logs", "one", "--driver", "-n", "9").stdout.splitlines()[1:] == ["d1", "d2", "d3"]
    serial = place.run("logs", "one", "--serial").stdout
    assert "s1" in serial and "v1" in serial and "d1" not in serial


def logs_follow_until_interrupt(place):
    folder = place.instance("one", serial__log="old\n")
    with place.start("logs", "one", "-f") as child:
        assert child.stdout.readline().startswith("==>") and child.stdout.readline() == "old\n"
        with open(folder / "serial.log", "a", encoding="utf-8") as log:
            log.write("new\n")
        assert child.stdout.readline() == "new\n"
        (folder / "ha.stderr.log").write_text("appeared\n")
        assert child.stdout.readline() == "\n" and "ha.stderr.log" in child.stdout.readline()
        assert child.stdout.readline() == "appeared\n"
        (folder / "serial.log").unlink()
        (folder / "serial.log").write_text("again\n")
        assert child.stdout.readline() == "\n" and "serial.log" in child.stdout.readline()
        assert child.stdout.readline() == "again\n"
        child.send_signal(signal.SIGINT)
        until(lambda: child.poll() is not None, "end after Ctrl-C")
        assert child.returncode == 0, child.stderr.read()


main([list_takes_what_limactl_takes, list_first_one_wins, list_follows_limactl_on_path, list_missing_folder_is_a_warning,
      list_probes_both_generations, info_of_example, info_of_unknown_driver, info_of_program_that_fails, status_of_stopped_instance,
      status_tells_disagreement, status_of_nothing, status_of_another_users_instance, status_without_driver, logs_of_instance, logs_follow_until_interrupt])
