#!/usr/bin/env python3
"""A driver on its standard handles ends with its input, which is a pipe of the host's.

usage: stdio.py DRIVER.exe …
"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tests/wine")]
from prefix import Prefix  # noqa: E402
from tap import Plan  # noqa: E402

PATIENCE = 60


def ends_with_its_input(prefix, program):
    with prefix.start(program, "--stdio", stdin=subprocess.PIPE, err=subprocess.PIPE) as driver:
        try:
            _, said = driver.communicate(timeout=PATIENCE)
        finally:
            driver.kill()
    assert driver.returncode == 0 and b"standard input has ended" in said, (driver.returncode, said)


def main(programs):
    plan = Plan()
    with tempfile.TemporaryDirectory(prefix="stdio ü ", ignore_cleanup_errors=True) as folder:
        prefix = Prefix(pathlib.Path(folder) / "p")
        try:
            for program in programs:
                plan.case(f"{pathlib.Path(program).stem}: ends with its input", lambda: ends_with_its_input(prefix, program))
        finally:
            prefix.close()
    plan.end()


if __name__ == "__main__":
    main(sys.argv[1:])
