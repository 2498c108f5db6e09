#!/usr/bin/env python3
"""Every action of the fault rules, and how rules are chosen (facts 10.4)."""
import os
import pathlib
import signal
import subprocess
import time

import computer
from computer import FAILURE, QUICK, standin_only, until

CREATE = "Wsl/Service/CreateInstance/"


def took(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


@standin_only
def rules_by_verb_distribution_and_words(pc):
    pc.make("lima-a"), pc.make("lima-b")
    rules = "# a comment\n\nverb=terminate distro=LIMA-B : exit=7\nverb=list arg=--running : exit=8\n"
    assert pc.wsl("--terminate", "lima-a", rules=rules).code == 0
    assert pc.wsl("--terminate", "lima-b", rules=rules).code == 7
    assert pc.wsl("--list", "--quiet", rules=rules).code == 0
    assert pc.wsl("--list", "--quiet", "--running", rules=rules).code == 8


@standin_only
def rules_by_count(pc):
    for number, (words, wanted) in enumerate((("2", [0, 9, 0, 0]), ("2-3", [0, 9, 9, 0]), ("3+", [0, 0, 9, 9]))):
        rules = f"verb=list call={words} : exit=9 # {number}\n"
        assert [pc.wsl("--list", "--quiet", rules=rules).code for _ in range(4)] == wanted, words


@standin_only
def rules_by_chance_are_the_same_each_time(pc):
    codes = [[pc.wsl("--list", "--quiet", rules=f"prob=0.5 seed=3 : exit=9 # {turn}\n").code for _ in range(12)] for turn in range(2)]
    assert codes[0] == codes[1] and set(codes[0]) == {0, 9}


@standin_only
def actions_combine_and_the_first_of_two_counts(pc):
    done = pc.wsl("--list", "--quiet", rules="verb=list : exit=5 warn=one\n: exit=6 stdout-noise=two\n")
    assert done.code == 5 and "one" in done.error and "two" in done.text


@standin_only
def mistakes_in_rules_are_told(pc):
    for rules in ("verb=list exit=5\n", ": nosuch\n", "colour=red : hang\n", ": hang=5\n", ": encoding=latin1\n", ": access-denied\n"):
        done = pc.wsl("--list", "--quiet", rules=rules)
        assert done.code == 254 and "stand-in itself" in done.error, rules


@standin_only
def delay(pc):
    assert took(lambda: pc.wsl("--list", "-q", rules=": delay=400").ok()) >= 0.4
    assert took(lambda: pc.wsl("--list", "-q", rules=": delay-after=400").ok()) >= 0.4


@standin_only
def hang(pc):
    call = pc.begin("--list", "--quiet", rules=": hang")
    call.stdin.close()
    call.stdin = None
    time.sleep(0.5)
    assert call.poll() is None
    call.kill()
    assert call.communicate()[0] == b""
    assert pc.names() == []


@standin_only
def hang_leaves_a_grandchild(pc):
    call = pc.begin("--list", "--quiet", rules=": hang-children")
    until((pc.state / "hanging").exists, "somebody who waits for the end")
    child = until(lambda: grandchild(pc, call.pid), "a grandchild")
    os.kill(call.pid, signal.SIGKILL)
    call.wait()
    time.sleep(0.2)
    assert alive(child), "it outlives its parent"
    pc.stop()
    try:
        until(lambda: not alive(child), "it ends with the back end")
    finally:
        pc.start()


def grandchild(pc, parent):
    """A process of the front end other than the one that was started."""
    state = f"WSLSIM_STATE={pc.state}\0".encode()
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes()
            ours = b"--wslsim-hang" in words if pc.windows else words.startswith(pc.front[0].encode())
            if ours and state in (path / "environ").read_bytes() and int(path.name) != parent:
                return int(path.name)
        except OSError:
            pass
    return None


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@standin_only
def hold_lock(pc):
    call = pc.begin("--list", "--quiet", rules="arg=--quiet : hold-lock=1500")
    until(lambda: "1" if took(lambda: pc.wsl("--list", "-q", WSLSIM_FAULTS=None)) > 0.3 else None, "a list that waits")
    call.communicate()


@standin_only
def exit_after_the_normal_output(pc):
    pc.make()
    done = pc.wsl("--list", "--quiet", rules=": exit=3")
    assert done.code == 3 and done.lines == ["lima-a"]
    done = pc.sh("echo hi", rules=": exit=4294967295")
    assert done.code in FAILURE and done.lines == ["hi"]


@standin_only
def fail_with_text_and_code(pc):
    done = pc.wsl("--list", "-q", rules=": fail=WSL_E_VM_CRASHED,Service,CreateInstance", WSLSIM_LANG="fr").failed(CREATE + "WSL_E_VM_CRASHED")
    assert done.lines[-1].startswith("Code d'erreur\u00a0: ")
    pc.wsl("--list", "-q", rules=": fail=0x80190193,UpdatePackage").failed("Wsl/UpdatePackage/0x80190193")


@standin_only
def nocode(pc):
    pc.wsl("--list", "-q", rules=": fail=WSL_E_VM_CRASHED,Service nocode").failed()
    pc.wsl("--list", "-q", rules=": nocode").failed()


@standin_only
def text_only(pc):
    done = pc.wsl("--list", "--running", "--quiet", rules=": text-only=ja").ok()
    assert len(done.lines) == 1 and not done.lines[0].isascii()


@standin_only
def garbage_and_truncate(pc):
    pc.make()
    assert len(pc.wsl("--list", "--quiet", rules=": garbage=1000").raw) == 1000 + len(b"lima-a\r\n")
    assert pc.wsl("--list", "--quiet", rules=": truncate=5", WSL_UTF8=None).ok().raw == "lima-a".encode("utf-16-le")[:5]
    assert pc.sh("echo 1234567890", rules=": truncate=3").ok().raw == b"123"


@standin_only
def encodings_against_the_wish(pc):
    pc.make("lima-ab")
    wanted = {"utf16": "lima-ab\r\n".encode("utf-16-le"), "utf16bom": b"\xff\xfe" + "lima-ab\r\n".encode("utf-16-le"), "utf8": b"lima-ab\r\n",
              "cp437": b"lima-ab\r\n", "crcrlf": b"lima-ab\r\r\n"}
    for name, raw in wanted.items():
        for value in ("1", None):
            if name == "crcrlf" and value is None:
                raw = "lima-ab\r\r\n".encode("utf-16-le")
            assert pc.wsl("--list", "--quiet", rules=f": encoding={name}", WSL_UTF8=value).raw == raw, (name, value)
    assert b"?" in pc.wsl("--terminate", "x", rules=": encoding=cp437", WSLSIM_LANG="ja").raw


@standin_only
def warnings(pc):
    assert pc.wsl("--list", "-q", rules=": warn='odd things'").error == "wsl: odd things\r\n"
    assert pc.wsl("--list", "-q", rules=": warn=odd", WSL_UTF8=None).raw_error == "wsl: odd\r\n".encode("utf-16-le")
    assert pc.wsl("--list", "-q", rules=": warn-utf8=odd", WSL_UTF8=None).raw_error == b"wsl: odd\r\n"
    assert pc.wsl("--list", "-q", rules=": warn=odd", WSL_DISABLE_WARNINGS="1").error == ""


@standin_only
def noise_before_the_guest(pc):
    pc.make()
    assert pc.sh("echo 42", rules=": stdout-noise='Be welcome!'").ok().text == "Be welcome!\n42\n"


@standin_only
def stub_without_package(pc):
    pc.settings(QUICK + "keyWait=700\n")
    assert pc.wsl("--version", rules=": stub-missing").failed()             # stdin at its end
    assert pc.wsl("--version", rules=": stub-missing", stdin=b"x").failed()
    call = pc.begin("--version", rules=": stub-missing")                    # a pipe that stays open
    began = time.monotonic()
    call.wait()
    assert call.returncode in FAILURE and time.monotonic() - began >= 0.6
    call.communicate()


@standin_only
def troubles_at_boot(pc):
    pc.make()
    wanted = {"no-vmp": "CreateVm/WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED", "no-hyperv": "CreateVm/HCS/HCS_E_HYPERV_NOT_INSTALLED",
              "no-kernel": "CreateVm/WSL_E_CUSTOM_KERNEL_NOT_FOUND", "policy": "CreateVm/ERROR_ACCESS_DISABLED_BY_POLICY"}
    pc.wsl("--shutdown").ok()
    for name, code in wanted.items():
        pc.sh("true", rules=f": {name}").failed(CREATE + code)
        folder = pc.root / "lima-b"
        pc.wsl("--import", "lima-b", pc.path(folder), pc.path(pc.little), "--version", "2", rules=f": {name}").failed(
            "Wsl/Service/RegisterDistro/" + code)
        assert not folder.exists() and pc.vm() is None
    pc.sh("true").ok()
    pc.sh("true", rules=": no-vmp").ok()        # the VM is up: nothing to boot


@standin_only
def boot_timeout(pc):
    pc.make()
    pc.restart(QUICK.replace("[wsl2]\n", "[wsl2]\ndistributionStartTimeout=500\n"))
    assert took(lambda: pc.sh("true", rules=": boot-timeout").failed(CREATE + "CreateVm/HCS_E_CONNECTION_TIMEOUT")) >= 0.5


@standin_only
def uid_clash(pc):
    pc.make("lima-a"), pc.make("lima-b")
    pc.sh("true", "lima-a", user="ada").ok()
    if pc.sh("id -u", "lima-a", user="ada").lines != ["1000"]:
        return              # without root there is one user only
    assert "systemd" in pc.sh("true", "lima-b", user="ada", rules=": uid-clash").error
    assert pc.sh("true", "lima-b", user="root", rules=": uid-clash").error == ""
    assert pc.sh("true", "lima-b", user="ada", rules=": uid-clash", WSLSIM_PROFILE="2.9.5").error == ""


@standin_only
def troubles_with_the_disk(pc):
    pc.make()
    wanted = {"vhd-missing": "MountDisk/HCS/ERROR_FILE_NOT_FOUND", "vhd-corrupt": "WSL_E_DISK_CORRUPTED",
              "vhd-locked": "MountDisk/HCS/ERROR_SHARING_VIOLATION"}
    for name, code in wanted.items():
        pc.sh("true", rules=f": {name}").failed(CREATE + code)
    pc.sh("true").ok()


@standin_only
def terminate_without_effect(pc):
    pc.make()
    pc.sh("true").ok()
    pc.wsl("--terminate", "lima-a", rules=": terminate-noop").ok()
    assert pc.names("--running") == ["lima-a"]
    assert took(lambda: pc.wsl("--terminate", "lima-a", rules=": terminate-slow=500").ok()) >= 0.5
    assert pc.names("--running") == []


@standin_only
def vm_crash(pc):
    pc.make("lima-a"), pc.make("lima-b")
    other = pc.begin("-d", "lima-b", "--cd", "/", "--exec", "sleep", "1000")
    until(lambda: pc.names("--running") == ["lima-b"], "it runs")
    done = pc.sh("echo kept >/mark; sleep 1000", rules=": vm-crash=300")
    other.communicate()
    assert done.code == 1 and done.lines and other.returncode == 1
    until(lambda: pc.vm() is None and pc.names("--running") == [], "the VM is gone")
    assert pc.sh("cat /mark").ok().lines == ["kept"]


@standin_only
def external_shutdown(pc):
    pc.make()
    assert pc.sh("sleep 1000", rules=": external-shutdown=300").code == 1
    until(lambda: pc.vm() is None, "the VM is off")
    pc.sh("true").ok()


@standin_only
def state_word(pc):
    pc.make()
    assert pc.wsl("--list", "--verbose", rules=": state-word=Beendet").lines[1].split() == ["*", "lima-a", "Beendet", "2"]


@standin_only
def odd_keys(pc):
    pc.make()
    pc.wsl("--list", "-q", rules=": half-key odd-subkey").ok()
    keys = [path for path in (pc.state / "lxss").iterdir() if path.is_dir()]
    assert (pc.state / "lxss/AppxInstallerCache").is_dir() and len(keys) == 3
    half = next(path for path in keys if path.name.startswith("{") and not (path / "DistributionName").exists())
    assert [path.name for path in half.iterdir()] == ["State"] and pc.names() == ["lima-a"] == pc.names("--all")


@standin_only
def import_abort(pc):
    folder = pc.root / "lima-a"
    done = pc.wsl("--import", "lima-a", pc.path(folder), pc.path(pc.little), "--version", "2", rules=": import-abort=300000")
    done.failed("Wsl/Service/RegisterDistro/WSL_E_IMPORT_FAILED")
    assert "tar" in done.error and not folder.exists()


@standin_only
def disk_full(pc):
    folder = pc.root / "lima-a"
    pc.wsl("--import", "lima-a", pc.path(folder), pc.path(pc.little), "--version", "2", rules=": disk-full").failed(
        "Wsl/Service/RegisterDistro/ERROR_DISK_FULL")
    assert not folder.exists()
    pc.make()
    out = pc.root / "lima-out"
    pc.wsl("--export", "lima-a", pc.path(out), rules=": disk-full").failed("Wsl/Service/ExportDistro/ERROR_DISK_FULL")
    assert not out.exists()
    pc.sh("true", rules=": disk-full").failed(CREATE + "ERROR_DISK_FULL")


@standin_only
def relay_troubles(pc):
    from running import fetch, free_port, server
    pc.make()
    for rules, wanted in ((": relay-off", None), (": relay-wrong-server", b"Somebody_else"), (": relay-delay=800", b"hello")):
        pc.wsl("--shutdown").ok()
        pc.sh("true").ok()
        pc.sh("true", rules=rules).ok()
        port = free_port()
        call = server(pc, port)
        until(lambda: f":{port:04X}" in pc.sh("cat /proc/net/tcp").text, "it listens")
        began = time.monotonic()
        if wanted is None:
            time.sleep(0.5)
            assert fetch(port) == []
        else:
            until(lambda: wanted in b"".join(fetch(port)), rules)
            assert "delay" not in rules or time.monotonic() - began > 0.3
        call.kill()
        call.communicate()


@standin_only
def no_wslinfo(pc):
    pc.make()
    done = pc.wsl("-d", "lima-a", "--cd", "/", "--exec", "/bin/wslinfo", "--vm-id", rules=": no-wslinfo")
    assert done.code == 1 and b"execvpe" in done.raw_error, done
    pc.sh("/bin/wslpath 'C:\\'").ok()


@standin_only
def an_alias_that_cannot_be_run(pc):
    path = pc.root / ("lima-alias.exe" if pc.windows else "lima-alias")
    subprocess.run([computer.FAKE / "wslsimd", "alias", path], check=True)
    if not pc.windows:
        try:
            subprocess.run([path], check=False)
        except PermissionError:
            return
        raise AssertionError("it ran")


if __name__ == "__main__":
    computer.main(__name__)
