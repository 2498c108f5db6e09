"""The VM and its distributions: a program of its own, started by vm.py with one end of a control socket.

    outer process      waits for the VM's first process
    VM init            process 1 of the VM: own network (or the host's), own processes; ends when the control socket does
    distribution init  process 1 of one distribution: own mounts, processes, names, IPC; root file system = the imported tree
    relay              one per command: child subreaper that reports how the command ended and lives until no descendant does

Killing a process 1 ends everything below it, at once: that is how --terminate and a crash of the VM are made.
Messages are JSON on SOCK_SEQPACKET sockets, descriptors beside them. Everything is single-threaded.
"""
import json
import os
import select
import signal
import socket
import sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import conf  # noqa: E402  (run as a program, outside the package)
import namespaces as ns  # noqa: E402

MESSAGE = 1 << 20


def receive(sock):
    """(message, descriptors) or (None, [])."""
    data, descriptors, _, _ = socket.recv_fds(sock, MESSAGE, 8)
    return (json.loads(data) if data else None), descriptors


def send(sock, **message):
    sock.send(json.dumps(message).encode())


class Bell:
    """SIGCHLD as something to poll for."""

    def __init__(self):
        self.read, self.write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self.write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def quiet(self):
        try:
            while os.read(self.read, 512):
                pass
        except BlockingIOError:
            pass


def dead_children():
    """(pid, raw status) of every child that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, status


def wait_any(bell, sock):
    """True if the socket has something to say."""
    ready = select.poll()
    ready.register(bell.read, select.POLLIN)
    ready.register(sock, select.POLLIN)
    events = [fd for fd, _ in ready.poll()]
    bell.quiet()
    return sock.fileno() in events


# The VM.

def vm_init(control, options):
    ns.prctl(ns.PDEATHSIG, signal.SIGKILL)
    ns.mount(None, "/", None, ns.REC | ns.PRIVATE)
    ns.mount("proc", "/proc", "proc")
    if options["network"]:
        ns.loopback_up()
    shared = options["shared"]
    ns.mount("tmpfs", shared, "tmpfs", 0, "mode=755")
    ns.mount(None, shared, None, ns.SHARED)
    bell, inits = Bell(), {}
    send(control, event="booted")
    while True:
        if wait_any(bell, control):
            message, descriptors = receive(control)
            if message is None:
                os._exit(0)
            vm_order(control, message, descriptors, inits, shared)
        for pid, _ in dead_children():
            if pid in inits:
                send(control, event="stopped", guid=inits.pop(pid))


def vm_order(control, message, descriptors, inits, shared):
    if message["do"] == "connect":
        connect(message, descriptors[0])
        return
    pid = distro_fork(control, message, descriptors[0], shared)
    inits[pid] = message["guid"]
    os.close(descriptors[0])


def connect(message, answer_fd):
    """A connection to a server in the VM, for the relay on the host."""
    answer = socket.socket(fileno=answer_fd)
    with answer, socket.socket(socket.AF_INET6 if ":" in message["host"] else socket.AF_INET) as sock:
        sock.settimeout(5)
        try:
            sock.connect((message["host"], message["port"]))
            sock.setblocking(True)
            socket.send_fds(answer, [b"+"], [sock.fileno()])
        except OSError:
            answer.send(b"-")


def distro_fork(control, message, descriptor, shared):
    """A process in a PID namespace of its own."""
    ns.unshare(ns.NEWPID)       # for the next child only
    pid = os.fork()
    if pid:
        ns_back()
        return pid
    try:
        control.close()
        distro_init(socket.socket(fileno=descriptor), message, shared)
    except BaseException as error:      # told to the back end, which has nothing else to go by
        try:
            send(socket.socket(fileno=os.dup(descriptor)), event="failed", text=repr(error))
        finally:
            os._exit(1)


def ns_back():
    """Children of this process belong to its own PID namespace again."""
    fd = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    ns.check(ns.libc.setns(fd, 0), "setns")
    os.close(fd)


# One distribution.

def distro_init(control, message, shared):
    ns.prctl(ns.PDEATHSIG, signal.SIGKILL)
    ns.unshare(ns.NEWNS | ns.NEWUTS | ns.NEWIPC)
    settings = enter_tree(message, shared)
    name = settings.get("network", "hostname", message["hostname"])
    socket.sethostname(name)
    bell = Bell()
    send(control, event="started", settings=settings.as_dict())
    boot_command(settings)
    while True:
        if wait_any(bell, control):
            order, descriptors = receive(control)
            if order is None:
                os._exit(0)
            if order["do"] == "launch":
                relay_fork(order, descriptors, control)
            elif order["do"] == "term":
                os.kill(-1, signal.SIGTERM)
        for _ in dead_children():
            pass


def enter_tree(message, shared):
    root = message["root"]
    ns.mount(None, "/", None, ns.REC | ns.SLAVE)
    ns.bind(root, root)
    os.makedirs(root + "/old", exist_ok=True)
    ns.pivot_root(root, root + "/old")
    os.chdir("/")
    ns.kernel_folders()
    settings = conf.read("/etc/wsl.conf")
    os.makedirs("/mnt/wsl", exist_ok=True)
    ns.bind("/old" + shared, "/mnt/wsl")
    install_tools(message)
    vsock_folder("/old" + message["vsock"])
    drives = {}
    if settings.flag("automount", "enabled", True):
        drives = mount_drives(settings.get("automount", "root", "/mnt/"), message["drives"])
    write_info(message["info"], drives)
    ns.umount("/old")
    os.rmdir("/old")
    return settings


def install_tools(message):
    """/init and its links, in /bin only."""
    if not message["tools"]:
        return
    if not os.path.lexists("/init"):
        with open("/init", "x", encoding="utf-8"):
            pass
    ns.bind("/old" + message["tools"], "/init", recursive=False)
    os.makedirs("/bin", exist_ok=True)
    for name in ("wslpath", "wslinfo"):
        path = "/bin/" + name
        if os.path.lexists(path):
            os.unlink(path)
        if name != "wslinfo" or message["wslinfo"]:
            os.symlink("/init", path)


def vsock_folder(source):
    """A guest's vsock port P: it listens on the local socket /run/wslsim-vsock/P (linux/vsock_files.c)."""
    os.mkdir("/run/wslsim-vsock")
    ns.bind(source, "/run/wslsim-vsock")


def mount_drives(root, drives):
    """{letter: where}"""
    mounted = {}
    for letter, folder in drives.items():
        mounted[letter] = os.path.join(root, letter)
        os.makedirs(mounted[letter], exist_ok=True)
        ns.bind("/old" + folder, mounted[letter])
    return mounted


def write_info(info, drives):
    """For guest_tools.c."""
    os.mkdir("/run/wslsim")
    rows = [f"{name}={value}\n" for name, value in info.items()] + [f"drive={letter}:{where}\n" for letter, where in drives.items()]
    with open("/run/wslsim/info", "w", encoding="utf-8") as file:
        file.writelines(rows)


def boot_command(settings):
    command = settings.get("boot", "command", "")
    if command and os.fork() == 0:
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.setsid()
        signal.set_wakeup_fd(-1)
        os.execve("/bin/sh", ["sh", "-c", command], {"PATH": conf.PATH, "HOME": "/root"})


# One command.

def relay_fork(order, descriptors, control):
    pid = os.fork()
    if pid:
        for fd in descriptors:
            os.close(fd)
        return pid
    try:
        control.close()
        relay(order, descriptors)
    finally:
        os._exit(1)


def relay(order, descriptors):
    """Answers on the status socket: {"error": "user"}, or {"uid": id} and later {"exit": code}; its closing says that no
    descendant lives any more."""
    stdio, status = descriptors[:3], socket.socket(fileno=descriptors[3])
    ns.prctl(ns.CHILD_SUBREAPER, 1)
    user = conf.user(order["user"]) if order["user"] else conf.user_of_id(order["uid"])
    if user is None:
        send(status, error="user")
        os._exit(0)
    send(status, uid=user["uid"])
    if user["uid"] in order.get("clash", []):
        os.write(stdio[2], f"wsl: the systemd session of user {user['name']} could not be started\n".encode())
    bell = Bell()
    child = os.fork()
    if child == 0:
        run(order, stdio, user)
    for fd in stdio:
        os.close(fd)
    open_status = True
    while True:
        if open_status and wait_any(bell, status):
            open_status = relay_order(status, child)
        elif not open_status:
            pid, raw = os.waitpid(-1, 0)
        for pid, raw in dead_children():
            if pid == child:
                send(status, exit=os.waitstatus_to_exitcode(raw) if os.WIFEXITED(raw) else raw & 0xFF)
                child = 0
        if childless():
            os._exit(0)


def childless():
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def relay_order(status, child):
    """False when the back end has closed its end."""
    order = status.recv(16)
    if order and child:
        os.kill(child, {b"hup": signal.SIGHUP, b"kill": signal.SIGKILL}[order])
    return bool(order)


def run(order, stdio, user):
    """The command itself; never returns."""
    try:
        os.setsid()
        for number, fd in enumerate(stdio):
            os.dup2(fd, number)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.umask(0o022)
        become(user)
        folder = user["home"] + order["cd"][1:] if order["cd"][:1] == "~" else order["cd"]
        enter_folder(folder, user)
        argv = order["argv"] or [user["shell"]] + (["-c", order["shell"]] if order["shell"] else ["-l"])
        if order["login"] and order["shell"]:
            argv.insert(1, "-l")
        env = {"HOME": user["home"], "USER": user["name"], "LOGNAME": user["name"], "SHELL": user["shell"], "PATH": conf.PATH, **order["env"]}
        execute(argv, env)
    finally:
        os._exit(1)


def become(user):
    groups = conf.groups(user)
    if conf.many_users():
        os.setgroups(groups)
        os.setgid(user["gid"])
        os.setuid(user["uid"])


def enter_folder(folder, user):
    for path in (folder, user["home"], "/"):
        try:
            os.chdir(path)
            return
        except OSError:
            if path == folder:
                os.write(2, f"wsl: cannot enter {folder}\n".encode("utf-8", "surrogateescape"))


def execute(argv, env):
    os.environ["PATH"] = env["PATH"]
    try:
        os.execvpe(argv[0], argv, env)
    except OSError as error:
        words = f"<3>init: execvpe({argv[0]}) failed: {os.strerror(error.errno)}\n"
        os.write(2, words.encode("utf-8", "surrogateescape"))
        os._exit(1)


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    options = json.loads(sys.argv[2])
    flags = ns.NEWPID | ns.NEWNS | (ns.NEWNET if options["network"] else 0)
    uid, gid = os.getuid(), os.getgid()
    os.setsid()
    ns.unshare(flags | (ns.NEWUSER if uid else 0))
    if uid:
        ns.map_root(uid, gid)
    child = os.fork()
    if child == 0:
        try:
            vm_init(control, options)
        finally:
            os._exit(1)
    control.close()
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
