#!/usr/bin/env python3
"""Running guests: namespaces, tools, lifetime, the relay, the service lock (facts 10.3, 21 to 29 and 32 to 35)."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import computer
from computer import QUICK, fcntl, standin_only, until

START = "Wsl/Service/CreateInstance/"


def stopped(pc, name="lima-a"):
    return name not in pc.names("--running")


@standin_only
def the_first_command_boots_the_vm(pc):
    pc.make()
    pc.restart()
    assert pc.vm() is None
    first = pc.sh("/bin/wslinfo --vm-id -n").ok().text
    assert pc.vm()["id"] == first == first.upper() and len(first) == 36
    assert pc.vm()["attached"] == [str(pc.root / "lima-a/ext4.vhdx")]
    pc.wsl("--shutdown").ok()
    assert pc.vm() is None and pc.sh("/bin/wslinfo --vm-id").ok().text.strip() != first


def two_distributions_share_the_network_and_nothing_else(pc):
    pc.make("lima-a"), pc.make("lima-b")
    pc.sh("hostname lima-one; echo secret >/only-a; mkdir -p /mnt/wsl; echo shared >/mnt/wsl/all").ok()
    done = pc.sh("hostname; cat /only-a; cat /mnt/wsl/all; ps | busybox wc -l", "lima-b")
    assert "lima-one" not in done.text and "shared" in done.text and "secret" not in done.text, done
    spaces = [pc.sh("for n in mnt pid uts ipc net; do readlink /proc/self/ns/$n; done", name).ok().lines for name in ("lima-a", "lima-b")]
    assert [one == other for one, other in zip(*spaces)] == [False, False, False, False, True]


@standin_only
def two_distributions_fight_over_a_port(pc):
    pc.make("lima-a"), pc.make("lima-b")
    holder = server(pc, 40100)
    until(lambda: ":9CA4" in pc.sh("cat /proc/net/tcp", "lima-b").text, "the port is taken")
    done = pc.sh("httpd -f -p 127.0.0.1:40100", "lima-b")
    assert done.code and "in use" in done.error, done
    holder.kill()
    holder.communicate()


def kernel_folders(pc):
    pc.make()
    done = pc.sh("ls /dev/null /dev/ptmx /dev/pts/ptmx /proc/1/status /sys; test -w /dev/null && echo fine; echo x >/proc/sys/kernel/hostname")
    assert "fine" in done.text and done.error.count("\n") == 1, done


def drives_are_mounted(pc):
    pc.make()
    if not computer.REAL:
        (pc.drive() / "from host").write_text("seen")
        assert pc.sh("cat '/mnt/c/from host'; echo back >/mnt/c/from-guest").ok().text == "seen"
        assert (pc.drive() / "from-guest").read_text() == "back\n"


def wslpath_translates(pc):
    pc.make()
    script = 'for w in "$@"; do /bin/wslpath "$w" || echo failed; done'
    words = {"C:\\a b": "/mnt/c/a b", "c:/x": "/mnt/c/x", "C:\\ü\\漢": "/mnt/c/ü/漢", "\\\\?\\C:\\x": "/mnt/c/x", "Q:\\x": "failed",
             "\\\\server\\share": "failed", "\\\\wsl.localhost\\LIMA-A\\etc": "/etc", "\\\\wsl$\\lima-a\\": "/", "\\\\wsl$\\other\\x": "failed",
             "C:\\a:b": "/mnt/c/a\uf03ab"}
    done = pc.wsl("-d", "lima-a", "--cd", "/", "--exec", "/bin/sh", "-c", script, "sh", *words).ok()
    assert done.text.splitlines() == list(words.values()), done
    assert pc.sh("/bin/wslpath -w /mnt/c; /bin/wslpath -m /mnt/c; /bin/wslpath -w /etc/passwd; /bin/wslpath -w /none").lines == [
        "C:\\", "C:/", "\\\\wsl.localhost\\lima-a\\etc\\passwd"]
    assert pc.sh("test -e /usr/bin/wslpath").code == 1


def wslinfo_informs(pc):
    pc.make()
    done = pc.sh("/bin/wslinfo --networking-mode; /bin/wslinfo --wsl-version -n; /bin/wslinfo --nonsense; echo $?")
    assert done.lines[0] == "nat" and done.lines[1][0].isdigit() and done.lines[1].endswith("1") and done.error, done


def users(pc):
    pc.make()
    assert pc.sh("id -u", user="ada").lines in (["1000"], ["0"])        # one user only without root
    done = pc.wsl("-d", "lima-a", "-u", "nobody-here", "--cd", "/", "--exec", "true")
    assert done.code in computer.FAILURE and done.lines[-1].endswith("WSL_E_USER_NOT_FOUND"), done


def wsl_conf_is_read_at_start(pc):
    pc.make()
    pc.sh("printf '[user]\\ndefault=ada\\n[network]\\nhostname=lima-host\\n[automount]\\nroot=/drives/\\n[boot]\\ncommand=touch /booted\\n' >/etc/wsl.conf").ok()
    assert pc.sh("hostname").lines != ["lima-host"]
    pc.wsl("--terminate", "lima-a").ok()
    script = "echo $USER; hostname; while ! test -e /booted; do sleep 0.01; done; test -d /drives/c && echo drive"
    assert pc.wsl("-d", "lima-a", "--cd", "/", "--exec", "/bin/sh", "-c", script).ok().lines == ["ada", "lima-host", "drive"]
    if not pc.windows:
        assert pc.sh("/bin/wslpath 'C:\\x'").lines == ["/drives/c/x"]


def automount_off(pc):
    pc.make(tar=pc.tar({"etc/wsl.conf": "[automount]\nenabled=false\n"}))
    assert pc.sh("/bin/wslpath 'C:\\x'; ls /mnt").code == 0
    assert pc.sh("/bin/wslpath 'C:\\x'").code == 1 and "c" not in pc.sh("ls /mnt").lines


@standin_only
def idle_distributions_and_vm_stop(pc):
    pc.make()
    pc.restart(QUICK.replace("instanceIdleTimeout=-1", "instanceIdleTimeout=200").replace("vmIdleTimeout=-1", "vmIdleTimeout=400"))
    pc.sh("true").ok()
    until(lambda: stopped(pc), "stopped when idle")
    until(lambda: pc.vm() is None, "the VM off when idle")
    assert not pc.locked(pc.root / "lima-a/ext4.vhdx")


@standin_only
def what_keeps_a_distribution_alive(pc):
    pc.make(tar=pc.tar({"etc/wsl.conf": "[boot]\ncommand=sleep 1000\n"}))
    pc.restart(QUICK.replace("instanceIdleTimeout=-1", "instanceIdleTimeout=300"))
    keeper = pc.begin("-d", "lima-a", "--cd", "/", "--exec", "cat")
    until(lambda: not stopped(pc), "running")
    time.sleep(1)                       # longer than the idle time: if it counted, it would stop now
    assert not stopped(pc)
    pc.sh("setsid sh -c 'echo $$ >/daemon; exec sleep 1000' >/dev/null 2>&1 </dev/null &").ok()
    keeper.communicate(b"")
    time.sleep(1)
    assert not stopped(pc), "a descendant of a launch counts"
    pc.sh("kill $(cat /daemon)").ok()
    until(lambda: stopped(pc), "the boot command does not count")


@standin_only
def a_killed_front_end_ends_the_foreground_only(pc):
    pc.make()
    call = pc.begin("-d", "lima-a", "--cd", "/", "--exec", "/bin/sh", "-c",
                    "setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! >/daemon; echo $$ >/front; trap 'echo hup >/hup; exit' HUP; while :; do sleep 0.01; done")
    until(lambda: pc.sh("cat /front /daemon").lines[1:], "both run")
    call.kill()
    call.communicate()
    until(lambda: pc.sh("kill -0 $(cat /front)").code, "the foreground has ended")
    assert pc.sh("cat /hup").lines == ["hup"] and pc.sh("kill -0 $(cat /daemon)").code == 0


@standin_only
def a_foreground_that_ignores_the_hang_up_is_killed(pc):
    pc.make()
    call = pc.begin("-d", "lima-a", "--cd", "/", "--exec", "/bin/sh", "-c", "trap '' HUP; echo $$ >/front; while :; do sleep 0.01; done")
    until(lambda: pc.sh("cat /front").lines, "it runs")
    call.kill()
    call.communicate()
    until(lambda: pc.sh("kill -0 $(cat /front)").code, "it has ended")


def the_end_of_input_reaches_the_guest(pc):
    pc.make()
    call = pc.begin("-d", "lima-a", "--cd", "/", "--exec", "/bin/sh", "-c", "cat; echo ended")
    out, _ = call.communicate(b"input\n")
    assert out == b"input\nended\n" and call.returncode == 0


@standin_only
def terminate_ends_all_and_keeps_the_disk(pc):
    pc.make()
    call = pc.begin("-d", "lima-a", "--cd", "/", "--exec", "sleep", "1000")
    until(lambda: not stopped(pc), "running")
    began = time.monotonic()
    pc.wsl("--terminate", "lima-a").ok()
    call.communicate()
    assert call.returncode == 1 and stopped(pc) and time.monotonic() - began < computer.WAIT
    assert pc.vm()["attached"]
    assert pc.locked(pc.root / "lima-a/ext4.vhdx")
    pc.wsl("--terminate", "lima-a").ok()


@standin_only
def terminate_with_systemd_asks_first(pc):
    for systemd, mark in (("true", 0), ("false", 1)):
        pc.make(tar=pc.tar({"etc/wsl.conf": f"[boot]\nsystemd={systemd}\ninitTimeout=5000\n"}))
        script = "trap 'echo asked >/asked; exit' TERM; echo up >/up; while :; do sleep 0.01; done"
        call = pc.begin("-d", "lima-a", "--cd", "/", "--exec", "/bin/sh", "-c", script)
        until(lambda: pc.sh("cat /up").lines, "it runs")
        pc.wsl("--terminate", "lima-a").ok()
        call.communicate()
        assert pc.sh("test -e /asked").code == mark, systemd
        pc.wsl("--unregister", "lima-a").ok()


@standin_only
def shutdown_ends_the_vm_and_frees_the_disks(pc):
    pc.make("lima-a"), pc.make("lima-b")
    calls = [pc.begin("-d", name, "--cd", "/", "--exec", "sleep", "1000") for name in ("lima-a", "lima-b")]
    until(lambda: len(pc.names("--running")) == 2, "both run")
    assert pc.wsl("--shutdown").ok().raw == b""
    for call in calls:
        call.communicate()
        assert call.returncode == 1
    assert pc.vm() is None and pc.names("--running") == []
    for name in ("lima-a", "lima-b"):
        assert not pc.locked(pc.root / name / "ext4.vhdx")


@standin_only
def a_warning_when_the_folder_has_no_counterpart(pc):
    pc.make()
    assert pc.wsl("-d", "lima-a", "--exec", "pwd", cwd="/").ok().error.startswith("wsl: ")
    inside = pc.drive() / "inside"
    inside.mkdir(exist_ok=True)
    if not pc.windows:          # Wine prefers Z: for a folder of the host
        done = pc.wsl("-d", "lima-a", "--exec", "pwd", cwd=inside).ok()
        assert done.lines == ["/mnt/c/inside"] and not done.error


@standin_only
def a_list_waits_for_a_boot(pc):
    pc.make()
    pc.restart(QUICK + "bootDelay=1500\n")
    call = pc.begin("-d", "lima-a", "--cd", "/", "--exec", "true")
    until(lambda: pc.locked(pc.state / "lock"), "the lock is taken")
    began = time.monotonic()
    assert pc.names("--running") == ["lima-a"] or call.wait() == 0
    assert time.monotonic() - began > 0.2
    call.communicate()


@standin_only
def a_test_may_hold_the_service_lock(pc):
    pc.make()
    for words in (["--list", "--quiet"], ["--terminate", "lima-a"], ["-d", "lima-a", "--cd", "/", "--exec", "true"]):
        with open(pc.state / "lock", "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            call = pc.begin(*words)
            time.sleep(0.3)
            assert call.poll() is None, words
            pc.wsl("--version").ok()
        call.communicate()
        assert call.returncode == 0


@standin_only
def shutdown_waits_for_the_lock_and_then_does_it_anyway(pc):
    pc.make()
    pc.restart(QUICK + "shutdownWait=700\n")
    for words, least in ((["--shutdown"], 0.7), (["--shutdown", "--force"], 0)):
        pc.sh("true").ok()
        with open(pc.state / "lock", "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            began = time.monotonic()
            pc.wsl(*words).ok()
            assert least <= time.monotonic() - began and pc.vm() is None, words


@standin_only
def processes_of_wsl(pc):
    pc.make()
    path = pc.state / "processes"
    assert path.read_text() == ""
    pc.sh("true").ok()
    guid = next((pc.state / "lxss").glob("{*")).name
    image, pid, line = path.read_text().rstrip("\n").split("\t")
    assert image == "wslhost.exe" and pid.isdigit() and f"--distro-id {guid} --vm-id {{{pc.vm()['id'].lower()}}}" in line
    path.unlink()
    path.write_text("wslhost.exe\t77\n")             # a test's own list stays
    pc.wsl("--terminate", "lima-a").ok()
    assert path.read_text() == "wslhost.exe\t77\n"
    path.unlink()


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def server(pc, port, words="hello", address="127.0.0.1"):
    script = f"mkdir -p /www; echo {words} >/www/index.html; exec httpd -f -p {address}:{port} -h /www"
    return pc.begin("-d", "lima-a", "--cd", "/", "--exec", "/bin/sh", "-c", script)


def fetch(port):
    """What the server says last; nothing if none answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return sock.makefile("rb").read().splitlines(keepends=True)[-1:]
    except OSError:
        return []


@standin_only
def the_relay_offers_what_listens(pc):
    pc.make()
    for address in ("127.0.0.1", "0.0.0.0"):
        port = free_port()
        call = server(pc, port, address=address)
        until(lambda: fetch(port) == [b"hello\n"], "an answer through the relay")
        call.kill()
        call.communicate()
        pc.wsl("--terminate", "lima-a").ok()
        until(lambda: fetch(port) == [], "nobody there any more")


@standin_only
def no_relay_in_mode_none(pc):
    pc.make()
    pc.restart(QUICK.replace("[wsl2]\n", "[wsl2]\nnetworkingMode=none\n"))
    port = free_port()
    call = server(pc, port)
    until(lambda: f":{port:04X}" in pc.sh("cat /proc/net/tcp").text, "it listens")
    time.sleep(0.5)
    assert fetch(port) == [] and pc.sh("/bin/wslinfo --networking-mode -n").text == "none"
    call.kill()
    call.communicate()


@standin_only
def mirrored_mode_is_the_hosts_network(pc):
    pc.make()
    pc.restart(QUICK.replace("[wsl2]\n", "[wsl2]\nnetworkingMode=mirrored\n"))
    port = free_port()
    call = server(pc, port)
    until(lambda: fetch(port) == [b"hello\n"], "an answer")
    assert pc.sh("/bin/wslinfo --networking-mode -n").text == "mirrored"
    call.kill()
    call.communicate()
    pc.wsl("--shutdown").ok()


@standin_only
def a_killed_back_end_leaves_nothing_running(pc):
    pc.make()
    call = pc.begin("-d", "lima-a", "--cd", "/", "--exec", "sleep", "1000")
    until(lambda: not stopped(pc), "running")
    vm = pc.vm()["pid"]
    os.kill(int((pc.state / "daemon").read_text().split()[2]), signal.SIGKILL)
    call.communicate()
    until(lambda: not pathlib.Path(f"/proc/{vm}").exists(), "the VM is gone")
    pc.start()
    assert pc.names("--running") == [] and pc.vm() is None and pc.sh("echo again").ok().lines == ["again"]


@standin_only
def a_removed_folder_ends_the_back_end(pc):
    other = computer.Computer() if not pc.windows else None
    if other:
        pid = int((other.state / "daemon").read_text().split()[2])
        other.make()
        other.sh("true").ok()
        subprocess.run(["rm", "-rf", other.state], check=True)
        until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the back end is gone")
        other.end()


@standin_only
def every_call_is_logged(pc):
    pc.make()
    pc.wsl("--terminate", "nosuch", WSLSIM_LANG="de")
    last = pc.calls()[-1]
    assert last["argv"] in (["--terminate", "nosuch"], "--terminate nosuch") and last["exit"] == 0xFFFFFFFF
    assert last["env"] == {"WSL_UTF8": "1", "WSLSIM_LANG": "de"}, last


@standin_only
def calls_at_once(pc):
    pc.make("lima-a"), pc.make("lima-b")
    results = []

    def work(number):
        results.append(pc.sh(f"echo {number}; exit {number % 60}", f"lima-{'ab'[number % 2]}"))
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(int(one.text) for one in results) == list(range(20)) and all(one.code == int(one.text) % 60 for one in results)


@standin_only
def no_back_end_is_a_mistake_of_the_test(pc):
    done = pc.wsl("--list", WSLSIM_STATE=str(pc.root / "nowhere"))
    assert done.code == 254 and "wslsimd start" in done.error and json.dumps(done.text) == '""'


if __name__ == "__main__":
    computer.main(__name__)
