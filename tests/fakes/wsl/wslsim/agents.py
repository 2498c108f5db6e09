"""The agent of WSL (front_agent.c): what standin.agents says, and it keeps the registry and shows a wslhost.exe per running
distribution."""
import os

from standin import agents

from . import profiles


class Agents(agents.Agents):
    def __init__(self, service):
        super().__init__()
        self.service = service
        self.shown = []             # command lines of the wslhost.exe

    def welcome(self, hello):
        profile = hello.get("env.WSLSIM_PROFILE", [""])[0] or profiles.DEFAULT
        self.order("installed", [("version", profiles.ALL[profile].version + ".0")])
        self.registry()
        vm = self.service.vm
        for attached in vm.disks.values() if vm else []:
            self.hold(attached.path)
        for line in self.shown:
            self.order("host", [("line", line)])

    def announce(self, prefix):
        self.service.state.write(self.service.state.path("agent"), prefix)

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

    def hosts(self, lines):
        if self.service.state.setting("standin", "wslhost").lower() != "true":
            return
        for line in [one for one in self.shown if one not in lines]:
            self.order("unhost", [("line", line)])
        for line in [one for one in lines if one not in self.shown]:
            self.order("host", [("line", line)])
        self.shown = lines


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
