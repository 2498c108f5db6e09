"""One call with all that is to go wrong in it: what faults.py found is carried out before, during and after the verb."""
import time

from standin import protocol

from . import faults, languages, text
from .errors import Exit, Failure
from .output import MINUS_ONE
from .verbs import VERBS, running, verb_name

DISTRO_FIRST = {"import", "import-in-place", "export", "unregister", "terminate", "manage", "set-default", "set-version"}
FULL = {"import": ("Service", "RegisterDistro"), "export": ("Service", "ExportDistro"), "run": ("Service", "CreateInstance")}


def performed(call, word, words):
    """The call, with all that is to go wrong in it. `word`: the verb; None for a command."""
    verb = verb_name(word) if word else "run"
    call.name = about(call, verb, words)
    call.rules.update(faults.wanted(call, verb, call.name))
    call.service.local.rules = call.rules
    try:
        before(call, verb)
        code = (VERBS[word](call, words) if word else running.run(call, call.parsed)) or 0
    finally:
        call.service.local.rules = {}
        time.sleep(call.rules.get("delay-after", 0) / 1000)
    return call.rules.get("exit", code)


def before(call, verb):
    rules, out = call.rules, call.out
    if "encoding" in rules:
        out.force(rules["encoding"])
    out.left = rules.get("truncate")
    time.sleep(rules.get("delay", 0) / 1000)
    if rules.get("hang") or rules.get("hang-children"):
        hang(call)
    if "hold-lock" in rules:
        with call.service.service_lock():
            time.sleep(rules["hold-lock"] / 1000)
    leave_keys(call)
    say(call)
    if rules.get("stub-missing"):
        stub(call)
    if rules.get("disk-full") and verb not in ("import", "export"):     # those fail in the middle of their work
        raise Failure("ERROR_DISK_FULL", *FULL.get(verb, ("Service",)))
    fail(call)
    relay(call)


def hang(call):
    """Until the front end is killed; that its input ends changes nothing."""
    if call.rules.get("hang-children"):
        call.channel.send(protocol.GRANDCHILD)
    while True:
        call.channel.receive()


def say(call):
    rules, out = call.rules, call.out
    if "warn" in rules:
        out.warn(rules["warn"])
    if "warn-utf8" in rules:
        out.warn(rules["warn-utf8"], "utf8")
    if "stdout-noise" in rules:
        out.raw(((rules["stdout-noise"] or "Welcome to the stand-in!") + "\n").encode())
    if "garbage" in rules:
        out.garbage(rules["garbage"])
    if "text-only" in rules:
        out.line(languages.LANGUAGES[rules["text-only"]]["success"])
        raise Exit(0)


def fail(call):
    rules = call.rules
    if "fail" in rules:
        symbol, *contexts = rules["fail"].split(",")
        raise Exit(call.out.fail(Failure(symbol, *contexts), with_code=not rules.get("nocode")))
    if rules.get("nocode"):
        raise Exit(call.out.fail(Failure("E_FAIL"), with_code=False))


def stub(call):
    """The in-box program of a computer without WSL: advice, then up to a minute for a key."""
    call.out.line(text.message(call.language, "install"))
    call.want_input()
    call.channel.sock.settimeout(float(call.state.setting("standin", "keyWait")) / 1000)
    try:
        call.channel.receive()
    except TimeoutError:
        pass
    finally:
        call.channel.sock.settimeout(None)
    raise Exit(MINUS_ONE)


def leave_keys(call):
    if call.rules.get("half-key"):
        call.state.new_distro().set(State=3)
    if call.rules.get("odd-subkey"):
        call.state.odd_subkey("AppxInstallerCache")
    if call.rules.get("half-key") or call.rules.get("odd-subkey"):
        call.service.changed()


def relay(call):
    for name in ("relay-off", "relay-delay", "relay-wrong-server"):
        if name in call.rules:
            call.service.relay_faults[name] = call.rules[name]


def about(call, verb, words):
    """The name of the distribution the call is about, as far as its words tell."""
    if verb == "run":
        default = call.state.default()
        return call.parsed.name or (default.name if default else None)
    return next((word for word in words if not word.startswith("-")), None) if verb in DISTRO_FIRST else None
