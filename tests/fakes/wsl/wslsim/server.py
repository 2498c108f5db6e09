"""Answers front ends; one thread per call."""
import os

from standin import protocol
from standin.daemon import Daemon

from .call import Call
from .service import Service


class Server(Daemon):
    def __init__(self, folder):
        self.service = Service(folder)
        super().__init__(self.service.state.folder)
        self.announce()

    def tick(self):
        self.service.tick()
        return bool(self.service.guests)

    def shutdown(self):
        self.service.shutdown(force=True)

    def answer(self, channel, hello):
        if hello["kind"] == ["agent"]:
            self.service.agents.serve(channel, hello)
            return
        if hello["kind"] == ["hang"]:
            self.service.state.write(self.service.state.path("hanging"), "")
            channel.receive()           # until it or we end
            return
        if hello["system"] == ["windows"]:
            self.service.agents.ensure(channel)
        code = Call(self.service, channel, hello).run()
        channel.finish(protocol.EXIT, (code & 0xFFFFFFFF).to_bytes(4, "big"))

    def apologise(self, channel, words):
        try:
            channel.send(protocol.ERRORS, f"wslsim: the stand-in itself failed\n{words}".encode("utf-8", "surrogateescape"))
            channel.finish(protocol.EXIT, (254).to_bytes(4, "big"))
        except protocol.Gone:
            pass


def alias(path):
    """Executing it fails with "permission denied" on Linux and with ERROR_ACCESS_DENIED on Windows."""
    if path.endswith(".exe"):
        os.mkdir(path)
    else:
        with open(path, "x", encoding="ascii"):
            os.chmod(path, 0o644)
