#!/usr/bin/env python3
"""Installs, upgrades, repairs and removes the MSI under Wine, for one user and for all; what is left is compared with before.

test_msi.py INSTALLER_DIR user|machine     INSTALLER_DIR: the build's installer/, with stage/ and product.json; prints TAP

Older and newer packages are made from the same stage by the package's own maker. Wine differs from Windows in what the
cases allow for: its msiexec has no /f (REINSTALL= is the same); it tells a nested removal not that it belongs to an upgrade (so our
entry moves to the end) and carries no features over; it leaves the separator behind when it takes the last of several entries, and a
removed feature's empty folders; it cannot move a program in use out of the way.
"""
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
import tap  # noqa: E402
import computer  # noqa: E402

INSTALLER = pathlib.Path(sys.argv[1]).resolve()
SCOPE = sys.argv[2]
MACHINE = SCOPE == "machine"
ENVIRONMENT = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment" if MACHINE else r"HKCU\Environment"
OURS = r"HKLM\Software\lima-drivers" if MACHINE else r"HKCU\Software\lima-drivers"
UNINSTALL = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall"
ALL_USERS = ["ALLUSERS=1"] if MACHINE else []
OTHERS = r"C:\other drivers;D:\two"
STAGE = INSTALLER / "stage"
PRODUCT = json.loads((INSTALLER / "product.json").read_text()) if STAGE.is_dir() else {}
DRIVERS = sorted(p.name for p in (STAGE / "libexec/lima").glob("*.exe"))

# A package of somebody else's: what Windows Installer keeps for itself after any removal is there before ours comes.
FOREIGN = """<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="5B0A2F5E-3C0B-4C07-9A55-6D1B8B5C0001" Name="Foreign" Language="1033" Version="1.0.0" Manufacturer="Foreign"
           UpgradeCode="5B0A2F5E-3C0B-4C07-9A55-6D1B8B5C0002">
    <Package InstallerVersion="500" Compressed="yes" InstallScope="perUser"/>
    <Media Id="1" Cabinet="f.cab" EmbedCab="yes"/>
    <Directory Id="TARGETDIR" Name="SourceDir"><Directory Id="WindowsFolder"><Directory Id="FOREIGN" Name="foreign">
      <Component Id="C" Guid="5B0A2F5E-3C0B-4C07-9A55-6D1B8B5C0003"><File Id="F" Source="foreign.txt" KeyPath="yes"/></Component>
    </Directory></Directory></Directory>
    <Feature Id="F" Level="1"><ComponentRef Id="C"/></Feature>
  </Product>
</Wix>
"""


def make(stage, out, version):
    done = subprocess.run([sys.executable, str(SOURCE / "installer/package.py"), "--product", str(INSTALLER / "product.json"), "--stage", str(stage),
                           "--out", str(out), "--version", version], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return "{" + done.stdout.strip() + "}"


def make_foreign(folder, out):
    (folder / "foreign.txt").write_text("foreign\n")
    (folder / "foreign.wxs").write_text(FOREIGN)
    subprocess.run(["wixl", "-a", "x64", "-o", str(out), str(folder / "foreign.wxs")], check=True, capture_output=True)


class Story:
    """The cases, in order: each begins where the one before has ended."""

    def __init__(self, windows):
        self.windows = windows
        self.packages = windows.path(r"C:\packages")
        self.packages.mkdir()
        major, minor, patch = PRODUCT["version"].split(".")
        self.version = PRODUCT["version"]
        self.next = f"{major}.{minor}.{int(patch) + 1}"
        self.codes = {}
        self.make_packages()
        self.dir = ""
        self.before = None

    def make_packages(self):
        old = self.windows.folder / "old stage"
        shutil.copytree(STAGE, old)
        (old / "share/doc/lima-drivers/README.md").write_text("old\n")
        (old / "share/doc/lima-drivers/was here.md").write_text("old\n")
        self.codes["this"] = make(STAGE, self.packages / "this.msi", self.version)
        self.codes["old"] = make(old, self.packages / "old.msi", "0.0.1")
        self.codes["rebuilt"] = make(old, self.packages / "rebuilt.msi", self.version)
        self.codes["new"] = make(STAGE, self.packages / "new.msi", self.next)
        make_foreign(self.windows.folder, self.packages / "foreign.msi")

    def double_click(self):
        """With the whole user interface, of which there is none: in the same folder."""
        self.windows.run("msiexec", "/i", r"C:\packages\this.msi", *ALL_USERS)
        before = self.dir
        assert self.installed_in() == before and self.place("bin/limadrv.exe").exists(), self.dir
        self.expect(0, "/x", r"C:\packages\this.msi")
        self.nothing_left()

    def install(self, name, *more, code=0):
        return self.expect(code, "/i", rf"C:\packages\{name}.msi", *ALL_USERS, *more)

    def expect(self, code, *arguments):
        got, log = self.windows.msiexec(*arguments)
        assert got == code, f"msiexec {arguments}: exit code {got} instead of {code}\n{log[-2000:]}"
        return log

    def place(self, file):
        return self.windows.path(self.dir + file.replace("/", "\\"))

    def installed_in(self):
        self.dir = self.windows.value(OURS, "InstallDir") or ""
        return self.dir

    def environment(self, name):
        value = self.windows.value(ENVIRONMENT, name)
        return [entry for entry in (value or "").split(";") if entry]

    def products(self):
        _, output = self.windows.run("reg", "query", UNINSTALL)
        return [code for code in self.codes.values() if code in output]

    # cases

    def prepare(self):
        self.expect(0, "/i", r"C:\packages\foreign.msi", *ALL_USERS)
        self.expect(0, "/x", r"C:\packages\foreign.msi")
        self.windows.set_value(ENVIRONMENT, "LIMA_DRIVERS_PATH", OTHERS)
        self.windows.set_value(r"HKCU\Environment", "KEPT", "as it is")
        self.path = self.environment("PATH")
        self.before = self.windows.state()

    def fresh(self):
        self.install("this")
        assert self.installed_in() == (r"C:\Program Files\lima-drivers" if MACHINE else self.windows.value(r"HKCU\Volatile Environment", "LOCALAPPDATA") +
                            r"\Programs\lima-drivers") + "\\", self.dir
        for file in sorted(p.relative_to(STAGE).as_posix() for p in STAGE.rglob("*") if p.is_file()):
            sdk = file.startswith(("lib/", "include/", "share/doc/lima-drivers/example/"))
            assert self.place(file).exists() != sdk, f"{file}: {'there' if sdk else 'missing'}"
            assert sdk or self.place(file).read_bytes() == (STAGE / file).read_bytes(), f"{file}: other bytes"
        assert self.products() == [self.codes["this"]], self.products()

    def found_by_limactl(self):
        assert self.environment("LIMA_DRIVERS_PATH") == [*OTHERS.split(";"), self.dir + r"libexec\lima"], self.environment("LIMA_DRIVERS_PATH")
        assert self.environment("PATH") == [*self.path, self.dir + "bin"], self.environment("PATH")
        other = r"HKCU\Environment" if MACHINE else r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment"
        assert self.windows.value(other, "LIMA_DRIVERS_PATH") is None, "the other scope was touched"

    def told_to_windows(self):
        key = UNINSTALL + "\\" + self.codes["this"]
        for name, wanted in (("DisplayName", PRODUCT["name"]), ("DisplayVersion", self.version), ("Publisher", PRODUCT["publisher"]),
                             ("InstallLocation", self.dir), ("URLInfoAbout", PRODUCT["homepage"])):
            assert self.windows.value(key, name) == wanted, (name, self.windows.value(key, name))

    def programs_start(self):
        status, output = self.windows.run(self.dir + r"bin\limadrv.exe", "--version")
        assert status == 0 and self.version in output, (status, output)

    def repair(self):
        victim = self.place("libexec/lima/" + DRIVERS[0])
        victim.unlink()
        self.expect(0, "/i", r"C:\packages\this.msi", "REINSTALL=ALL", "REINSTALLMODE=omus")
        assert victim.read_bytes() == (STAGE / "libexec/lima" / DRIVERS[0]).read_bytes()
        self.found_by_limactl()

    def sdk(self):
        self.expect(0, "/i", r"C:\packages\this.msi", "ADDLOCAL=Sdk")
        assert self.place("include/lima/base/err.h").exists() and self.place("lib/liblimadriver.a").exists()
        self.expect(0, "/i", r"C:\packages\this.msi", "REMOVE=Sdk")
        left = [p for folder in ("include", "lib") for p in self.place(folder).rglob("*") if p.is_file()]
        assert not left, left
        assert self.place("bin/limadrv.exe").exists()

    def downgrade(self):
        before = self.windows.state()
        log = self.install("old", code=1603)
        assert "LaunchConditions. Return value 0" in log, log
        assert not (changes := self.changes(before)), changes

    def same_version(self):
        self.install("rebuilt")
        assert self.products() == [self.codes["rebuilt"]], self.products()
        assert self.place("share/doc/lima-drivers/README.md").read_text() == "old\n"
        self.expect(0, "/x", r"C:\packages\rebuilt.msi")
        self.nothing_left()

    def upgrade(self):
        self.install("old", "ADDLOCAL=Drivers,Sdk")
        mine = ";".join([OTHERS, self.dir + r"libexec\lima", r"E:\mine"])
        self.windows.set_value(ENVIRONMENT, "LIMA_DRIVERS_PATH", mine)
        self.install("this")
        assert self.products() == [self.codes["this"]], self.products()
        assert not self.place("share/doc/lima-drivers/was here.md").exists()
        assert self.place("share/doc/lima-drivers/README.md").read_bytes() == (STAGE / "share/doc/lima-drivers/README.md").read_bytes()
        entries = self.environment("LIMA_DRIVERS_PATH")
        assert sorted(entries) == sorted(mine.split(";")) and [e for e in entries if "libexec" not in e] == [*OTHERS.split(";"), r"E:\mine"], entries

    def remove_by_code(self):
        self.windows.set_value(ENVIRONMENT, "LIMA_DRIVERS_PATH", OTHERS)
        self.expect(0, "/x", self.codes["this"])
        self.nothing_left()

    def elsewhere(self):
        folder = r"C:\my tools & things\lima"
        self.install("old", rf"INSTALLDIR={folder}", "ADDLOCAL=ALL")
        assert self.installed_in() == folder + "\\"
        self.install("this")
        assert self.installed_in() == folder + "\\", "an upgrade stays where the product is"
        assert self.place("bin/limadrv.exe").exists()
        assert folder + r"\libexec\lima" in self.environment("LIMA_DRIVERS_PATH")
        (self.place("bin") / "of the user.txt").write_text("kept\n")
        self.expect(0, "/x", r"C:\packages\this.msi")
        rest = self.windows.path(r"C:\my tools & things")
        assert [p.name for p in rest.rglob("*") if p.is_file()] == ["of the user.txt"], list(rest.rglob("*"))
        shutil.rmtree(rest)
        self.nothing_left()

    def in_use(self, what):
        """A driver that runs is never ended, and is whole or gone: replaced or removed at the next start of Windows."""
        self.install("this")
        driver = self.windows.path(self.installed_in() + "libexec\\lima\\" + DRIVERS[0])
        running = self.windows.start(self.dir + "libexec\\lima\\" + DRIVERS[0], "--stdio")
        try:
            code, log = self.windows.msiexec(*what)
            assert code in (0, 3010), f"exit code {code}\n{log[-2000:]}"
            assert running.poll() is None, "the running driver was ended"
        finally:
            self.windows.run("taskkill", "/f", "/im", DRIVERS[0])
            running.stdin.close()
            running.wait(computer.LIMIT)
        return driver

    def upgrade_in_use(self):
        self.in_use(["/i", r"C:\packages\new.msi", *ALL_USERS])
        self.windows.run("wineboot", "-r")
        assert self.products() == [self.codes["new"]], self.products()
        for name in DRIVERS:
            assert self.place("libexec/lima/" + name).read_bytes() == (STAGE / "libexec/lima" / name).read_bytes()
        self.expect(0, "/x", r"C:\packages\new.msi")
        self.nothing_left()

    def remove_in_use(self):
        driver = self.in_use(["/x", r"C:\packages\this.msi"])
        self.windows.run("wineboot", "-r")
        if driver.exists():     # Wine: whole, and another round takes it
            assert driver.read_bytes() == (STAGE / "libexec/lima" / DRIVERS[0]).read_bytes(), "half a driver is left"
            self.install("this")
            self.expect(0, "/x", r"C:\packages\this.msi")
        self.nothing_left()

    def changes(self, before):
        return "\n".join(computer.differences(before, self.windows.state()))

    def nothing_left(self):
        assert self.environment("LIMA_DRIVERS_PATH") == OTHERS.split(";"), self.environment("LIMA_DRIVERS_PATH")
        self.windows.set_value(ENVIRONMENT, "LIMA_DRIVERS_PATH", OTHERS)       # Wine's separator
        if self.path:
            self.windows.set_value(ENVIRONMENT, "PATH", ";".join(self.path))
        changes = self.changes(self.before)
        assert not changes, changes


def main():
    plan = tap.Plan()
    if not PRODUCT:
        print(f"1..0 # SKIP nothing staged in {INSTALLER}: the build had no wixl and msibuild (Debian: wixl, msitools)")
        sys.exit(77)
    with computer.Computer() as windows:
        story = Story(windows)
        plan.case(f"{SCOPE}: a package of somebody else's comes and goes", story.prepare, fatal=True)
        plan.case(f"{SCOPE}: fresh install: drivers and limadrv, no SDK, in the documented folder", story.fresh, fatal=True)
        plan.case(f"{SCOPE}: LIMA_DRIVERS_PATH and PATH: our entry behind the others, in this scope only", story.found_by_limactl)
        plan.case(f"{SCOPE}: what Windows lists about it", story.told_to_windows)
        plan.case(f"{SCOPE}: limadrv starts from there", story.programs_start)
        plan.case(f"{SCOPE}: repair brings a deleted driver back and doubles no entry", story.repair)
        plan.case(f"{SCOPE}: the SDK comes and goes as a feature", story.sdk)
        plan.case(f"{SCOPE}: a downgrade is refused and changes nothing", story.downgrade)
        plan.case(f"{SCOPE}: another build of the same version replaces; after its removal nothing is left", story.same_version)
        plan.case(f"{SCOPE}: without /qn: the same", story.double_click)
        plan.case(f"{SCOPE}: upgrade: files new and gone, other entries kept in order", story.upgrade)
        plan.skip(f"{SCOPE}: upgrade: features stay as chosen", "Wine has no MigrateFeatureStates")
        plan.case(f"{SCOPE}: removal by product code leaves nothing", story.remove_by_code)
        plan.case(f"{SCOPE}: another folder: upgrades stay there, removal spares the user's files", story.elsewhere)
        plan.case(f"{SCOPE}: upgrade while a driver runs", story.upgrade_in_use)
        plan.case(f"{SCOPE}: removal while a driver runs", story.remove_in_use)
    plan.end()


if __name__ == "__main__":
    main()
