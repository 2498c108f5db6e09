"""Counts test cases in ctest's JUnit files.

A case is a CMocka test or a TAP line ('ok', 'not ok', '# SKIP why'); a program that prints neither is one case.
"""
import dataclasses
import re
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


@dataclasses.dataclass
class Cases:
    passed: int = 0
    failed: list = dataclasses.field(default_factory=list)
    skipped: list = dataclasses.field(default_factory=list)

    def add(self, more, where=""):
        prefix = f"{where}: " if where else ""
        self.passed += more.passed
        self.failed += [prefix + name for name in more.failed]
        self.skipped += [prefix + name for name in more.skipped]

    def __str__(self):
        return f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"


def read(path):
    """The cases of one JUnit file."""
    cases = Cases()
    for case in xml.parse(path).iter("testcase"):
        cases.add(Cases(*read_case(case)))
    return cases
