"""Agents: processes in a Wine prefix that do there what WSL's service does on Windows (front_agent.c): keep the registry,
hold disks open, show a wslhost.exe per running distribution. On Linux there is none, and nothing to do."""
import os
import select
import threading

from . import profiles, protocol

WAIT = 60       # seconds for an agent to appear


class Agents:
    def __init__(self, service):
        self.service = service
        self.agents = []
        self.lock = threading.RLock()
        self.starting = threading.Lock()
        self.appeared = threading.Event()
        self.shown = []             # command lines of the wslhost.exe

    def ensure(self, channel):
        """Before a call under Wine is answered there must be an agent; that front end starts it."""
        with self.starting:
            self.forget_dead()
            if self.agents:
                return
            self.appeared.clear()
            channel.send(protocol.AGENT)
            channel.receive()
            if not self.appeared.wait(WAIT):
                raise RuntimeError("no agent appeared in the Wine prefix")

    def forget_dead(self):
        with self.lock:
            for agent in list(self.agents):
                if closed(agent[0].sock):
                    self.agents.remove(agent)
                    agent[1].set()

    def serve(self, channel, prefix, profile):
        """The connection of an agent, for as long as it lasts: until it or the back end ends. A second one of the same
        prefix is sent away."""
        done = threading.Event()
        with self.lock:
            self.forget_dead()
            if any(one[2] == prefix for one in self.agents):
                return
            self.agents.append((channel, done, prefix))
            self.order("installed", [("version", profiles.ALL[profile or profiles.DEFAULT].version + ".0")])
            self.registry()
            vm = self.service.vm
            for attached in vm.disks.values() if vm else []:
                self.hold(attached.path)
            for line in self.shown:
                self.order("host", [("line", line)])
        self.service.state.write(self.service.state.path("agent"), prefix)
        self.appeared.set()
        done.wait()

    def order(self, what, pairs):
        """True if all agents could do it."""
        with self.lock:
            answers = [self.tell(agent, protocol.pack([("do", what), *pairs])) for agent in list(self.agents)]
        return all(answers)

    def tell(self, agent, packed):
        channel, done, _ = agent
        try:
            channel.send(protocol.ORDER, packed)
            return channel.receive()[1] == b"+"
        except protocol.Gone:
            self.agents.remove(agent)
            done.set()
            return True

    def registry(self):
        if not self.agents:
            return
        state = self.service.state
        names = ["", *sorted(entry.name for entry in os.scandir(state.path("lxss")) if entry.is_dir())]
        pairs = []
        for name in names:
            pairs.append(("key", name))
            pairs += values(state, state.path("lxss", name))
        self.order("registry", pairs)

    def hold(self, path):
        return self.order("hold", [("path", path)])

    def release(self, path):
        self.order("release", [("path", path)])

    def free(self, path):
        return self.order("free", [("path", path)])

    def hosts(self, lines):
        if self.service.state.setting("standin", "wslhost").lower() != "true":
            return
        for line in [one for one in self.shown if one not in lines]:
            self.order("unhost", [("line", line)])
        for line in [one for one in lines if one not in self.shown]:
            self.order("host", [("line", line)])
        self.shown = lines


def closed(sock):
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


def values(state, folder):
    """The fields of a key's values; nothing of a key that has gone meanwhile."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in names:
        value = None if os.path.isdir(os.path.join(folder, name)) else state.get_value(folder, name)
        if isinstance(value, int):
            yield "dw", f"{name}={value}"
        elif isinstance(value, list):
            yield "ms", f"{name}=" + "\n".join(value)
        elif value is not None:
            yield "sz", f"{name}={value}"
