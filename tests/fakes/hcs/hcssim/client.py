"""A program that calls the service without the DLLs: what tests on Linux use. As the DLLs, it knows handles, operations and
events; unlike them it forgives nothing and checks nothing."""
import itertools
import json
import os
import queue
import socket
import threading

from standin import daemon, protocol

from . import codes, wire

WAIT = 60


class Refusal(Exception):
    """hr is what a call, or its operation, ended with; early: the call itself."""

    def __init__(self, call, code, text, early):
        super().__init__(f"{call}: {code:#010x} {text}")
        self.code, self.text, self.early = code, text, early


class Client:
    def __init__(self, folder, kind="hcs", **env):
        port, token, _ = daemon.address(folder)
        self.channel = protocol.Channel(socket.create_connection(("127.0.0.1", port)))
        fields = [("token", token), ("kind", kind), ("system", "linux"), ("cwd", os.getcwd()), ("pid", os.getpid())]
        self.channel.send(protocol.HELLO, protocol.pack(fields + [(f"env.{name}", value) for name, value in env.items()]))
        self.ids = itertools.count(1)
        self.handles = itertools.count(1)
        self.waiting, self.lock = {}, threading.Lock()
        self.events = queue.Queue()         # (handle, type, data)
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        try:
            while True:
                kind, payload = self.channel.receive()
                fields = wire.unpack(payload)
                if kind == wire.EVENT:
                    self.events.put((int(fields["handle"]), int(fields["type"]), fields.get("data")))
                else:
                    self.queue_of(fields["id"]).put((kind, fields))
        except protocol.Gone:
            self.events.put((0, -1, None))

    def queue_of(self, number):
        with self.lock:
            return self.waiting.setdefault(str(number), queue.Queue())

    def begin(self, call, **arguments):
        """Sends a call; what waits for its answers."""
        number = next(self.ids)
        answers = self.queue_of(number)
        self.channel.send(wire.CALL, wire.pack(id=number, call=call, **arguments))
        return answers

    def returned(self, answers, call="", timeout=WAIT):
        kind, fields = answers.get(timeout=timeout)
        assert kind == wire.RETURN, kind
        if "mistake" in fields:
            raise AssertionError(fields["mistake"])
        code = int(fields["hr"])
        if code:
            raise Refusal(call, code, fields.get("error") if call.startswith("Hcn") else fields.get("result"), True)
        return fields

    def call(self, call, **arguments):
        """One without an operation: its result, from JSON if it has one."""
        fields = self.returned(self.begin(call, **arguments), call)
        return json.loads(fields["result"]) if "result" in fields else fields

    def run(self, call, timeout=WAIT, **arguments):
        """One with an operation, to its end."""
        answers = self.begin(call, **arguments)
        self.returned(answers, call)
        kind, fields = answers.get(timeout=timeout)
        assert kind == wire.DONE and "mistake" not in fields, (kind, fields)
        code = int(fields["hr"])
        if code:
            raise Refusal(call, code, fields.get("result"), False)
        return json.loads(fields["result"]) if fields.get("result") else None

    def create(self, name, document):
        handle = next(self.handles)
        text = document if isinstance(document, str) else json.dumps(document)
        self.run("HcsCreateComputeSystem", system=name, document=text, handle=handle)
        return handle

    def open(self, name):
        handle = next(self.handles)
        self.call("HcsOpenComputeSystem", system=name, access=0x10000000, handle=handle)
        return handle

    def close(self, handle):
        self.call("HcsCloseComputeSystem", handle=handle)

    def do(self, verb, handle, **arguments):
        """Start, Pause …"""
        name = "HcsGetComputeSystemProperties" if verb == "GetProperties" else f"Hcs{verb}ComputeSystem"
        return self.run(name, handle=handle, **arguments)

    def event(self, timeout=WAIT):
        handle, kind, data = self.events.get(timeout=timeout)
        return handle, kind, json.loads(data) if data else None

    def leave(self):
        """As a process that ends."""
        self.channel.close()


def tell(folder, *words):
    """A request to the back end itself (server.py)."""
    port, token, _ = daemon.address(folder)
    channel = protocol.Channel(socket.create_connection(("127.0.0.1", port)))
    channel.send(protocol.HELLO, protocol.pack([("token", token), ("kind", "control"), *(("word", word) for word in words)]))
    _, payload = channel.receive()
    channel.close()
    return json.loads(payload)


__all__ = ["Client", "Refusal", "codes", "tell"]
