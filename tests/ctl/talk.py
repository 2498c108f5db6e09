#!/usr/bin/env python3
"""limadrv call: every way to a driver, and what goes wrong on it."""
import json
import signal

from place import EXAMPLE, check, main, until


def info_in_every_mode(place):
    for mode in ("auto", "inst-dir", "announce", "stdio"):
        assert place.json("call", EXAMPLE, "Info", "--mode", mode)["name"] == "example", mode
    assert place.leftovers() == []


def configure_from_argument_and_input(place):
    folder = place.instance("one")
    document = json.dumps({"name": "one", "dir": str(folder), "vmType": "example", "arch": "x86_64", "config": {"odd": 12345678901234567890}})
    for words, given in ((["Configure", document], None), (["Configure", "-"], document)):
        extra = {"input": given, "stdin": None} if given else {}
        done = check(place.run("call", EXAMPLE, *words, **extra), 0)
        assert json.loads(done.stdout)["config"]["odd"] == 12345678901234567890


def mistakes_are_told_apart(place):
    check(place.run("call", EXAMPLE, "Bogus"), 2, "no method 'Bogus'", "ListSnapshots")
    check(place.run("call", EXAMPLE, "Configure", "{"), 2, "line 1")
    check(place.run("call", EXAMPLE, "Configure", '{"name": 1}'), 1, "name", "INVALID_ARGUMENT")
    check(place.run("call", EXAMPLE, "Info", "[]"), 1, "not a JSON object", "INVALID_ARGUMENT")
    check(place.run("call", EXAMPLE, "Stop"), 1, "FAILED_PRECONDITION")
    check(place.run("call", EXAMPLE), 2, "METHOD is missing")
    check(place.run("call", EXAMPLE, "Info", "--dir", place.root / "missing"), 1, "no instance folder", "missing", "limactl list")


def start_streams_until_interrupt(place):
    folder = place.instance("one")
    with place.start("call", EXAMPLE, "Start", "--dir", folder) as child:
        assert json.loads(child.stdout.readline()) == {"success": True, "error": ""}
        assert json.loads(place.run("status", "one", "--json", "--driver", EXAMPLE).stdout)["vm"]["status"] == "Running"
        child.send_signal(signal.SIGINT)
        until(lambda: child.poll() is not None, "end after Ctrl-C")
        assert child.returncode == 130 and "interrupted" in child.stderr.read()


def live_instance_by_socket(place):
    folder = place.instance("one")
    with place.start("call", EXAMPLE, "Start", "--dir", folder) as child:
        child.stdout.readline()
        for target in ("one", folder, folder / "example.drv.sock"):
            assert place.json("call", "--socket", target, "Info")["name"] == "example", target
        check(place.run("call", "--socket", "one", "Stop"), 0)
        assert json.loads(child.stdout.readline())["success"]
        until(lambda: child.poll() is not None, "the end of the stream")
        assert json.loads(child.stdout.readline())["ended"] and child.returncode == 0


def no_live_driver(place):
    place.instance("one")
    check(place.run("call", "--socket", "one", "Info"), 1, "no driver serves 'one'", "is the instance running?")


def prep_where_there_is_nothing_to_prepare(place):
    check(place.run("prep", EXAMPLE), 1, "limadrv prep: error:", "users of this driver need nothing")
    check(place.run("prep", EXAMPLE, "--status", "--json"), 1, "users of this driver need nothing")
    check(place.run("prep", "hyperv"), 1, "driver 'hyperv' needs Windows")
    check(place.run("prep", "hyperv", "--undo"), 1, "driver 'hyperv' needs Windows")
    check(place.run("prep", "nobody"), 1, "driver 'nobody'")
    check(place.run("prep", EXAMPLE, "--status", "--user", "anna"), 2, "--status, --undo and --user")
    check(place.run("prep"), 2, "DRIVER")


main([info_in_every_mode, configure_from_argument_and_input, mistakes_are_told_apart, start_streams_until_interrupt,
      live_instance_by_socket, no_live_driver, prep_where_there_is_nothing_to_prepare])
