"""--manage: move, resize, sparse, default user (facts 1.5)."""
import contextlib
import os
import re
import shutil
import struct

from .. import cmdline, disk
from ..errors import Exit, Failure
from ..session import Session
from . import running
from .options import parse

ALIASES = {"-m": "--move", "-r": "--resize", "-s": "--set-sparse"}
ACTIONS = ("--move", "--resize", "--set-sparse", "--set-default-user")
SIZE = re.compile(r"^(\d+)(B|K|KB|M|MB|G|GB|T|TB)$", re.I)
ILLEGAL = re.compile(r'[<>"|?*]')


def manage(call, words):
    found, rest = parse(words, flags=("--allow-unsafe",), values=ACTIONS, aliases=ALIASES, least=1, most=1)
    chosen = [name for name in ACTIONS if name in found]
    if len(chosen) != 1 or ("--allow-unsafe" in found and chosen != ["--set-sparse"]):
        raise Failure("E_INVALIDARG")
    value = found[chosen[0]]
    size = parse_size(value) if chosen == ["--resize"] else None
    distro = call.distro(rest[0])
    if chosen == ["--set-default-user"]:
        set_default_user(call, distro, value)
    else:
        with call.service.service_lock():
            if distro.guid in call.service.transient:
                raise Failure("E_ILLEGAL_STATE_CHANGE", "Service")
            if chosen == ["--move"]:
                move(call, distro, value)
            elif chosen == ["--resize"]:
                resize(call, distro, size)
            else:
                set_sparse(call, distro, value, "--allow-unsafe" in found)
    call.out.success()


def parse_size(word):
    match = SIZE.match(word)
    if not match:
        raise Failure("E_INVALIDARG")
    return int(match.group(1)) << 10 * "BKMGT".index(match.group(2)[0].upper())


def stopped(call, distro, *contexts):
    if call.service.running(distro):
        raise Failure("WSL_E_DISTRO_NOT_STOPPED", "Service", *contexts)


@contextlib.contextmanager
def opened(call, distro, symbol, *contexts):
    """The disk, unless the VM or somebody else has it."""
    path = call.service.disk_path(distro)
    try:
        if call.service.disk_busy(path):
            raise Failure(symbol, "Service", *contexts)
        with disk.opened(path) as file:
            yield file
    except FileNotFoundError as error:
        raise Failure("ERROR_FILE_NOT_FOUND", "Service", *contexts) from error
    except (disk.Corrupt, struct.error) as error:
        raise Failure("WSL_E_DISK_CORRUPTED", "Service", *contexts) from error


def resize(call, distro, size):
    with opened(call, distro, "WSL_E_DISTRO_NOT_STOPPED") as file:
        if size < file.length or size < 3 * disk.MIB:
            raise Failure("E_FAIL", "Service")
        file.resize(size)


def set_sparse(call, distro, word, unsafe):
    words = {"true": True, "1": True, "false": False, "0": False}
    if word.lower() not in words:
        raise Failure("E_INVALIDARG")
    if words[word.lower()] and not unsafe:
        raise Failure("E_INVALIDARG", "Service")
    stopped(call, distro)
    with opened(call, distro, "ERROR_SHARING_VIOLATION") as file:
        file.set_sparse(words[word.lower()])


def move(call, distro, folder):
    context = "MoveDistro"
    if call.windows and ILLEGAL.search(folder):
        raise Failure("ERROR_INVALID_NAME", "Service", context)
    stopped(call, distro, context)
    host = call.paths.host(folder)
    if not host:
        raise Failure("ERROR_PATH_NOT_FOUND", "Service", context)
    with opened(call, distro, "ERROR_SHARING_VIOLATION", context):
        pass
    old = call.service.disk_path(distro)
    target = os.path.join(host, distro.disk_name)
    if os.path.lexists(target):
        raise Failure("ERROR_FILE_EXISTS", "Service", context)
    os.makedirs(host, exist_ok=True)
    shutil.move(old, target)
    call.service.set_base(distro, call.paths.absolute(folder), host)
    distro.set(VhdFileName=distro.disk_name)
    call.service.changed()


class Collected:
    """Instead of the caller's streams."""

    def __init__(self):
        self.data = b""

    def take(self, data):
        self.data += data


def set_default_user(call, distro, name):
    """The guest's own id says the number; when it fails, its exit status is ours."""
    parsed = cmdline.Run()
    parsed.name, parsed.user, parsed.cd, parsed.argv = distro.name, "root", "/", ["/usr/bin/id", "-u", name]
    out = Collected()
    session = Session(call, running.start(call, distro), running.order_of(call, distro, parsed))
    session.take_output = out.take
    status = session.run()
    if status or not out.data.strip().isdigit():
        raise Exit(status or 1)
    distro.set(DefaultUid=int(out.data))
    call.service.changed()
