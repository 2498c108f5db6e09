#!/usr/bin/env python3
"""Runs test levels on the builds they belong to, several at a time, and counts their cases.

levels.py LEVEL:PRESET…   prints for each level, when it has run on all its presets: what ctest says of failures, a line for
                          each failed and each skipped case, and a closing line; at the end 'N passed, N failed, N skipped'.
                          Exit status 1 if something failed or nothing ran.

Most tests wait for something most of the time, for a VM, a deadline, Wine: what runs one after the other would leave the
processors idle. Each pair is one run of ctest, which starts in the order given: name the longest ones first. Levels that
do little but wait have a lane of their own.
"""
import collections
import concurrent.futures
import pathlib
import signal
import subprocess
import sys
import time

import report

ROOT = pathlib.Path(__file__).resolve().parent.parent
LANES = 2                                                   # pairs at a time
WAITING = {"rpc", "ctl"}                                    # levels beside those, one pair at a time
TESTS = collections.defaultdict(lambda: 3, e2e=1, check=2, interop=1, sdk=1, wsl=4)  # of a pair at a time: VMs take a processor each
running = set()                                             # ctests


def run(level, preset):
    """(cases of the level on that preset, what ctest said if that is of interest, seconds)"""
    # ctest keeps a log and the tests' times where it starts: a folder for each pair, so that pairs of one build can run at once.
    build = ROOT / "build" / preset
    folder = build / "Testing" / level
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "CTestTestfile.cmake").write_text(f'subdirs("{build.as_posix()}")\n', encoding="utf-8")
    results = folder / "cases.xml"
    results.unlink(missing_ok=True)
    start = time.monotonic()
    ctest = subprocess.Popen(
        ["ctest", "--test-dir", folder, "--label-regex", f"^{level}$", "--parallel", str(TESTS[level]), "--no-tests=error",
         "--output-on-failure", "--output-junit", results, "--test-output-size-passed", "4000000",
         "--test-output-size-failed", "4000000"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace")
    running.add(ctest)
    said = ctest.communicate()[0]
    running.discard(ctest)
    cases = report.read(results) if results.exists() else report.Cases()
    if not cases.passed + len(cases.failed) + len(cases.skipped):
        cases.failed.append("no test ran")
    return cases, said if ctest.returncode else "", time.monotonic() - start


def print_level(level, runs):
    """runs: preset -> what run() gave; returns the level's cases."""
    total = report.Cases()
    for preset, (cases, said, _) in sorted(runs.items()):
        print(said, end="")
        total.add(cases, preset)
    for kind, names in (("failed", total.failed), ("skipped", total.skipped)):
        for name in names:
            print(f"{kind} {level}: {name}")
    times = ", ".join(f"{preset} {seconds:.0f} s" for preset, (_, _, seconds) in sorted(runs.items()))
    print(f"{level}: {total} ({times})", flush=True)
    return total


def run_all(lanes, pairs):
    """lanes: the executor for most pairs, and the one for levels that wait."""
    waiting = collections.Counter(level for level, _ in pairs)
    finished = collections.defaultdict(dict)
    total = report.Cases()
    started = {lanes[level in WAITING].submit(run, level, preset): (level, preset) for level, preset in pairs}
    for future in concurrent.futures.as_completed(started):
        level, preset = started[future]
        finished[level][preset] = future.result()
        waiting[level] -= 1
        if not waiting[level]:
            total.add(print_level(level, finished[level]))
    print(total)
    return 1 if total.failed or not total.passed + len(total.skipped) else 0


def main(pairs):
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    lanes = [concurrent.futures.ThreadPoolExecutor(count) for count in (LANES, 1)]
    try:
        return run_all(lanes, pairs)
    except KeyboardInterrupt:
        return 130
    finally:
        for lane in lanes:
            lane.shutdown(wait=False, cancel_futures=True)
        for ctest in list(running):
            ctest.terminate()


if __name__ == "__main__":
    sys.exit(main([tuple(pair.split(":")) for pair in sys.argv[1:]]))
