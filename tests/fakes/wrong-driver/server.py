"""The process: socket, lock, signals, and the end."""
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from concurrent import futures
from urllib.parse import quote

import grpc

import driver as service
import front
import wire
from wrong import wrong

METHODS = [name for name in vars(service.Driver) if name[0].isupper()]
LIMIT = 4 << 20 if wrong("wire/large-instance") else -1 if wrong("wire/oversized-message-is-refused") else 16 << 20


class Handlers(grpc.GenericRpcHandler):
    """By path, since there is no generated code."""

    def __init__(self, driver):
        self.driver = driver

    def service(self, details):
        prefix, _, name = details.method.rpartition("/")
        if prefix != "/Driver" and not wrong("wire/unknown-service-is-unimplemented"):
            return None
        if name == "BootScripts" and wrong("wire/methods-exist"):
            return None
        if name not in METHODS:
            return grpc.unary_unary_rpc_method_handler(lambda *_: b"") if wrong("wire/unknown-method-is-unimplemented") else None
        method = getattr(self.driver, name)
        if name == "Start":
            return grpc.unary_stream_rpc_method_handler(lambda *args: self.stream(method, *args))
        return grpc.unary_unary_rpc_method_handler(lambda *args: self.unary(method, *args))

    @staticmethod
    def fail(context, error):
        if isinstance(error, wire.Malformed):
            if wrong("wire/malformed-message-is-refused"):
                os._exit(1)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"message: {error}")
        context.abort(error.code, error.text)

    def unary(self, method, request, context):
        try:
            return method(request, context)
        except (service.Refusal, wire.Malformed) as error:
            return self.fail(context, error)

    def stream(self, method, request, context):
        try:
            yield from method(request, context)
        except service.Refusal as error:
            self.fail(context, error)


def listen(driver, path):
    """A gRPC server whose socket appears at `path` when it accepts."""
    workers = 1 if wrong("start/calls-meanwhile") else 64
    server = grpc.server(futures.ThreadPoolExecutor(workers), handlers=[Handlers(driver)],
                         options=[("grpc.max_receive_message_length", LIMIT), ("grpc.so_reuseport", 0)])
    os.umask(0 if wrong("process/socket-is-private") else 0o077)
    hidden = os.path.join(tempfile.mkdtemp(prefix="w", dir=os.path.dirname(path)), "s")
    if not server.add_insecure_port("unix:" + quote(hidden)):
        sys.exit(f"cannot listen on '{hidden}'")
    server.start()
    if wrong("process/socket-is-private"):
        os.chmod(hidden, 0o777)
    if wrong(*front.CASES):
        relay = socket.socket(socket.AF_UNIX)
        relay.bind(hidden + "f")
        relay.listen(128)
        front.start(relay, hidden)
        os.rename(hidden + "f", path)
    else:
        os.rename(hidden, path)
        os.rmdir(os.path.dirname(hidden))
    return server


def heed_sigterm():
    """The event that it sets; before the socket appears, since limactl may ask as soon as it is there."""
    stop = threading.Event()
    if wrong("process/ends-on-sigterm", "process/announcing-ends-on-sigterm"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return stop


def run(driver, path, keep_socket=False, announced=False):
    """Until SIGTERM, Delete, or the socket has gone. An announced socket has a folder of its own."""
    stop = heed_sigterm()
    server = listen(driver, path)
    if announced:
        print(json.dumps({"socketPath": path, "version": 7 if wrong("process/announces-socket") else "7"}), flush=True)
    while not stop.is_set() and not driver.deleted.is_set():
        time.sleep(0.1)
        if not os.path.exists(path) and not wrong("process/ends-when-folder-is-gone"):
            break
    server.stop(60 if wrong("stop/ends-on-sigterm-with-open-start") else 0.5).wait()
    if announced:
        shutil.rmtree(os.path.dirname(path), ignore_errors=True)
    elif os.path.exists(path) and not keep_socket:
        os.unlink(path)
    os._exit(0)     # threads that wait for a VM are not waited for


def name():
    base = os.path.basename(sys.argv[0])
    return base.removeprefix("lima-driver-")


def lock(folder):
    file = open(os.path.join(folder, ".lock"), "w", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another server has this instance")
    return file


def prepare(folder, path):
    """Whether this process may serve there; keeps what must live as long as it does."""
    if wrong("process/missing-folder-ends-it"):
        os.makedirs(folder, exist_ok=True)
    if len(os.fsencode(path)) > 107:
        while wrong("process/long-socket-path-ends-it"):
            time.sleep(1)
        sys.exit(f"socket path '{path}' is longer than 107 bytes")
    if not os.path.isdir(folder):
        sys.exit(f"instance folder '{folder}' does not exist")
    if "," in folder and wrong("process/odd-folder-names"):
        sys.exit("a comma!")
    held = None if wrong("process/second-server-leaves", "process/two-starts-at-once") else lock(folder)
    if os.path.exists(path) and wrong("process/replaces-stale-socket"):
        sys.exit(f"'{path}' exists already")
    if wrong("start/new-driver-takes-over"):
        service.forget_vm(folder)
    return held


def show_too_early(path):
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(path)
        time.sleep(1)


def serve(driver, folder):
    path = os.path.join(folder, name() + ".drv.sock")
    held = prepare(folder, path)
    if wrong("process/socket-appears-ready"):
        show_too_early(path)
    if wrong("process/inst-dir-serves"):
        path += ".elsewhere"
    run(driver, path, wrong("process/removes-socket"))
    return held


def announce(driver):
    path = os.path.join(tempfile.mkdtemp(prefix="lw"), "s.sock")
    run(driver, path, announced=True)
