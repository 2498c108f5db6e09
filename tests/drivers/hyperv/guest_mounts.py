#!/usr/bin/env python3
"""The guest's half of mounts by 9p (drivers/hyperv/guest): its parts one by one, with files in the place of the guest's own, and
without a kernel that mounts."""
import errno
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import types

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from tap import Plan  # noqa: E402

GUEST = ROOT / "drivers/hyperv/guest"


class Helper(types.SimpleNamespace):
    """The functions of mounts.py, which as a program mounts at once."""

    def __init__(self, folder):
        text, found = re.subn(r"\ncode = main\(\)\n.*", "\n", (GUEST / "mounts.py").read_text(), flags=re.S)
        assert found == 1
        self.names = {"__name__": "mounts"}
        exec(compile(text, "mounts.py", "exec"), self.names)    # pylint: disable=exec-used
        self.said = []
        self.names["FSTAB"] = str(folder / "fstab")
        self.names["say"] = self.said.append

    def __getattr__(self, name):
        return self.names[name]


def lines_that_cannot_work_leave_fstab(helper, folder):
    fstab = folder / "fstab"
    kept = ["# a comment\n", "/dev/sda1 / ext4 defaults 0 1\n", "mine /x 9p ro,trans=virtio 0 0\n",
            "lima-0011223344556677 /y 9p ro,trans=tcp 0 0\n", "lima-0011223344556677 /z virtiofs rw 0 0\n", "last /q tmpfs size=1m 0 0"]
    dropped = ["lima-0011223344556677\t/a b\t9p\tro,trans=virtio,version=9p2000.L,nofail,comment=cloudconfig\t0\t0\n",
               "mount0 /srv/ü 9p rw,trans=virtio 0 0\n"]
    fstab.write_text("".join(kept[:2] + dropped + kept[2:]))
    fstab.chmod(0o640)
    helper.drop_fstab_lines()
    assert fstab.read_text() == "".join(kept) and fstab.stat().st_mode & 0o777 == 0o640
    before = fstab.stat().st_ino
    helper.drop_fstab_lines()
    assert fstab.stat().st_ino == before, "it was written without need"
    fstab.unlink()
    helper.drop_fstab_lines()
    assert not helper.said and not list(folder.iterdir()), helper.said


def an_fstab_that_stays_is_told(helper, folder):
    helper.names["FSTAB"] = str(folder / "folder")
    (folder / "folder").mkdir()
    helper.drop_fstab_lines()
    assert "keeps lines for virtio" in helper.said[0], helper.said


def the_list_is_read_from_the_script(helper, folder):
    script = folder / "script"
    script.write_bytes('#!/bin/sh\n# mounts {"port":564,"mounts":[{"point":"/a \\"b\\" ü"}]}\n# other\n'.encode())
    assert helper.read_list(script)["mounts"][0]["point"] == '/a "b" ü'


def entry(point, **more):
    return {"point": point, "tag": "t", "msize": 4096, "cache": "none", "writable": True, **more}


def each_failure_is_told_by_its_point(helper, _folder):
    held = threading.Event()

    def mount(_port, one, _until):
        if one["point"] == "/refused":
            raise ConnectionRefusedError(111, "vsock port 564 of the host: Connection refused")
        if one["point"] == "/silent":
            held.wait(60)
    helper.names.update(mount=mount, PATIENCE=0.2)
    begun = time.monotonic()
    found = helper.mount_all(564, [entry("/fine"), entry("/refused"), entry("/silent")])
    held.set()
    assert time.monotonic() - begun < 30
    assert found == {"/refused": "vsock port 564 of the host: Connection refused", "/silent": "the host did not answer within 0.2 s"}, found


def what_is_mounted_stays(helper, folder):
    def attempt(*_):
        raise AssertionError("mounted")
    helper.names.update(attempt=attempt, is_mounted=lambda _point: True)
    helper.mount(564, entry(str(folder / "a" / "ü")), 0)
    assert (folder / "a" / "ü").is_dir()


def what_may_pass_is_tried_again_until_the_end(helper, folder):
    tried = []

    def attempt(port, _one):
        tried.append(port)
        raise OSError(errors[0], "why")
    helper.names.update(attempt=attempt, is_mounted=lambda _point: len(tried) == 7, PAUSE=0.01)
    for errors, until, due in (([errno.ECONNRESET], 60, 7), ([errno.ECONNREFUSED], 0, 1), ([errno.ENOENT], 60, 1)):
        tried.clear()
        try:
            helper.mount(564, entry(str(folder / "p")), time.monotonic() + until)
            assert due == 7
        except OSError as error:
            assert due == 1 and error.errno == errors[0], error
        assert len(tried) == due, tried


def a_host_that_does_not_listen_is_named(helper, _folder):
    asked = []

    class Silent:
        def __init__(self, *_):
            pass

        def setsockopt(self, *_):
            pass

        def connect(self, where):
            asked.append(where)
            raise ConnectionResetError(errno.ECONNRESET, "reset")

        def close(self):
            asked.append("closed")
    helper.names["socket"] = types.SimpleNamespace(socket=Silent, AF_VSOCK=40, SOCK_STREAM=1, SOL_SOCKET=1, SO_SNDBUF=7, SO_RCVBUF=8)
    try:
        helper.connect(564, 4096)
        raise AssertionError("connected")
    except OSError as error:
        assert str(error).endswith("vsock port 564 of the host: reset") and error.errno == errno.ECONNRESET, error
    assert asked == [(2, 564), "closed"], asked


def without_python_it_says_so(_helper, folder):
    done = subprocess.run([shutil.which("sh"), GUEST / "mounts.sh"], env={"PATH": str(folder)}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "needs Python 3" in done.stderr and "reverse-sshfs" in done.stderr, done


def shellcheck_has_nothing_to_say(_helper, _folder):
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", GUEST / "mounts.sh"], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout


def main():
    plan = Plan()
    for case in (lines_that_cannot_work_leave_fstab, an_fstab_that_stays_is_told, the_list_is_read_from_the_script,
                 each_failure_is_told_by_its_point, what_is_mounted_stays, what_may_pass_is_tried_again_until_the_end,
                 a_host_that_does_not_listen_is_named, without_python_it_says_so, shellcheck_has_nothing_to_say):
        def run(case=case):
            with tempfile.TemporaryDirectory(prefix="guest ü ") as folder:
                case(Helper(pathlib.Path(folder)), pathlib.Path(folder))
        plan.case(case.__name__, run)
    plan.end()


if __name__ == "__main__":
    main()
