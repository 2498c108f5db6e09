#!/usr/bin/env python3
"""Counts test cases in ctest's JUnit files.

report.py level LEVEL DIR   reads DIR/LEVEL.PRESET.xml, names failures and skips, prints the level's closing line
report.py total DIR         prints 'N passed, N failed, N skipped'; exit status 1 if something failed or nothing ran

A case is a CMocka test or a TAP line ('ok', 'not ok', '# SKIP why'); a program that prints neither is one case.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

CMOCKA = re.compile(r"^\[  (PASSED|FAILED|SKIPPED) *\] (\d+) test\(s\)", re.M)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (?!\d+ test)(.+)$", re.M)
CMOCKA_SKIP = re.compile(r"^skip: (.+)$", re.M)
TAP = re.compile(r"^(ok|not ok)\b[ \d]*-? ?(.*?)(?: *# *(SKIP)\S*:? *(.*))?$", re.M | re.I)
WHOLE_SKIP = re.compile(r"(?:1\.\.0 *# *skip\w*|skip(?:ped)?):? *(.+)", re.I)


def count_cases(output):
    """(passed, failed names, skips) as the program printed them; None if it prints no cases."""
    if CMOCKA.search(output):
        passed = sum(int(n) for kind, n in CMOCKA.findall(output) if kind == "PASSED")
        skipped = sum(int(n) for kind, n in CMOCKA.findall(output) if kind == "SKIPPED")
        reasons = CMOCKA_SKIP.findall(output)
        reasons += ["no reason given"] * (skipped - len(reasons))
        return passed, sorted(set(CMOCKA_FAILED.findall(output))), reasons[:skipped]
    lines = TAP.findall(output)
    if lines:
        failed = [name for state, name, skip, _ in lines if state.lower() == "not ok" and not skip]
        skips = [f"{name}: {why or 'no reason given'}" for _, name, skip, why in lines if skip]
        return len(lines) - len(failed) - len(skips), failed, skips
    return None


def read_case(case):
    name = case.get("name")
    output = case.findtext("system-out") or ""
    skipped = case.find("skipped")
    if skipped is not None and "SKIP_RETURN_CODE" in skipped.get("message", ""):
        why = WHOLE_SKIP.findall(output) or [line for line in output.splitlines() if line.strip()][-1:]
        return 0, [], [f"{name}: {why[-1] if why else 'no reason given'}"]
    passed, failed, skips = count_cases(output) or (1, [], [])
    failed = [f"{name}: {one}" for one in failed]
    if case.get("status") != "run" and not failed:      # crashed, timed out, not built, or failed without cases
        why = skipped if skipped is not None else case.find("failure")
        text = why.get("message") if why is not None else ""
        failed = [f"{name}: {text or 'crashed, timed out or ended with a bad exit status'}"]
        passed = 0 if count_cases(output) is None else passed
    return passed, failed, [f"{name}: {one}" for one in skips]


def level(name, folder):
    passed, failed, skips, presets = 0, [], [], []
    for path in sorted(folder.glob(f"{name}.*.xml")):
        preset = path.name.split(".")[1]
        presets.append(preset)
        for case in xml.parse(path).iter("testcase"):
            more_passed, more_failed, more_skips = read_case(case)
            passed += more_passed
            failed += [f"{preset}: {one}" for one in more_failed]
            skips += [f"{preset}: {one}" for one in more_skips]
    for kind, items in (("failed", failed), ("skipped", skips)):
        for item in items:
            print(f"{kind} {name}: {item}")
    print(f"{name}: {passed} passed, {len(failed)} failed, {len(skips)} skipped ({', '.join(presets)})", flush=True)
    with open(folder / "counts", "a", encoding="utf-8") as counts:
        counts.write(f"{passed} {len(failed)} {len(skips)}\n")


def total(folder):
    rows = [[int(n) for n in line.split()] for line in (folder / "counts").read_text().splitlines()]
    passed, failed, skipped = (sum(column) for column in zip(*rows))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed + skipped else 0


if __name__ == "__main__":
    if sys.argv[1] == "level":
        level(sys.argv[2], pathlib.Path(sys.argv[3]))
    else:
        sys.exit(total(pathlib.Path(sys.argv[2])))
