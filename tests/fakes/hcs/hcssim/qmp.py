"""QEMU's control channel: one command at a time, events as they come."""
import array
import json
import queue
import socket
import threading

WAIT = 120


class Gone(Exception):
    """QEMU has ended."""


class Refused(Exception):
    """QEMU could not do it."""


class Qmp:
    def __init__(self, sock, on_event, on_end):
        self.sock = sock
        self.on_event, self.on_end = on_event, on_end
        self.answers = queue.Queue()
        self.turn = threading.RLock()
        threading.Thread(target=self.read, daemon=True).start()
        self.run("qmp_capabilities")

    def read(self):
        try:
            with self.sock.makefile("rb") as lines:
                for line in lines:
                    said = json.loads(line)
                    if "event" in said:
                        self.on_event(said["event"], said.get("data", {}))
                    elif "QMP" not in said:
                        self.answers.put(said)
        except (OSError, ValueError):
            pass
        self.answers.put(None)
        self.on_end()

    def run(self, command, fd=None, **arguments):
        """`fd`: a descriptor that goes along."""
        message = json.dumps({"execute": command, "arguments": {name.replace("_", "-"): value for name, value in arguments.items()}}).encode() + b"\n"
        with self.turn:
            try:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd is not None else []
                sent = self.sock.sendmsg([message], rights)
                self.sock.sendall(message[sent:])
                answer = self.answers.get(timeout=WAIT)
            except (OSError, queue.Empty) as error:
                raise Gone(f"{command}: {error!r}") from error
        if answer is None:
            self.answers.put(None)
            raise Gone(command)
        if "error" in answer:
            raise Refused(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def monitor(self, line):
        """Of the human monitor: what it says."""
        said = self.run("human-monitor-command", **{"command-line": line})
        if said.strip():
            raise Refused(f"{line}: {said.strip()}")
