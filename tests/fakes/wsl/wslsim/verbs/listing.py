"""--list in all its forms (facts 1.6)."""
from .. import text
from ..errors import Failure
from ..output import MINUS_ONE
from ..state import INSTALLED, INSTALLING, UNINSTALLING
from .options import parse

ALIASES = {"-q": "--quiet", "-v": "--verbose", "-o": "--online"}
FLAGS = ("--all", "--running", "--quiet", "--verbose", "--online")


def list_distros(call, words):
    found, _ = parse(words, FLAGS, aliases=ALIASES)
    quiet, verbose, running = ("--" + name in found for name in ("quiet", "verbose", "running"))
    everything = "--all" in found
    if (quiet and verbose) or (everything and running) or ("--online" in found and (verbose or everything)):
        call.out.say("usage")
        return MINUS_ONE
    if "--online" in found:
        return online(call, quiet)
    with call.service.service_lock():
        rows = ordered(call.state)
        rows = [one for one in rows if visible(call, one, everything or verbose)]
        if running and not verbose:
            rows = [one for one in rows if call.service.running(one)]
        names = [(one, state_of(call, one)) for one in rows]
    if verbose and names:
        return table(call, names)
    return plain(call, [one for one, _ in names], quiet, running)


def ordered(state):
    """The default one first, the others as the registry has them; half-written keys are none."""
    default = state.default()
    rows = [one for one in state.distros() if one.name and one.state]
    return sorted(rows, key=lambda one: default is None or one.guid != default.guid)


def visible(call, distro, everything):
    return everything or (distro.state == INSTALLED and distro.guid not in call.service.transient)


def state_of(call, distro):
    stored = {INSTALLING: "Installing", UNINSTALLING: "Uninstalling"}.get(distro.state)
    return stored or call.service.transient.get(distro.guid) or ("Running" if call.service.running(distro) else "Stopped")


def plain(call, distros, quiet, running):
    if quiet:
        for one in distros:
            call.out.line(one.name)
        return 0
    if not distros and running:
        call.out.say("none_running")
        return MINUS_ONE
    if not distros:
        return call.out.fail(Failure("WSL_E_DEFAULT_DISTRO_NOT_FOUND"))
    default = call.state.default()
    call.out.say("headline")
    for one in distros:
        suffix = text.default_suffix(call.language) if default and one.guid == default.guid else ""
        call.out.line(one.name + suffix)
    return 0


def table(call, names):
    width = max(4, max(len(one.name) for one, _ in names)) + 4
    default = call.state.default()
    call.out.line("  " + "NAME".ljust(width) + "STATE".ljust(16) + "VERSION")
    for one, word in names:
        mark = "*" if default and one.guid == default.guid else " "
        word = call.rules.get("state-word") or text.state_word(call.language, call.profile, word)
        call.out.line(f"{mark} {one.name.ljust(width)}{word.ljust(16)}{2 if one.wsl2 else 1}")
    return 0


def online(call, quiet):
    """There is no network in here: one name, made up."""
    if not quiet:
        call.out.say("headline")
        call.out.line("NAME".ljust(16) + "FRIENDLY NAME")
    call.out.line("Standin" if quiet else "Standin".ljust(16) + "Stand-in Linux")
    return 0
