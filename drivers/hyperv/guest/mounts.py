"""Mounts the shares of Windows' 9P server: one vsock connection each, which the kernel takes over. All at once, since each
may wait; what is mounted already stays. Fits Python 3.7 and later, with nothing but its standard library."""
import ctypes
import errno
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

MARK = b"# mounts "              # begins the line of the script that lists them
HOST = 2                        # the host's address in vsock
PATIENCE, PAUSE = 30, 0.2       # seconds: for all, between attempts
READ_ONLY = 1                   # of mount(2)
PASSING = (errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT, errno.ENODEV, errno.EHOSTUNREACH, errno.EIO, errno.EREMOTEIO)
FSTAB = "/etc/fstab"
# What limactl has cloud-init write there: a transport that these VMs do not have.
VIRTIO = re.compile(rb"\s*(lima-[0-9a-f]{16}|mount[0-9]+)\s.*\s9p\s+\S*\btrans=virtio\b")
ELSE = "or set mountType to reverse-sshfs"


def say(words):
    print("hyperv mounts:", words, file=sys.stderr, flush=True)


def read_list(script):
    with open(script, "rb") as file:
        line = next(one for one in file if one.startswith(MARK))
    return json.loads(line[len(MARK):].decode("utf-8"))


def drop_fstab_lines():
    """Each boot would fail on them, and limactl has them written again at each start."""
    try:
        with open(FSTAB, "rb") as file:
            lines = file.readlines()
        kept = [line for line in lines if not VIRTIO.match(line)]
        if kept != lines:
            with open(FSTAB + ".lima-new", "wb") as file:
                file.writelines(kept)
                os.fchmod(file.fileno(), os.stat(FSTAB).st_mode & 0o777)
                os.fsync(file.fileno())
            os.replace(FSTAB + ".lima-new", FSTAB)
    except FileNotFoundError:
        pass
    except OSError as error:
        say(f"{FSTAB} keeps lines for virtio, which no boot here can mount: {error}")


def load_modules():
    for module in ("vsock", "hv_sock", "9p", "9pnet_fd"):
        try:
            subprocess.run(["modprobe", "-q", module], stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired):
            pass


def hindrance():
    """Why nothing can be mounted; None: it can."""
    with open("/proc/filesystems", encoding="ascii") as file:
        if "9p" not in file.read().split():
            return f"the guest's kernel ({os.uname().release}) has no 9p; take an image whose kernel has it, {ELSE}"
    try:
        socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
    except (AttributeError, OSError):
        return f"the guest's kernel or its Python has no vsock; take an image that has both, {ELSE}"
    return None


def is_mounted(point):
    real = os.path.realpath(point)
    with open("/proc/self/mountinfo", "rb") as file:
        for line in file:
            words = line.split()
            there = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found.group(1), 8)]), words[4])
            if there == real and words[words.index(b"-") + 1] == b"9p":
                return True
    return False


def connect(port, msize):
    """Gives up by itself, within seconds."""
    sock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, msize)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, msize)
        sock.connect((HOST, port))
        return sock
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"vsock port {port} of the host: {error.strerror}") from error


def attempt(port, entry):
    with connect(port, entry["msize"]) as sock:
        sock.setblocking(False)     # as the kernel wants it
        options = (f"trans=fd,rfdno={sock.fileno()},wfdno={sock.fileno()},version=9p2000.L,msize={entry['msize']},"
                   f"aname={entry['tag']},cache={entry['cache']}")
        flags = ctypes.c_ulong(0 if entry["writable"] else READ_ONLY)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(entry["tag"].encode(), entry["point"].encode(), b"9p", flags, options.encode()):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def mount(port, entry, until):
    point = entry["point"].encode()
    os.makedirs(point, exist_ok=True)
    while not is_mounted(point):
        try:
            attempt(port, entry)
        except OSError as error:
            if error.errno not in PASSING or time.monotonic() + PAUSE > until:
                raise
            time.sleep(PAUSE)


def mount_all(port, entries):
    """What went wrong, by mount point. A server that does not answer holds up a thread, which ends with this process."""
    until = time.monotonic() + PATIENCE
    failed = {entry["point"]: f"the host did not answer within {PATIENCE} s" for entry in entries}

    def work(entry):
        try:
            mount(port, entry, until)
            del failed[entry["point"]]
        except OSError as error:
            failed[entry["point"]] = error.strerror or str(error)

    threads = [threading.Thread(target=work, args=(entry,), daemon=True) for entry in entries]
    for one in threads:
        one.start()
    for one in threads:
        one.join(max(until + 1 - time.monotonic(), 0))
    return dict(failed)


def main():
    wanted = read_list(sys.argv[1])
    drop_fstab_lines()
    load_modules()
    why = hindrance()
    if why:
        say(why)
        return 1
    failed = mount_all(wanted["port"], wanted["mounts"])
    for point, reason in failed.items():
        say(f"'{point}' is not mounted: {reason}; look at the host's driver.stderr.log, {ELSE}")
    return 1 if failed else 0


code = main()
sys.stdout.flush()
os._exit(code)
