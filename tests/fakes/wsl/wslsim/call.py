"""One call of wsl.exe, from the front end's first frame to its exit code."""
import json
import os
import time

from standin import protocol
from standin.hostpath import Paths

from . import cmdline, languages, profiles, trouble
from .errors import Exit, Failure
from .output import MINUS_ONE, Output
from .state import INSTALLED
from .verbs import known

SAID = ("WSL_UTF8", "WSL_DISABLE_WARNINGS", "WSLENV", "WSLSIM_LANG", "WSLSIM_PROFILE", "WSLSIM_FAULTS")


class Call:
    """What a verb works with: service, parsed words, paths and environment of the caller, output, input."""

    def __init__(self, service, channel, hello):
        self.service = service
        self.state = service.state
        self.channel = channel
        self.windows = hello["system"][0] == "windows"
        self.env = {name[4:]: values[0] for name, values in hello.items() if name.startswith("env.")}
        self.arguments = hello.get("arg", [])
        self.program = hello.get("self", [None])[0]
        self.raw = hello["cmdline"][0] if "cmdline" in hello else " ".join(map(cmdline.quote, self.arguments))
        drives = {name[6:]: values[0] for name, values in hello.items() if name.startswith("drive.")}
        if not self.windows:
            drives = {"c": os.path.realpath(self.env.get("WSLSIM_C") or self.state.path("c"))}
        self.paths = Paths(self.windows, hello.get("cwd", ["/"])[0], drives)
        self.profile = profiles.ALL[self.env.get("WSLSIM_PROFILE") or profiles.DEFAULT]
        self.language = self.env.get("WSLSIM_LANG") or "en"
        if self.language not in languages.LANGUAGES:
            raise ValueError(f"WSLSIM_LANG: no language {self.language}")
        self.out = Output(channel, self.env, self.profile, self.language)
        self.input_wanted = False
        self.rules = {}             # what is to go wrong (faults.py)
        self.name = None            # of the distribution this is about, once known
        self.parsed = None

    # Input: frames of the front end, which sends none before it is asked to.

    def want_input(self):
        if not self.input_wanted:
            self.input_wanted = True
            self.channel.send(protocol.WANT_INPUT)

    def read_input(self):
        """The next bytes of standard input, b"" at its end; Gone when the caller has vanished."""
        self.want_input()
        kind, data = self.channel.receive()
        return data if kind == protocol.INPUT else b""

    # The call.

    def run(self):
        began = time.time()
        code = MINUS_ONE
        try:
            code = self.guarded()
        except protocol.Gone:
            code = None
            raise
        finally:
            self.log(began, code)
        return code

    def guarded(self):
        try:
            return self.perform() or 0
        except cmdline.Usage as usage:
            self.out.say(usage.message, word=usage.word)
            return MINUS_ONE
        except Failure as failure:
            return self.out.fail(failure)
        except Exit as end:
            return end.code

    def perform(self):
        self.parsed = cmdline.parse(self.raw, known(self.profile), self.profile.distribution_id)
        word, words = self.parsed if isinstance(self.parsed, tuple) else (None, [])
        return trouble.performed(self, word, words)

    def distro(self, name, any_state=False):
        """By name; the failure every verb gives for an unknown one, and most for one that is not wholly installed."""
        found = self.state.find(name)
        if not found or (found.state != INSTALLED and not any_state):
            raise Failure("WSL_E_DISTRO_NOT_FOUND", "Service")
        return found

    def log(self, began, code):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began)) + f".{int(began % 1 * 1000):03d}Z"
        entry = {"time": stamp, "ms": round((time.time() - began) * 1000), "argv": self.arguments or self.raw,
                 "env": {name: self.env[name] for name in SAID if name in self.env}, "exit": code}
        with open(self.state.path("calls.log"), "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

