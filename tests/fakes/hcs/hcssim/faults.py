"""What is to go wrong: rules from <state>/faults, and from the file that HCSSIM_FAULTS names to the program, one per line,
`conditions : actions` (standin/rules.py).

    call=HcsStartComputeSystem nth=2 : fail=0x80370105
    call=Hcn* : fail=0x80070005                     # as for those who are not elevated
    call=HcsSaveComputeSystem : fail-later=0x80070070
    call=HcsTerminateComputeSystem system=dead* : never
    call=HcsPauseComputeSystem : disconnect

Conditions (all must hold): call (pattern), system (pattern; the VM's id, or the GUID of a network or endpoint), nth (the N-th
call that the other conditions fit: N, N-M or N+), prob with seed. Actions of all rules that fit are combined; of two alike
the first counts:

    delay=MS            before anything happens; the caller waits in the call
    delay-later=MS      between the call's return and the operation's end
    hang                the call never returns
    never               the call returns, its operation never ends; nothing has happened
    never-done          the same, but it has happened
    fail=CODE           the call itself fails, and nothing has happened
    fail-later=CODE     the operation fails, and nothing has happened
    fail-after=CODE     the call or operation says that it has failed, but it has happened
    words=TEXT          what the result document or error record says then
    disconnect          the service goes away and comes back, before the call: all handles are dead
    kill                the process that calls is ended by SIGKILL (on Linux) before anything happens
    exit=MS, crash=MS   that long after the call the VM ends by itself, or its kernel panics
"""
import fnmatch
import os
import time

from standin.rules import Counts, read_rules

from .codes import Failure

CONDITIONS = ("call", "system", "nth", "prob", "seed")
NUMBERS = ("delay", "delay-later", "fail", "fail-later", "fail-after", "exit", "crash")
FLAGS = ("hang", "never", "never-done", "disconnect", "kill")


def action(word):
    name, equals, value = word.partition("=")
    if name in FLAGS and not equals:
        return name, True
    if name in NUMBERS and equals:
        return name, int(value, 0)
    if name == "words" and equals:
        return name, value
    raise ValueError(f"faults: action '{word}' is not understood")


class Faults:
    def __init__(self, state):
        self.state = state
        self.counts = Counts()

    def wanted(self, env, call, system):
        """The combined actions for this call."""
        found = {}
        for path in (self.state.path("faults"), env.get("HCSSIM_FAULTS")):
            if not path or not os.path.exists(path):
                continue
            for line, conditions, actions in read_rules(path, CONDITIONS, action):
                if fits(conditions, call, system) and self.counts.admits((path, line), conditions, "nth"):
                    found = {**actions, **found}
        return found


def fits(conditions, call, system):
    return (fnmatch.fnmatchcase(call, conditions.get("call", "*"))
            and fnmatch.fnmatchcase((system or "").lower(), conditions.get("system", "*").lower()))


def raise_if(rules, name):
    if name in rules:
        raise Failure(rules[name], rules.get("words", "a fault that the test has asked for"))


def pause(rules, name):
    time.sleep(rules.get(name, 0) / 1000)
