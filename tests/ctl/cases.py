#!/usr/bin/env python3
"""limadrv check as a command: its list of cases, the forms it prints, its end by Ctrl-C. What the cases find is tested in tests/check."""
import json
import signal
import xml.etree.ElementTree

from place import EXAMPLE, check, main, until


def list_needs_no_driver(place):
    lines = check(place.run("check", "--list"), 0).stdout.splitlines()
    names = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert len(names) >= 40 and len(set(names)) == len(names)
    assert place.run("check", EXAMPLE, "--list").stdout.splitlines() == lines
    check(place.run("check"), 2, "which driver?")


def list_as_json_tells_the_same(place):
    cases = place.json("check", "--list", "--format", "json")["cases"]
    names = [line.split()[0] for line in place.run("check", "--list").stdout.splitlines() if not line.startswith(" ")]
    assert [case["id"] for case in cases] == names
    assert all(case["why"] and case["source"] and case["remedy"] for case in cases)
    needs = {need for case in cases for need in case["needs"]}
    assert needs == {"inst-dir", "announce", "pre-driver-action", "vm"}
    some = place.json("check", "--list", "--format", "json", "--only", "start/*")["cases"]
    assert some and all(case["id"].startswith("start/") for case in some)


def list_refuses_forms_of_results(place):
    for form in ("tap", "junit"):
        check(place.run("check", "--list", "--format", form), 2, f"no form '{form}'", "json")
    check(place.run("check", "--list", "--only", "bogus/*"), 1, "no case is called 'bogus/*'")


def list_goes_to_the_file_of_output(place):
    file = place.root / "list ü.json"
    assert check(place.run("check", "--list", "--format", "json", "--output", file), 0).stdout == ""
    assert json.loads(file.read_text(encoding="utf-8"))["cases"]
    check(place.run("check", "--list", "--output", place.root / "missing" / "x"), 1, "cannot be written")
    check(place.run("check", "--list", "--output", "/dev/full"), 1, "'/dev/full' cannot be written")


def results_in_every_form(place):
    only = (EXAMPLE, "--only", "process/socket-*")
    assert place.run("check", *only).stdout.startswith("TAP version 13\nok 1 - process/socket-")
    assert place.json("check", *only, "--format", "json")["failed"] == 0
    suite = xml.etree.ElementTree.fromstring(check(place.run("check", *only, "--format", "junit"), 0).stdout)
    assert suite.get("failures") == "0" and suite.findall("testcase")


def interrupt_is_no_pass(place):
    with place.start("check", EXAMPLE) as child:
        assert child.stdout.readline() == "TAP version 13\n"
        child.send_signal(signal.SIGINT)
        rest = child.stdout.read()
        until(lambda: child.poll() is not None, "end after Ctrl-C")
        assert child.returncode == 130 and "interrupted" in child.stderr.read()
        assert "# SKIP the run was cancelled" in rest
    assert place.leftovers() == []


main([list_needs_no_driver, list_as_json_tells_the_same, list_refuses_forms_of_results, list_goes_to_the_file_of_output, results_in_every_form,
      interrupt_is_no_pass])
