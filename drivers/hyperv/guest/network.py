"""The guest's end of the network over hvsocket: for a Lima VM that has no network adapter.

A TAP device takes the place of the adapter. Its Ethernet frames go to the host over AF_VSOCK, each behind its length (32 bits,
most significant byte first); the host is gateway, resolver and DHCP server. The addresses are always the same ones, so the
device is given them at once; what the guest has for networks may ask the DHCP server, and is told the same. When the
connection breaks it is made again. Port 22 of AF_VSOCK leads to the guest's sshd, so that SSH needs no network at all.

usage: network.py [--mac MAC] [--background PIDFILE | --needed]
  --needed: only tells by its exit status whether there is anything to do: the guest has no adapter, or the host answers
"""
import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

HOST, FRAMES, SSH = 2, 2223, 22                 # CID of the host; vsock ports
ADDRESS, MASK, GATEWAY, RESOLVER = "192.168.5.15", "255.255.255.0", "192.168.5.2", "192.168.5.3"
MTU = 65520                                     # no wire is crossed
FRAME_MAX = MTU + 18
BATCH = 1 << 18                                 # bytes that go out at once
CONNECT_S, PAUSE_S, PAUSE_MAX_S, RESOLVER_S = 3, 0.2, 2, 120
VISITORS = 64
SYSTEM = "/sys/class/net"
RESOLV_CONF, RESOLVED = "/etc/resolv.conf", "/run/systemd/resolve"

TUNSETIFF, TAP_WITHOUT_HEADER = 0x400454CA, 0x1002
SIOCADDRT, SIOCSIFFLAGS, SIOCGIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU, SIOCSIFHWADDR = (
    0x890B, 0x8914, 0x8913, 0x8916, 0x891C, 0x8922, 0x8924)
UP_AND_RUNNING, ROUTE_UP_GATEWAY, ETHERNET = 0x41, 0x3, 1


def say(text):
    print(f"lima-hyperv-network: {text}", file=sys.stderr, flush=True)


# The host.

def dial():
    sock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    try:
        sock.settimeout(CONNECT_S)
        sock.connect((HOST, FRAMES))
        sock.settimeout(None)
        return sock
    except OSError:
        sock.close()
        raise


def has_adapter():
    """A device that is no mere software; it may be the adapter of a start with a network of Windows."""
    with contextlib.suppress(OSError):
        return any(os.path.exists(f"{SYSTEM}/{name}/device") for name in os.listdir(SYSTEM))
    return False


def needed():
    if not has_adapter():
        return True
    with contextlib.suppress(OSError):
        dial().close()
        return True
    return False


# The device.

def control(request, name, form, *values):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return fcntl.ioctl(sock, request, struct.pack("16s" + form, name, *values).ljust(40, b"\0"))


def internet(address):
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def open_tap():
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    for wanted in (b"eth0", b"eth%d"):          # the second one: whatever is free
        try:
            return tap, fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", wanted, TAP_WITHOUT_HEADER))[:16].rstrip(b"\0")
        except OSError as error:
            if wanted != b"eth0" or error.errno not in (errno.EBUSY, errno.EINVAL, errno.EEXIST):
                os.close(tap)
                raise
    raise AssertionError("the second one fails or is returned")


def set_up(name, mac):
    if mac:
        control(SIOCSIFHWADDR, name, "H6s", ETHERNET, bytes.fromhex(mac.replace(":", "")))
    control(SIOCSIFMTU, name, "i", MTU)
    control(SIOCSIFADDR, name, "16s", internet(ADDRESS))
    control(SIOCSIFNETMASK, name, "16s", internet(MASK))
    flags = struct.unpack_from("H", control(SIOCGIFFLAGS, name, "H", 0), 16)[0]
    control(SIOCSIFFLAGS, name, "H", flags | UP_AND_RUNNING)
    route = struct.pack("@L16s16s16sHhLPhPLLH", 0, internet("0.0.0.0"), internet(GATEWAY), internet("0.0.0.0"), ROUTE_UP_GATEWAY,
                        0, 0, 0, 0, 0, 0, 0, 0)
    with contextlib.suppress(FileExistsError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCADDRT, route)


# Names.

def tell_resolved(name):
    """False: it does not run yet."""
    if not os.path.exists(RESOLVED + "/resolv.conf"):
        return False
    done = [subprocess.run(["resolvectl", *words], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20, check=False).returncode
            for words in (("dns", name, RESOLVER), ("domain", name, "~."))]
    return not any(done)


def has_resolver():
    with contextlib.suppress(OSError), open(RESOLV_CONF, encoding="utf-8", errors="replace") as file:
        return any(line.split()[:1] == ["nameserver"] for line in file)
    return False


def set_resolver(name):
    """False: to be tried again."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if os.path.realpath(RESOLV_CONF).startswith(RESOLVED + "/"):
            return tell_resolved(name)
        if not has_resolver():
            with open(RESOLV_CONF, "a", encoding="utf-8") as file:
                file.write(f"nameserver {RESOLVER}\n")
        return True
    return False


def set_resolver_later(name):
    end = time.monotonic() + RESOLVER_S
    while not set_resolver(name):
        if time.monotonic() > end:
            return say(f"names are not resolved by {RESOLVER}, since systemd-resolved does not take it")
        time.sleep(1)
    return None


def configure(name, mac):
    set_up(name, mac)
    device = name.decode()
    if not set_resolver(device):
        threading.Thread(target=set_resolver_later, args=(device,), daemon=True).start()
    say(f"{device} has {ADDRESS}")


# Frames.

def take_out(tap):
    """Frames of the guest, as the host wants them."""
    found, size = [], 0
    with contextlib.suppress(BlockingIOError):
        while size < BATCH:
            frame = os.read(tap, FRAME_MAX)
            found += (struct.pack(">I", len(frame)), frame)
            size += len(frame)
    return b"".join(found)


def bring_in(tap, data):
    """Frames of the host; returns what is not whole yet."""
    at = 0
    while len(data) - at >= 4:
        length = struct.unpack_from(">I", data, at)[0]
        if length > FRAME_MAX:
            raise ConnectionError(f"the host sent a frame of {length} bytes")
        if len(data) - at - 4 < length:
            break
        with contextlib.suppress(OSError):      # a device that is down, or full, drops
            os.write(tap, data[at + 4:at + 4 + length])
        at += 4 + length
    return data[at:]


def shuttle(tap, sock):
    """Until the connection ends."""
    poll, rest = select.poll(), b""
    poll.register(tap, select.POLLIN)
    poll.register(sock, select.POLLIN)
    while True:
        ready = {handle for handle, _ in poll.poll()}
        if tap in ready:
            sock.sendall(take_out(tap))
        if sock.fileno() in ready:
            data = sock.recv(BATCH)
            if not data:
                return
            rest = bring_in(tap, rest + data)


def dial_once():
    try:
        return dial()
    except OSError:                             # refused, or nothing there to connect to
        return None


def make_device(mac):
    tap, name = open_tap()
    configure(name, mac)
    return tap


def serve_one(tap, sock):
    try:
        shuttle(tap, sock)
        say("the host has closed the connection")
    except OSError as error:
        say(f"the connection to the host broke: {error}")


def serve_frames(mac, ready):
    """Does not return, unless an adapter makes all this superfluous."""
    tap, pause = None, PAUSE_S
    while True:
        sock = dial_once()
        if sock:
            with sock:
                tap, pause = tap or make_device(mac), PAUSE_S
                ready()
                serve_one(tap, sock)
        elif tap is None and has_adapter():
            return say("the guest has a network adapter, and the host serves no network: nothing to do")
        ready()
        time.sleep(pause)
        pause = min(2 * pause, PAUSE_MAX_S)


# SSH.

def carry(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def visit(one, places):
    with places, one, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", SSH), 10) as sshd:
        sshd.settimeout(None)
        sshd.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=carry, args=(sshd, one), daemon=True)
        back.start()
        carry(one, sshd)
        back.join()


def listen():
    sock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    sock.bind((socket.VMADDR_CID_ANY, SSH))
    sock.listen(VISITORS)
    return sock


def serve_ssh():
    """Where systemd itself listens there for sshd, that does."""
    places = threading.BoundedSemaphore(VISITORS)
    try:
        sock = listen()
    except OSError as error:
        return say(f"vsock port {SSH}: {error}" + ("; who has it serves SSH" if error.errno == errno.EADDRINUSE else ""))
    while True:
        one, _ = sock.accept()
        threading.Thread(target=visit, args=(one, places), daemon=True).start()


# Beginning.

def notify_systemd():
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"READY=1", "\0" + path[1:] if path[0] == "@" else path)


class Once:
    """Tells whoever waits that the network is there, or that there is none yet."""

    def __init__(self, tell):
        self.tell = tell

    def __call__(self):
        tell, self.tell = self.tell, lambda: None
        tell()


def go_to_background(pidfile):
    """The parent ends when the child is ready."""
    here, there = os.pipe()
    child = os.fork()
    if child:
        os.close(there)
        with open(pidfile, "w", encoding="utf-8") as file:
            file.write(f"{child}\n")
        os.read(here, 1)
        os._exit(0)
    os.close(here)
    os.setsid()
    return lambda: os.close(there)


def load_modules():
    for module in ("tun", "hv_sock"):           # where nothing loads them by itself
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(["modprobe", "-q", module], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20, check=False)


def value(words, option):
    return words[words.index(option) + 1] if option in words[:-1] else ""


def main(words):
    mac, pidfile = value(words, "--mac"), value(words, "--background")
    load_modules()
    if "--needed" in words:
        return 0 if needed() else 1
    ready = Once(go_to_background(pidfile) if pidfile else notify_systemd)
    threading.Thread(target=serve_ssh, daemon=True).start()
    serve_frames(mac, ready)
    ready()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
