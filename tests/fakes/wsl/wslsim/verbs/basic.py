"""Verbs with little to them: help, terminate, unregister, shutdown, defaults."""
import contextlib
import os
import shutil
import time

from .. import disk, state as states
from ..errors import Exit, Failure
from ..output import MINUS_ONE
from . import litter
from .options import parse


def usage(call, words):
    del words
    call.out.say("usage")
    return MINUS_ONE


def one_name(call, words):
    """Exactly one word; a wrong number of them is a usage error."""
    if len(words) != 1:
        usage(call, words)
        raise Exit(MINUS_ONE)
    return words[0]


def shutdown(call, words):
    found, _ = parse(words, flags=("--force",))
    call.service.shutdown("--force" in found)


def terminate(call, words):
    distro = call.distro(one_name(call, words))
    call.service.terminate(distro)
    call.out.success()


def unregister(call, words):
    distro = call.distro(one_name(call, words), any_state=True)
    service = call.service
    with service.service_lock():
        if distro.guid in service.transient:
            raise Failure("E_ILLEGAL_STATE_CHANGE", "Service", "UnregisterDistro")
        distro.set(State=states.UNINSTALLING)
        service.changed()
        if distro.wsl2:
            discard(call, distro)
        litter.remove(call, distro)
        with contextlib.suppress(OSError):
            os.rmdir(service.host_base(distro))
        distro.remove_key()
        call.state.elect_default()
        service.changed()
    call.out.success()


def discard(call, distro):
    """Terminates, ejects and deletes the disk; one that others hold is tried for up to 10 s."""
    service = call.service
    guest = service.guests.get(distro.guid)
    if guest:
        guest.stop(0)
        service.guest_ended(guest)
    service.detach(distro.guid)
    path = service.disk_path(distro)
    deadline = time.monotonic() + float(call.state.setting("standin", "unregisterRetry")) / 1000
    while os.path.exists(path):
        if not service.disk_busy(path):
            os.unlink(path)
        elif time.monotonic() > deadline:
            raise Failure("ERROR_SHARING_VIOLATION", "Service")
        else:
            time.sleep(0.05)
    shutil.rmtree(service.tree(distro), ignore_errors=True)
