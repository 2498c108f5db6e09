#!/usr/bin/env python3
"""Clients that connect and go without a byte, as limactl does before each command, on a Wine that is busy: the server hears the next one.

Drivers are started, probed and asked several at a time, because what once made them deaf came from a wineserver with much to do: it
told of a connection twice, the second time after it was taken. Before that was mended, one of six rounds failed.
"""
import os
import pathlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tests/wine")]
from prefix import Prefix  # noqa: E402
from tap import Plan  # noqa: E402

BIN = pathlib.Path(os.environ["LIMA_BIN"])
CASE = "process/survives-silent-probes"
ROUNDS, AT_ONCE = 30, 5


def windows(path):
    return "Z:" + str(path).replace("/", "\\")


def probe(prefix, folder, number):
    """What the kit says of one server; empty: all is well."""
    report = folder / f"{number}.tap"
    with report.open("wb") as out:
        code = prefix.run(windows(BIN / "limadrv.exe"), "check", windows(BIN / "lima-driver-example.exe"), "--only", CASE, out=out, err=out)
    text = report.read_text(encoding="utf-8", errors="replace")
    return "" if code == 0 and f"ok 1 - {CASE}" in text else text or f"exit code {code}"


def all_are_heard(prefix, folder):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = [text for text in pool.map(lambda number: probe(prefix, folder, number), range(ROUNDS)) if text]
    assert not said, "\n".join(said)


def main():
    plan = Plan()
    with tempfile.TemporaryDirectory(prefix="pr", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        prefix = Prefix(folder / "p")
        try:
            plan.case(f"{CASE}, {ROUNDS} servers, {AT_ONCE} at a time", lambda: all_are_heard(prefix, folder))
        finally:
            prefix.close()
    plan.end()


if __name__ == "__main__":
    main()
