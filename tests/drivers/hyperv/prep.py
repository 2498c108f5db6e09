#!/usr/bin/env python3
"""limadrv prep hyperv, natively: the driver's own preparation on a group that is a folder (tests/fakes/hcs/linux/membership.c)."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from place import DRIVER, LIMADRV, main

ME, OTHER = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"


class Group:
    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="g'ü ", dir="/tmp"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def prep(self, *flags, rights="", code=0):
        env = {**os.environ, "LIMA_TEST_MEMBERS": str(self.root), "LIMA_TEST_RIGHTS": rights}
        done = subprocess.run([LIMADRV, "prep", DRIVER, *flags], env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done
        return done

    def answer(self, *flags, rights="", code=0):
        return json.loads(self.prep(*flags, "--json", rights=rights, code=code).stdout)

    def entries(self, folder):
        return sorted(path.name for path in (self.root / folder).glob("*"))

    def put(self, folder, sid, text=""):
        (self.root / folder).mkdir(exist_ok=True)
        (self.root / folder / sid).write_text(text)


def fact(answer, name):
    return [entry["value"] for entry in answer["facts"] if entry["name"] == name]


def status_tells_everything_and_changes_nothing():
    with Group() as group:
        answer = group.answer("--status")
        assert answer["ready"] and answer["next"] == "" and answer["done"] == [], answer
        assert fact(answer, "User") == ["PC\\tester"] and fact(answer, "Elevated") == ["yes"], answer
        assert fact(answer, "Windows") == ["build 22631"] and fact(answer, "Service vmcompute") == ["runs"], answer
        assert fact(answer, "Prepared") == [], answer
        assert not list(group.root.iterdir())


def status_says_the_next_step_and_is_1():
    expected = {"user": "`net localgroup \"Hyper-V-Administratoren\" \"PC\\tester\" /add`", "filtered": "'Run as administrator'",
                "next-logon": "`shutdown /l`", "no-feature": "`dism /Online", "disabled": "`sc config vmcompute", "no-hypervisor": "`bcdedit",
                "no-firmware": "`shutdown /r /fw"}
    with Group() as group:
        for rights, step in expected.items():
            answer = group.answer("--status", rights=rights, code=1)
            assert not answer["ready"] and step in answer["next"], (rights, answer)
        assert group.answer("--status", rights="member windows10")["ready"]


def networks_of_windows_are_in_nobodys_way():
    with Group() as group:
        for rights, reason in (("member", "22H2"), ("no-hns", "hns")):
            answer = group.answer("--status", rights=rights)
            assert answer["ready"] and answer["next"] == "", answer
            assert "in user space only" in fact(answer, "Networks")[0] and reason in fact(answer, "Networks")[0], answer
        assert fact(group.answer("--status"), "Networks") == ["nothing is missing"]


def people_get_lines():
    with Group() as group:
        lines = group.prep("--status", rights="user", code=1).stdout.splitlines()
        assert lines[0].split() == ["User:", "PC\\tester"], lines
        assert lines[-2].split() == ["Ready:", "no"] and lines[-1].startswith("Next step:  ") and "net localgroup" in lines[-1], lines
        first = group.prep().stdout.splitlines()[0]
        assert first == "PC\\tester is in Hyper-V Administrators now; it counts from the next log-on", first


def prep_and_undo_leave_things_as_they_were():
    with Group() as group:
        assert len(group.answer()["done"]) == 1
        assert group.entries("group") == [ME] and group.entries("noted") == [ME]
        again = group.answer()
        assert again["done"] == [] and fact(again, "Prepared") == ["PC\\tester"], again
        assert len(group.answer("--user", "other")["done"]) == 1
        assert group.entries("group") == [ME, OTHER]
        assert len(group.answer("--undo")["done"]) == 2
        assert group.entries("group") == [] and group.entries("noted") == []
        assert group.answer("--undo")["done"] == []


def a_member_of_old_stays_one():
    with Group() as group:
        group.put("group", ME)
        assert group.answer()["done"] == []
        assert group.entries("noted") == []
        group.answer("--user", "PC\\other")
        assert len(group.answer("--undo")["done"]) == 1
        assert group.entries("group") == [ME]


def without_elevation_nothing_is_changed():
    with Group() as group:
        for rights in ("user", "filtered", "member", "next-logon"):
            assert "'Run as administrator'" in group.prep(rights=rights, code=1).stderr
            assert "'Run as administrator'" in group.prep("--undo", rights=rights, code=1).stderr
        (group.root / "denied").touch()
        assert "Access is denied" in group.prep(code=1).stderr
        assert group.entries("group") == [] and group.entries("noted") == []


def unknown_users_and_wrong_usage_are_told():
    with Group() as group:
        assert "no user 'nobody'" in group.prep("--user", "nobody", code=1).stderr
        for flags in (("--status", "--undo"), ("--undo", "--user", "other"), ("--status", "--user", "other")):
            assert "only one of" in group.prep(*flags, code=2).stderr
        assert not list(group.root.iterdir())


def a_failure_leaves_no_note():
    with Group() as group:
        (group.root / "fail-add").touch()
        assert "does not answer" in group.prep(code=1).stderr
        assert group.entries("group") == [] and group.entries("noted") == []


def broken_off_after_the_note_it_can_be_gone_on_with_or_undone():
    with Group() as group:
        group.put("noted", ME, "PC\\tester")
        assert group.answer("--undo")["done"] == []
        assert group.entries("noted") == []
        group.put("noted", ME, "PC\\tester")
        assert len(group.answer()["done"]) == 1
        assert group.entries("group") == [ME] and group.entries("noted") == [ME]


def an_undo_that_fails_can_be_tried_again():
    with Group() as group:
        group.answer()
        group.answer("--user", "other")
        (group.root / "denied").touch()
        assert "Access is denied" in group.prep("--undo", code=1).stderr
        assert group.entries("group") == [ME, OTHER] and group.entries("noted") == [ME, OTHER]
        (group.root / "denied").unlink()
        assert len(group.answer("--undo")["done"]) == 2


def the_driver_refuses_requests_that_are_none():
    with Group() as group:
        for text, said in (("", "input of --prep"), ("[]", "action ''"), ('{"action":"explode"}', "'explode'"),
                           ('{"action":"undo","user":"other"}', "'user'")):
            env = {**os.environ, "LIMA_TEST_MEMBERS": str(group.root)}
            done = subprocess.run([DRIVER, "--prep"], env=env, input=text, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 1 and said in done.stderr and done.stdout == "", done


if __name__ == "__main__":
    main([status_tells_everything_and_changes_nothing, status_says_the_next_step_and_is_1, networks_of_windows_are_in_nobodys_way, people_get_lines,
          prep_and_undo_leave_things_as_they_were, a_member_of_old_stays_one, without_elevation_nothing_is_changed,
          unknown_users_and_wrong_usage_are_told, a_failure_leaves_no_note, broken_off_after_the_note_it_can_be_gone_on_with_or_undone,
          an_undo_that_fails_can_be_tried_again, the_driver_refuses_requests_that_are_none])
