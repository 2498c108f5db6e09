"""System calls that Python 3.11 has no names for, and the mounts of a guest."""
import ctypes
import fcntl
import os
import socket
import struct

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, REMOUNT, BIND, REC, PRIVATE, SHARED, SLAVE = (
    1, 2, 4, 32, 4096, 16384, 1 << 18, 1 << 20, 1 << 19)
DETACH = 2
PDEATHSIG, CHILD_SUBREAPER = 1, 36
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def unshare(flags):
    check(libc.unshare(flags), "unshare")


def mount(source, target, kind=None, flags=0, data=None):
    encoded = [None if one is None else os.fsencode(one) for one in (source, target, kind)]
    check(libc.mount(*encoded, ctypes.c_ulong(flags), None if data is None else data.encode()), f"mount {target}")


def bind(source, target, read_only=False, recursive=True):
    mount(source, target, None, BIND | (REC if recursive else 0))
    if read_only:
        mount(None, target, None, BIND | REMOUNT | RDONLY)


def umount(target):
    check(libc.umount2(os.fsencode(target), DETACH), f"umount {target}")


def pivot_root(new, old):
    check(libc.syscall(PIVOT_ROOT[os.uname().machine], os.fsencode(new), os.fsencode(old)), "pivot_root")


def prctl(option, value):
    check(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), "prctl")


def map_root(uid, gid):
    """In a new user namespace: root there is the one who runs the tests, nobody else exists."""
    for path, words in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{path}", "w", encoding="utf-8") as file:
            file.write(words)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sH14x", b"lo", 1 | 64))    # SIOCSIFFLAGS, up and running


def kernel_folders(root=""):
    """/proc, /sys, /dev, /run and /tmp of a guest. What belongs to the whole machine is read only: a guest of the tests may
    be root on the host, too."""
    for name in ("/proc", "/sys", "/dev", "/run", "/tmp"):
        os.makedirs(root + name, exist_ok=True)
    mount("proc", root + "/proc", "proc", NOSUID | NODEV)
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        path = f"{root}/proc/{name}"
        if os.path.exists(path):
            bind(path, path, read_only=True)
    sys_folder(root + "/sys")
    devices(root + "/dev")
    mount("tmpfs", root + "/run", "tmpfs", NOSUID | NODEV, "mode=755")


def sys_folder(path):
    try:
        mount("sysfs", path, "sysfs", NOSUID | NODEV | RDONLY)
    except OSError:                 # in a user namespace without the right to it
        mount("tmpfs", path, "tmpfs", NOSUID | NODEV, "mode=755")
        os.makedirs(path + "/fs/cgroup")


def devices(path):
    mount("tmpfs", path, "tmpfs", NOSUID, "mode=755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        with open(f"{path}/{name}", "x", encoding="utf-8"):
            pass
        bind(f"/old/dev/{name}", f"{path}/{name}")
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
                         ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx")):
        os.symlink(target, f"{path}/{name}")
    for name in ("pts", "shm"):
        os.mkdir(f"{path}/{name}")
    mount("devpts", f"{path}/pts", "devpts", NOSUID, "newinstance,ptmxmode=0666,mode=620")
    mount("tmpfs", f"{path}/shm", "tmpfs", NOSUID | NODEV)
