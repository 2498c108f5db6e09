#!/usr/bin/env python3
"""Shows that every case of `limadrv check` can fail: with WRONG=case-id the driver beside this file makes the mistake that the case is about,
and the kit must say "not ok". Without WRONG all cases must pass, and none be skipped.

test_wrong.py [CASE…]      TAP; four runs at once, which wait most of the time
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LIMADRV = pathlib.Path(os.environ["LIMA_BIN"]) / "limadrv"
DRIVER = HERE / "lima-driver-wrong"
RIGHT_ONLY = 600    # seconds for all cases on the right driver


def check(guest, only, wrong):
    """The report of one run of the kit. What killed drivers leave is gone with the guest's folder."""
    run = subprocess.run([LIMADRV, "check", DRIVER, "--format", "json", "--vm", guest, "--only", only],
                         env=dict(os.environ, WRONG=wrong, TMPDIR=guest), capture_output=True, text=True, timeout=RIGHT_ONLY, check=False)
    if run.returncode not in (0, 1) or not run.stdout:
        raise RuntimeError(f"limadrv check --only {only}: exit status {run.returncode}: {run.stderr.strip()}")
    report = json.loads(run.stdout)
    if (run.returncode == 1) != (report["failed"] > 0):
        raise RuntimeError(f"exit status {run.returncode} with {report['failed']} failed cases; {run.stderr.strip()}")
    return report["cases"]


def wrong_is_found(guest, case):
    (result,) = check(guest, case, case)
    return None if result["outcome"] == "failed" else f"the wrong driver {result['outcome']}: {result.get('text', '')}"


def main(chosen):
    number = failed = 0

    def say(ok, name, why=""):
        nonlocal number, failed
        number += 1
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {number} - {name}" + "".join(f"\n#   {line}" for line in why.splitlines()), flush=True)

    with tempfile.TemporaryDirectory() as guest, concurrent.futures.ThreadPoolExecutor(4) as pool:
        right = pool.submit(check, guest, "*", "")
        cases = chosen or list_cases()
        runs = [(case, pool.submit(wrong_is_found, guest, case)) for case in cases]
        for case, run in runs:
            why = run.result()
            say(not why, f"wrong: {case}", why or "")
        for result in right.result():
            say(result["outcome"] == "passed", f"right: {result['id']}", result.get("text", ""))
    print(f"1..{number}")
    return 1 if failed else 0


def list_cases():
    run = subprocess.run([LIMADRV, "check", "--list", DRIVER], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in run.stdout.splitlines() if line and not line.startswith(" ")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
