"""Listens for the DLLs, the agents, and those who control it."""
import json

from standin import protocol
from standin.daemon import Daemon

from . import wire
from .service import Service

FRONTS = ("hcs", "hcn", "virtdisk")


class Server(Daemon):
    def __init__(self, folder):
        self.service = Service(folder)
        super().__init__(self.service.state.folder)
        self.announce()

    def tick(self):
        return bool(self.service.systems) or bool(self.service.sessions)

    def shutdown(self):
        self.service.shutdown()

    def answer(self, channel, hello):
        kind = hello["kind"][0]
        if kind == "agent":
            self.service.agents.serve(channel, hello)
        elif kind == "control":
            self.control(channel, hello["word"])
        elif kind in FRONTS:
            self.service.serve(channel, hello)

    def control(self, channel, words):
        """One request of `hcssimd tell`."""
        service, verb = self.service, words[0]
        answer = {}
        if verb == "report":
            answer = service.report()
        elif verb == "disconnect":
            service.disconnect()
        elif verb == "reset":
            service.reset()
        elif verb == "hns-restart":
            service.networks.restart()
        elif verb in ("exit", "crash") and len(words) > 1:
            system = service.systems.get(words[1].lower())
            if system:
                service.strike(system, verb, *words[2:3])
            answer = {"found": bool(system)}
        else:
            answer = {"error": f"unknown request {' '.join(words)}"}
        channel.finish(wire.RETURN, json.dumps(answer).encode())

    def apologise(self, channel, words):
        try:
            channel.finish(wire.RETURN, wire.pack(id=0, mistake=words))
        except protocol.Gone:
            pass
