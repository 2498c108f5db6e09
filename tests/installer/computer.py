"""A computer to install on: a Wine prefix of one test's own, its registry and files as they can be compared."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "wine"))
from prefix import begin, find_wine, wineserver  # noqa: E402  pylint: disable=wrong-import-position

LIMIT = 120     # seconds; only a bug meets it
# Devices: Wine writes what it has found, and when, at each of its starts.
OWN_BUSINESS = re.compile(r"\\\\(Control\\\\Class|Control\\\\Video|Enum|NetworkCards|DeviceClasses)(\\\\|\])")


class Computer:
    """One prefix below the folder for temporary files; with-statement: its programs end and it goes."""

    def __init__(self):
        self.wine = find_wine()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lima msi ü."))
        self.prefix = self.folder / "prefix"
        self.installer_crashed = False
        self.env = dict(os.environ, WINEPREFIX=str(self.prefix), WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=")

    def __enter__(self):
        begin(self.wine, self.prefix, self.env)
        return self

    def __exit__(self, *_):
        wineserver(self.wine, "-k", self.env)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command):
        """Exit status and output; a status is what Windows programs have: 32 bits for those that start others wait for."""
        output = self.folder / "output"
        with open(output, "wb") as file:
            status = subprocess.run([self.wine, *map(str, command)], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                    env=self.env, timeout=LIMIT).returncode
        return status, output.read_text(errors="replace")

    def start(self, *command):
        return subprocess.Popen([self.wine, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=self.env)

    def msiexec(self, *arguments):
        """(exit code, log). The code as a batch file sees it: Wine's own exit status has 8 bits."""
        line = " ".join(a if re.fullmatch(r"[\w/{}*!=,-]+", a) else self.quote(a) for a in arguments)
        self.path("C:\\msi.bat").write_text(f"@msiexec {line} /qn /l*v C:\\msi.log\r\n@echo exit code %errorlevel%\r\n", encoding="utf-8")
        _, output = self.run("cmd", "/c", "C:\\msi.bat")
        if "starting debugger" in output:
            print("# Wine's msiexec crashed: one in some hundred does, when its work is done")
            self.installer_crashed = True
        found = re.search(r"exit code (-?\d+)", output)
        assert found, f"msiexec {line}: no exit code in '{output}'"
        log = self.path("C:\\msi.log").read_bytes()
        return int(found.group(1)), log.decode("utf-16" if log[:2] == b"\xff\xfe" else "utf-8", errors="replace")

    @staticmethod
    def quote(argument):
        name, equals, value = argument.partition("=")
        return f'{name}="{value}"' if equals and "\\" not in name else f'"{argument}"'

    def path(self, path):
        """The Linux path of 'C:\\…'."""
        return self.prefix / "drive_c" / path.replace("\\", "/").removeprefix("C:/")

    def value(self, key, name):
        status, output = self.run("reg", "query", key, "/v", name)
        found = re.search(rf"^ +{re.escape(name)} +REG_\w+ +(.*?)\r?$", output, re.M)
        return found.group(1) if status == 0 and found else None

    def set_value(self, key, name, value):
        status, output = self.run("reg", "add", key, "/v", name, "/t", "REG_EXPAND_SZ", "/d", value, "/f")
        assert status == 0, output

    def state(self):
        """Everything installed could leave a trace in: {what: content}. Ends the prefix's programs first, which writes the registry."""
        wineserver(self.wine, "-k", self.env)
        found = {}
        for name in ("system.reg", "user.reg", "userdef.reg"):
            found.update(registry(name, (self.prefix / name).read_text(encoding="utf-8", errors="replace")))
        for path in (self.prefix / "drive_c").rglob("*"):
            relative = str(path.relative_to(self.prefix))
            if not re.search(r"/[Tt]emp/|drive_c/msi\.(bat|log)$", relative):
                found["file " + relative] = "folder" if path.is_dir() else str(path.lstat().st_size)
        if self.installer_crashed:      # the crash of any other program shows
            found = {what: content for what, content in found.items() if r"\\Wine\\WineDbg]" not in what}
        return found


def windows(path):
    return "Z:" + str(path).replace("/", "\\")


def registry(hive, text):
    """Keys and values of one of Wine's .reg files, without times."""
    key, found = "", {}
    for line in text.replace("\\\n", "").splitlines():
        if line.startswith("["):
            key = f"{hive} {line.rsplit(' ', 1)[0]}"
            found[key] = "key"
        elif re.match(r'["@]', line):
            name, _, value = line.partition("=")
            found[f"{key} {name}"] = value
    return {k: v for k, v in found.items() if not OWN_BUSINESS.search(k)}


def differences(before, after):
    lines = [f"- {k} = {before[k]}" for k in sorted(before.keys() - after.keys())]
    lines += [f"+ {k} = {after[k]}" for k in sorted(after.keys() - before.keys())]
    return lines + [f"! {k}: {before[k]} -> {after[k]}" for k in sorted(before.keys() & after.keys()) if before[k] != after[k]]
