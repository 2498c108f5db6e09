"""Runs drivers/hyperv/guest/network.py in namespaces of its own, where local sockets take the place of AF_VSOCK.

usage: guest_inside.py NETWORK.PY FOLDER [ARGUMENT…]     FOLDER: frames (a socket to connect to), 22 (a socket to listen at),
                                                         net (what /sys/class/net has), resolv.conf
"""
import importlib.util
import os
import socket
import subprocess
import sys


def at(folder, name, act):
    """A path that is longer than a socket's may be."""
    sock = socket.socket(socket.AF_UNIX)
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        getattr(sock, act)(f"/proc/self/fd/{handle}/{name}")
    except OSError:
        sock.close()
        raise
    finally:
        os.close(handle)
    return sock


def listen(folder):
    sock = at(folder, "22", "bind")
    sock.listen(8)
    return sock


def main(program, folder, *words):
    spec = importlib.util.spec_from_file_location("network", program)
    network = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(network)
    network.dial = lambda: at(folder, "frames", "connect")
    network.listen = lambda: listen(folder)
    network.load_modules = lambda: None
    network.SYSTEM = os.path.join(folder, "net")
    subprocess.run(["mount", "--bind", os.path.join(folder, "resolv.conf"), "/etc/resolv.conf"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return network.main(list(words))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
