#!/usr/bin/env python3
"""grpcio on Linux talks to lima-driver-example.exe under Wine, through the socket's file. Prints TAP."""
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import grpc

SOURCE = pathlib.Path(os.environ["LIMA_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
from tap import Plan  # noqa: E402

PATIENCE = 30                   # seconds: only a bug takes so long
STREAMS, NEW_CALLS = 6, 20
LIST_SERVICES = b"\x3a\x01*"    # of the reflection service: list_services = "*"
LIMITS = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", 16 << 20)]


def field(payload):
    """A message whose only field is number 1, bytes."""
    size, length = b"", len(payload)
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return b"\x0a" + size + bytes([length]) + payload


def payload(message):
    at = 1
    while message[at] & 128:
        at += 1
    return message[at + 1:]


def connect(socket):
    return grpc.insecure_channel("unix:" + socket, options=[*LIMITS, ("grpc.use_local_subchannel_pool", 1)])


def call(channel, method, request=b""):
    return channel.unary_unary("/Driver/" + method)(request, timeout=PATIENCE)


def flood(socket, flowing):
    """Asks for ever, and reads every answer."""
    def ask():
        while True:
            yield LIST_SERVICES
    with connect(socket) as channel:
        answers = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")(ask())
        for number, _ in enumerate(answers):
            if number == 50:
                flowing.release()


class Server:
    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lw", dir="/tmp"))   # short: sun_path
        self.socket = str(self.folder / "example.drv.sock")
        self.log = open(self.folder / "driver.stderr.log", "w", encoding="utf-8")
        program = pathlib.Path(os.environ["LIMA_BIN"]) / "lima-driver-example.exe"
        self.process = subprocess.Popen([SOURCE / "tests" / "wine" / "run", program, "--inst-dir", self.windows_folder],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        until = time.monotonic() + PATIENCE
        while not os.path.exists(self.socket):
            if self.process.poll() == 77:
                print(self.process.stdout.read().decode(), end="")
                raise SystemExit(77)
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "driver.stderr.log").read_text())
            time.sleep(0.05)
        return self

    @property
    def windows_folder(self):
        return "Z:" + str(self.folder).replace("/", "\\")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def document(server, **more):
    return json.dumps({"name": "i", "dir": server.windows_folder, "vmType": "example", "arch": "x86_64", "config": {}, **more}).encode()


def answers_info(server):
    with connect(server.socket) as channel:
        assert json.loads(payload(call(channel, "Info")))["name"] == "example"


def echoes_ten_million_letters(server):
    letters = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=10_000_000))
    with connect(server.socket) as channel:
        answer = json.loads(payload(call(channel, "Configure", field(document(server, letters=letters)))))
    assert answer["letters"] == letters


def endless_streams_starve_nobody(server):
    """New connections and calls are served while six clients keep six streams busy (facts: grpc-core 5.1)."""
    flowing = multiprocessing.Semaphore(0)
    clients = [multiprocessing.Process(target=flood, args=(server.socket, flowing), daemon=True) for _ in range(STREAMS)]
    try:
        for client in clients:
            client.start()
        for _ in clients:
            assert flowing.acquire(timeout=PATIENCE), "a stream does not flow"
        times = []
        for _ in range(NEW_CALLS):
            began = time.monotonic()
            answers_info(server)
            times.append(time.monotonic() - began)
        print(f"# {NEW_CALLS} new connections with a call each: median {sorted(times)[NEW_CALLS // 2] * 1000:.0f} ms, "
              f"longest {max(times) * 1000:.0f} ms")
    finally:
        for client in clients:
            client.kill()
            client.join()
    answers_info(server)


def delete_ends_it(server):
    with connect(server.socket) as channel:
        call(channel, "Configure", field(document(server)))
        call(channel, "Delete")
    assert server.process.wait(PATIENCE) == 0
    assert not os.path.exists(server.socket)


def main():
    multiprocessing.set_start_method("spawn")       # gRPC does not like to be forked
    plan = Plan()
    with Server() as server:
        for case in (answers_info, echoes_ten_million_letters, endless_streams_starve_nobody, delete_ends_it):
            plan.case(case.__name__.replace("_", " "), lambda case=case: case(server))
    plan.end()


if __name__ == "__main__":
    main()
