#!/usr/bin/env python3
"""A Hyper-V instance on the network in user space: a stock limactl.exe, our driver, a real guest with its helper, and no adapter.

usage: hyperv_usernet.py GENERATION     a series such as 2.1, or 'newest'
"""
import atexit
import http.server
import sys
import threading

from hypervbox import HypervBox
import shell_cases
from tap import Plan

ONE = "one"
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


def stop():
    box.limactl("stop", ONE)
    assert box.status(ONE) == "Stopped"
    box.nothing_left()


def again():
    start()
    guest_has_its_address()
    guest_reaches_this_computer()
    stop()


def delete():
    box.delete(ONE)
    box.nothing_left()


for text, function, fatal in (
        ("create", create, True), ("start to READY without an adapter", start, True), ("the guest has its address", guest_has_its_address, False),
        ("the guest reaches this computer", guest_reaches_this_computer, False), ("the helper is a service", helper_is_a_service, False),
        ("shell carries bytes both ways", lambda: shell_cases.carries_bytes(box, ONE), False), ("stop", stop, True), ("the next start", again, False),
        ("delete leaves nothing", delete, False)):
    plan.case(text, function, fatal=fatal)
plan.end()
