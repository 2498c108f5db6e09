"""Agents: processes in a Wine prefix that do there what a service does on Windows and a back end cannot do from Linux, hold
files open for one. One per prefix. On Linux there is none, and nothing to do."""
import select
import threading

from . import protocol

WAIT = 60       # seconds for an agent to appear


class Agents:
    """A subclass tells a new agent how things are (`welcome`) and has orders of its own."""

    def __init__(self):
        self.agents = []
        self.lock = threading.RLock()
        self.starting = threading.Lock()
        self.appeared = threading.Event()

    def welcome(self, hello):
        """Under the lock, when the agent is one of ours."""

    def announce(self, prefix):
        """When it has been welcomed."""

    def ensure(self, channel, wait_answer=True):
        """Before a call under Wine is answered there must be an agent; that front end starts it."""
        with self.starting:
            self.forget_dead()
            if self.agents:
                return
            self.appeared.clear()
            channel.send(protocol.AGENT)
            if wait_answer:
                channel.receive()
            if not self.appeared.wait(WAIT):
                raise RuntimeError("no agent appeared in the Wine prefix")

    def forget_dead(self):
        with self.lock:
            for agent in list(self.agents):
                if closed(agent[0].sock):
                    self.agents.remove(agent)
                    agent[1].set()

    def serve(self, channel, hello):
        """The connection of an agent, for as long as it lasts: until it or the back end ends. A second one of the same
        prefix is sent away."""
        prefix = hello.get("env.WINEPREFIX", [""])[0]
        done = threading.Event()
        with self.lock:
            self.forget_dead()
            if any(one[2] == prefix for one in self.agents):
                return
            self.agents.append((channel, done, prefix))
            self.welcome(hello)
        self.announce(prefix)
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

    def hold(self, path):
        return self.order("hold", [("path", path)])

    def release(self, path):
        self.order("release", [("path", path)])

    def free(self, path):
        return self.order("free", [("path", path)])


def closed(sock):
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))
