#!/usr/bin/env python3
"""relay.exe and relay.py themselves: bytes, exit codes, paths, and that a tool ends with its client."""
import atexit
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "wine")]
from prefix import ENDED_BY_WINE, Prefix, command_line_of, environment_of, skip  # noqa: E402
from relay import SFTP_SERVER, Relay, cygpath, host_path  # noqa: E402
from tap import Plan  # noqa: E402

DEADLINE = 60
program = pathlib.Path(os.environ["LIMA_TESTBIN"]) / "relay.exe"
if not program.exists():
    skip(f"{program} is not built")
base = pathlib.Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
prefix = Prefix(base / "p", {"LIMA_RELAY": str(base / "relay")})
tools = prefix.drive_c / "t"
tools.mkdir()
relay = Relay(base / "relay", {"PATH": os.environ["PATH"], "HOME": str(base), "RELAY_TEST": str(base)})
relay.__enter__()
plan = Plan()


@atexit.register
def end():
    relay.__exit__()
    prefix.close()
    shutil.rmtree(base, ignore_errors=True)


def install(name):
    path = tools / f"{name}.exe"
    if not path.exists():
        shutil.copy(program, path)
    return f"C:\\t\\{name}.exe"


def run(name, *words, **kwargs):
    return prefix.run(install(name), *words, **kwargs)


def output_of(name, *words):
    with tempfile.TemporaryFile() as out:
        code = run(name, *words, out=out)
        out.seek(0)
        return code, out.read()


def wait_for(condition, seconds=DEADLINE):
    end_of_patience = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_of_patience, f"it did not come in time; tools that run: {running_tools()}"
        time.sleep(0.02)


def running_tools():
    mark = f"RELAY_TEST={base}".encode()
    return [int(e.name) for e in pathlib.Path("/proc").glob("[0-9]*") if mark in environment_of(e.name) and command_line_of(e.name)]


def exit_codes():
    for code in (0, 1, 7, 255):
        assert run("sh", "-c", f"exit {code}") == code


def words_arrive():
    words = ["two words", 'a "quote"', "back\\slash\\", "", "ümläut 日本", "$HOME *"]
    code, out = output_of("printf", "%s\\n", *words)
    assert (code, out.decode().split("\n")[:-1]) == (0, words), out


def three_hundred_thousand_lines_out():
    code, out = output_of("seq", "300000")
    assert code == 0
    assert out == "".join(f"{n}\n" for n in range(1, 300001)).encode()


def hundred_thousand_lines_in():
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        given.write("".join(f"line {n}\n" for n in range(100000)).encode())
        given.seek(0)
        assert run("sha256sum", stdin=given, out=out) == 0
        given.seek(0)
        out.seek(0)
        wanted = subprocess.run(["sha256sum"], stdin=given, capture_output=True, check=True).stdout
        assert out.read() == wanted


def outputs_stay_apart():
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = run("sh", "-c", "echo one; echo two >&2", out=out, err=err)
        assert code in (0, *ENDED_BY_WINE), code
        out.seek(0), err.seek(0)
        assert (out.read(), err.read()) == (b"one\n", b"two\n")


def unread_input_does_not_matter():
    with tempfile.TemporaryFile() as given:
        given.write(bytes(4 << 20))
        given.seek(0)
        assert run("sh", "-c", "exit 3", stdin=given) == 3


def what_goes_on_in_the_background_is_not_waited_for():
    code, out = output_of("sh", "-c", "setsid sleep 1000 & echo there")
    assert (code, out) == (0, b"there\n")
    for pid in running_tools():
        os.kill(pid, signal.SIGKILL)


def killed_client_ends_the_tool():
    began = base / "began"
    client = prefix.start(install("sh"), "-c", f"echo $$ >'{began}.new'; mv '{began}.new' '{began}'; sleep 1000")
    kill_and_see_the_tool_end(client, began)


def killed_client_ends_a_tool_that_does_not_read():
    began = base / "began2"
    with tempfile.TemporaryFile() as given:
        given.write(bytes(4 << 20))
        given.seek(0)
        client = prefix.start(install("sh"), "-c", f": >'{began}'; sleep 1000", stdin=given)
        kill_and_see_the_tool_end(client, began)


def kill_and_see_the_tool_end(client, began):
    """Where Wine hides from us that the client is gone, which it does now and then, the end of the connection is ours to make."""
    wait_for(lambda: began.exists() and relay.sessions)
    (session,) = relay.sessions
    client.kill()
    client.wait()
    with contextlib.suppress(AssertionError):
        wait_for(lambda: not running_tools(), 10)
    kept = kept_by_wineserver(session)
    if kept:
        session.channel.sock.shutdown(socket.SHUT_RDWR)
    wait_for(lambda: not running_tools())
    if kept:
        raise unittest.SkipTest("this Wine keeps the socket of a program that is killed while it sends")


def kept_by_wineserver(session):
    """Whether Wine itself holds the other end: it forgets to close the socket of a program that was killed while it sent."""
    try:
        port = f":{session.channel.sock.getpeername()[1]:04X}"
    except OSError:
        return False
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(port)}
    servers = [e for e in pathlib.Path("/proc").glob("[0-9]*") if "wineserver" in command_line_of(e.name)]
    return any(os.readlink(fd) in sockets for server in servers for fd in server.glob("fd/*") if fd.is_symlink())


def killed_tool_ends_the_client():
    began = base / "began3"
    client = prefix.start(install("sh"), "-c", f": >'{began}'; exec sleep 1000")
    wait_for(began.exists)
    for pid in running_tools():
        os.kill(pid, signal.SIGKILL)
    assert client.wait(DEADLINE) == 255


def missing_tool_says_so():
    with tempfile.TemporaryFile() as err:
        assert run("no-such-tool", err=err) == 127
        err.seek(0)
        assert b"no-such-tool" in err.read()


def stranger_is_refused():
    (base / "other").mkdir(exist_ok=True)
    port, _, pid = (base / "relay" / "daemon").read_text().split()
    (base / "other" / "daemon").write_text(f"{port} {'0' * 32} {pid}\n")
    assert run("true", env={"LIMA_RELAY": str(base / "other")}) != 0


def paths_are_those_of_the_host():
    drives = {"C": "/p/drive_c/", "Z": "/"}
    for word, wanted in (("C:\\a b\\c", "/p/drive_c/a b/c"), ("c:/x", "/p/drive_c/x"), ("/c/x", "/p/drive_c/x"), ("Z:\\tmp\\x", "/tmp/x"),
                         ("IdentityFile='C:/lh/_config/user'", "IdentityFile='/p/drive_c/lh/_config/user'"),
                         ('Key="/c/lh/k"', 'Key="/p/drive_c/lh/k"'), ("/dev/null", "/dev/null"), ("D:\\x", "D:\\x"),
                         ("scp://dev@127.0.0.1:22//tmp/x", "scp://dev@127.0.0.1:22//tmp/x"), ("host:/c/x", "host:/c/x"), ("-q", "-q")):
        assert host_path(word, drives) == wanted, (word, host_path(word, drives))


def folder_is_the_callers():
    code, out = output_of("pwd")
    assert (code, out.decode().strip()) == (0, str(prefix.folder)), out


def cygpath_has_both_directions():
    assert cygpath(["C:\\a b\\c"], {})[-1] == "/c/a b/c"
    assert cygpath(["-w", "/c/a b"], {})[-1] == "C:\\a b"
    code, out = output_of("cygpath", "C:/lh/x")
    assert (code, out) == (0, b"/c/lh/x\n"), out


def sftp_packet(kind, *parts):
    body = bytes([kind]) + b"".join(parts)
    return len(body).to_bytes(4, "big") + body


def sftp_server_has_drives_in_its_root():
    """In its protocol (version 3): INIT, then REALPATH of the folder where it is."""
    if not os.access(SFTP_SERVER, os.X_OK):
        raise unittest.SkipTest(f"no {SFTP_SERVER}")
    (prefix.drive_c / "shared ü").mkdir()
    number = (1).to_bytes(4, "big")
    with prefix.start(install("sftp-server"), "-e", "-d", "/c/shared ü", stdin=subprocess.PIPE, out=subprocess.PIPE) as client:
        client.stdin.write(sftp_packet(1, (3).to_bytes(4, "big")) + sftp_packet(16, number, number, b"."))
        client.stdin.flush()
        told = [client.stdout.read(int.from_bytes(client.stdout.read(4), "big")) for _ in range(2)]
    assert client.returncode == 0
    assert told[0][0] == 2 and "/c/shared ü".encode() in told[1], told


for name, function in (
        ("exit codes", exit_codes), ("words arrive as they are", words_arrive),
        ("300,000 lines out", three_hundred_thousand_lines_out), ("100,000 lines in", hundred_thousand_lines_in),
        ("standard output and error stay apart", outputs_stay_apart), ("a tool need not read its input", unread_input_does_not_matter),
        ("what a tool leaves in the background is not waited for", what_goes_on_in_the_background_is_not_waited_for),
        ("a killed client ends the tool", killed_client_ends_the_tool),
        ("a killed client ends a tool that does not read", killed_client_ends_a_tool_that_does_not_read),
        ("a killed tool ends the client", killed_tool_ends_the_client), ("a missing tool: 127 and its name", missing_tool_says_so),
        ("without the token nothing runs", stranger_is_refused), ("paths are those of the host", paths_are_those_of_the_host),
        ("the folder is the caller's", folder_is_the_callers), ("cygpath", cygpath_has_both_directions),
        ("sftp-server: drives are folders of its root", sftp_server_has_drives_in_its_root)):
    plan.case(name, function)
plan.end()
