"""The Linux side of relay.exe: runs the real tool of that name for a program under Wine.

No Windows OpenSSH is to be had on the machines that build this, and a Linux program that Wine starts gives its parent no handle. So
copies of relay.exe named ssh.exe, scp.exe, ssh-keygen.exe … hand their command line, current folder and standard streams to a Relay in
the test's process, which runs the tool and returns its exit code: SSH is real, only its place is not. The tool ends when its client does.

Protocol and front end are the wsl stand-in's (../wsl); LIMA_RELAY names the folder where the front end finds us.
"""
import contextlib
import os
import pathlib
import queue
import re
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "wsl"))
from wslsim import cmdline  # noqa: E402
from standin import protocol  # noqa: E402  pylint: disable=wrong-import-order

CHUNK = 1 << 16
ENDED_BY_SIGNAL = 255
# An option's name, a quote, and a path as Windows programs, or those of MSYS, write it.
PATH = re.compile(r"""^((?:[A-Za-z]+=)?["']?)(?:([A-Za-z]):(?=[\\/])|/([A-Za-z])(?=/))(.*)$""", re.DOTALL)


def host_path(word, drives):
    """A word that is a path of one of the drives, as a path of this host; any other word as it is."""
    found = PATH.match(word)
    drive = found and (found[2] or found[3]).upper()
    if drive not in drives:
        return word
    return found[1] + drives[drive].rstrip("/") + found[4].replace("\\", "/")


def ssh(words, drives):
    """Behind `--` stands what the guest runs. QEMU and WSL accept connections before a server is there: do not wait for minutes."""
    end = words.index("--") if "--" in words else len(words)
    return ["ssh", "-o", "ConnectTimeout=5", *(host_path(word, drives) for word in words[:end]), *words[end:]]


def scp(words, drives):
    return ["scp", "-o", "ConnectTimeout=5", *(host_path(word, drives) for word in words)]


def cygpath(words, _drives):
    """Of its forms those that limactl 2.0 and 2.1 call: one path, into the form of MSYS or, by -w, of Windows."""
    path = words[-1].replace("\\", "/")
    to_windows = "-w" in words
    form = re.match("/([a-z])(/.*)$" if to_windows else "([A-Za-z]):(/.*)$", path)
    if form:
        path = f"{form[1].upper()}:{form[2]}" if to_windows else f"/{form[1].lower()}{form[2]}"
    return ["printf", "%s\\n", path.replace("/", "\\") if to_windows else path]


SFTP_SERVER = "/usr/lib/openssh/sftp-server"
# $1, $2 …: a drive and its folder here, to "--"; then the server's arguments.
DRIVES_IN_ROOT = f"""mount -t tmpfs none /mnt && cd /mnt || exit
for folder in bin dev etc lib lib64 usr; do
    [ ! -e "/$folder" ] || {{ mkdir "$folder" && mount --rbind "/$folder" "$folder"; }} || exit
done
while [ "$1" != -- ]; do
    mkdir "$1" && mount --rbind "$2" "$1" || exit
    shift 2
done
shift
exec chroot . {SFTP_SERVER} "$@"
"""


def sftp_server(words, drives):
    """That of Git and MSYS2 has each drive as a folder of the root: in such names the guest asks for files."""
    isolate = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    folders = [part for drive, folder in drives.items() for part in (drive.lower(), folder)]
    return [*isolate, "sh", "-c", DRIVES_IN_ROOT, "sh", *folders, "--", *words]


COMMANDS = {"ssh": ssh, "scp": scp, "cygpath": cygpath, "sftp-server": sftp_server}


def command(hello):
    """(argv, folder) of what this front end wants to be run."""
    drives = {name[-1]: folders[0] for name, folders in hello.items() if name.startswith("drive.")}
    tool = pathlib.PurePath(hello["self"][0]).stem.lower()
    words = cmdline.split(hello.get("cmdline", [""])[0])
    argv = COMMANDS[tool](words, drives) if tool in COMMANDS else [tool, *(host_path(word, drives) for word in words)]
    folder = host_path(hello.get("cwd", ["/"])[0], drives)
    return argv, folder if os.path.isdir(folder) else "/"


class Session:
    """One tool, joined to one front end. The thread that made it carries output out, others take input in and feed it to the tool.

    Input is taken in whether or not the tool reads: the end of a front end that was killed comes behind all that it has sent.
    """

    def __init__(self, channel, argv, folder, env):
        self.channel = channel
        self.input = queue.SimpleQueue()
        self.tool = subprocess.Popen(argv, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     start_new_session=True, bufsize=0)

    def run(self):
        ended = os.pidfd_open(self.tool.pid)
        try:
            for target in (self.take_in, self.feed_tool):
                threading.Thread(target=target, daemon=True).start()
            self.channel.send(protocol.WANT_INPUT)
            self.carry_out(ended)
        finally:
            self.kill()
            self.tool.wait()
            os.close(ended)
            self.tool.stdout.close()
            self.tool.stderr.close()
        return self.tool.returncode if self.tool.returncode >= 0 else ENDED_BY_SIGNAL

    def kill(self):
        """Before it is waited for: until then nobody else has its number."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.tool.pid, signal.SIGKILL)

    def carry_out(self, ended):
        """Until both outputs have ended; once the tool has, until nothing more is there: what lives on in the background may hold them."""
        kinds = {self.tool.stdout.fileno(): protocol.OUTPUT, self.tool.stderr.fileno(): protocol.ERRORS}
        poll = select.poll()
        for fd in (*kinds, ended):
            poll.register(fd, select.POLLIN)
        poll.register(self.channel.sock, select.POLLRDHUP)
        exited, streams = False, set(kinds)
        while not exited or streams:
            events = poll.poll(0 if exited else None)
            if exited and not events:
                break
            for fd, _ in events:
                if fd == self.channel.sock.fileno():
                    raise protocol.Gone("while the tool ran")
                if fd == ended:
                    exited = True
                    poll.unregister(ended)
                elif data := os.read(fd, CHUNK):
                    self.channel.send(kinds[fd], data)
                else:
                    streams.discard(fd)
                    poll.unregister(fd)

    def take_in(self):
        with contextlib.suppress(protocol.Gone):
            while (frame := self.channel.receive())[0] == protocol.INPUT:
                self.input.put(frame[1])
        self.input.put(None)

    def feed_tool(self):
        while (data := self.input.get()) is not None:
            self.feed(data)
        self.close_input()

    def feed(self, data):
        try:
            while data and self.tool.stdin:
                data = data[self.tool.stdin.write(data):]
        except BrokenPipeError:
            self.close_input()

    def close_input(self):
        if self.tool.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.tool.stdin.close()
            self.tool.stdin = None


class Relay:
    """Listens from __enter__ to __exit__. `env` is the whole environment of the tools; `folder` is ours alone."""

    def __init__(self, folder, env):
        self.folder = pathlib.Path(folder)
        self.env = env
        self.token = secrets.token_hex(16)
        self.sessions = set()
        self.tools = set()      # whatever was asked for, found or not

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        daemon = self.folder / "daemon"
        daemon.touch(mode=0o600)
        daemon.write_text(f"{self.listener.getsockname()[1]} {self.token} {os.getpid()}\n", encoding="ascii")
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for session in list(self.sessions):
            with contextlib.suppress(OSError):
                session.channel.sock.shutdown(socket.SHUT_RDWR)

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(protocol.Channel(sock),), daemon=True).start()

    def serve(self, channel):
        with contextlib.closing(channel), contextlib.suppress(protocol.Gone):
            kind, payload = channel.receive()
            hello = protocol.fields(payload)
            if kind != protocol.HELLO or not secrets.compare_digest(hello.get("token", [""])[0], self.token):
                return
            channel.finish(protocol.EXIT, (self.run(channel, hello) & 0xFFFFFFFF).to_bytes(4, "big"))

    def run(self, channel, hello):
        argv, folder = command(hello)
        self.tools.add(argv[0])
        try:
            session = Session(channel, argv, folder, self.env)
        except OSError as error:
            channel.send(protocol.ERRORS, f"relay: {argv[0]}: {error.strerror}\n".encode())
            return 127
        self.sessions.add(session)
        try:
            return session.run()
        finally:
            self.sessions.discard(session)
