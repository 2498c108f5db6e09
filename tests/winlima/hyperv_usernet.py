#!/usr/bin/env python3
"""What replaces parts of Windows: the network in user space, wanted or because Windows refuses its own, and its 9P server in the place of
reverse-sshfs. A stock limactl.exe, our driver, real guests.

usage: hyperv_usernet.py GENERATION     a series such as 2.1, or 'newest'
"""
import atexit
import http.server
import sys
import threading

from hypervbox import HypervBox
import shell_cases
from tap import Plan

ONE, TWO = "one", "two"
SIZE = 4 << 20
box = HypervBox(sys.argv[1])
atexit.register(box.close)
plan = Plan()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):   # noqa: N802
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * SIZE)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()


def create():
    box.create(ONE, vmOpts={"hyperv": {"network": "hvsocket"}})


def start():
    box.start(ONE)
    assert box.report()["endpoints"] == []


def guest_has_its_address():
    found = box.shell(ONE, "ip -o -4 address; ip route").stdout
    assert "192.168.5.15/24" in found and "default via 192.168.5.2" in found, found


def guest_reaches_this_computer():
    got = box.shell(ONE, f"curl -sS --max-time 120 http://192.168.5.2:{server.server_port}/ | wc -c").stdout
    assert got.strip() == str(SIZE), got


def helper_is_a_service():
    found = box.shell(ONE, "systemctl is-active lima-hyperv-network; systemctl is-enabled lima-hyperv-network").stdout.split()
    assert found == ["active", "enabled"], found


def stop(name=ONE):
    box.limactl("stop", name)
    assert box.status(name) == "Stopped"
    box.nothing_left()


def again():
    start()
    guest_has_its_address()
    guest_reaches_this_computer()
    stop()


def delete():
    box.delete(ONE)
    box.nothing_left()


def windows_refuses_its_network():
    for folder in ("read", "write ü"):
        (box.prefix.drive_c / folder).mkdir()
    (box.prefix.drive_c / "read" / "from the host").write_text("host")
    (box.prefix.drive_c / "write ü").chmod(0o777)   # to the guest's user, too
    box.create(TWO, mountType="9p", mounts=[{"location": r"C:\read", "mountPoint": "/mnt/read"},
                                            {"location": "C:\\write ü", "mountPoint": "/mnt/write", "writable": True}])
    box.faults("call=HcnCreateNetwork : fail=0x80070005")
    box.start(TWO)
    box.faults()
    log = (box.lima_home / TWO / "driver.stderr.log").read_text(errors="replace") + (box.lima_home / TWO / "ha.stderr.log").read_text(errors="replace")
    assert "network in user space, since Windows gives none" in log, log
    assert box.report()["endpoints"] == []


def folders_are_mounted_by_9p():
    found = box.shell(TWO, "cat '/mnt/read/from the host'; grep -c ' - 9p lima-' /proc/self/mountinfo").stdout
    assert found == "host2\n", found
    box.shell(TWO, "echo guest >/mnt/write/back; ! touch /mnt/read/new 2>/dev/null")
    assert (box.prefix.drive_c / "write ü" / "back").read_text() == "guest\n"


def live_snapshots_are_refused():
    done = box.limactl("snapshot", "create", "--tag", "one", TWO, check=False)
    assert done.returncode != 0 and "mountType 9p" in done.stderr and "limactl stop two" in done.stderr, done.stderr
    assert box.shell(TWO, "echo here").stdout.strip() == "here"


def end_of_it():
    stop(TWO)
    log = (box.lima_home / TWO / "driver.stderr.log").read_text(errors="replace")
    assert "not shut down in order" not in log, log
    box.delete(TWO)
    box.nothing_left()


for text, function, fatal in (
        ("create", create, True), ("start to READY without an adapter", start, True), ("the guest has its address", guest_has_its_address, False),
        ("the guest reaches this computer", guest_reaches_this_computer, False), ("the helper is a service", helper_is_a_service, False),
        ("shell carries bytes both ways", lambda: shell_cases.carries_bytes(box, ONE), False), ("stop", stop, True), ("the next start", again, False),
        ("delete leaves nothing", delete, False),
        ("a network that Windows refuses is replaced", windows_refuses_its_network, True),
        ("folders are mounted by Windows' 9P server", folders_are_mounted_by_9p, False),
        ("a live snapshot beside them is refused", live_snapshots_are_refused, False), ("stop and delete", end_of_it, False)):
    plan.case(text, function, fatal=fatal)
plan.end()
