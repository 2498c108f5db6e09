"""What an installation leaves on a real Windows: environment, registry, folders, distributions.

traces.py save        notes what is there          traces.py installed   our entry is in LIMA_DRIVERS_PATH and PATH, once each
traces.py compare     fails if anything differs from what was noted
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

NOTES = pathlib.Path(os.environ.get("RUNNER_TEMP") or tempfile.gettempdir()) / "traces.json"
KEYS = [r"HKCU\Environment", r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment", r"HKCU\Software\lima-drivers",
        r"HKLM\Software\lima-drivers", r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall",
        r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall", r"HKCU\Software\Microsoft\Windows\CurrentVersion\Lxss"]
FOLDERS = [r"%LOCALAPPDATA%\Programs", r"%ProgramFiles%", r"%APPDATA%\Microsoft\Windows\Start Menu\Programs",
           r"%LOCALAPPDATA%\Microsoft\Windows Terminal\Fragments"]


def query(*arguments):
    done = subprocess.run(["reg", "query", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60)
    return done.stdout if done.returncode == 0 else ""


def values(key, name):
    found = re.search(rf"^ +{re.escape(name)} +REG_\w+ +(.*?)\s*$", query(key, "/v", name), re.M)
    return [entry for entry in (found.group(1) if found else "").split(";") if entry]


def traces():
    found = {key: sorted(line.strip() for line in query(key).splitlines() if line.strip()) for key in KEYS}
    for folder in FOLDERS:
        place = pathlib.Path(os.path.expandvars(folder))
        found[folder] = sorted(p.name for p in place.iterdir()) if place.is_dir() else []
    return found


def save():
    NOTES.write_text(json.dumps(traces()), encoding="utf-8")


def installed():
    folder = "".join(values(r"HKCU\Software\lima-drivers", "InstallDir"))
    for name, entry in (("LIMA_DRIVERS_PATH", folder + r"libexec\lima"), ("PATH", folder + "bin")):
        entries = values(r"HKCU\Environment", name)
        if not folder or entries.count(entry) != 1:
            raise SystemExit(f"{name} holds {entries}; '{entry}' is wanted once")


def compare():
    before, after = json.loads(NOTES.read_text(encoding="utf-8")), traces()
    lines = [f"{place}: {sign} {line}" for place in before for sign, these, those in (("-", before, after), ("+", after, before))
             for line in these[place] if line not in those[place]]
    if lines:
        raise SystemExit("\n".join(["removal left a difference:", *lines]))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("save", "installed", "compare"):
        raise SystemExit(__doc__)
    {"save": save, "installed": installed, "compare": compare}[sys.argv[1]]()
