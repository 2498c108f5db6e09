"""--import and --import-in-place (facts 1.5, 2.7)."""
import contextlib
import os
import re
import select
import shutil
import subprocess

from standin import protocol

from .. import disk, state as states
from ..errors import Exit, Failure
from ..output import MINUS_ONE
from ..state import ENVIRONMENT
from . import litter
from .options import parse

NAME = re.compile(r"^[a-zA-Z0-9._-]{1,256}$")
SERVICE = ("Service", "RegisterDistro")


def import_tar(call, words):
    found, (name, folder, file) = parse_import(words)
    version = wanted_version(call, found.get("--version"))
    vhd = "--vhd" in found
    if not vhd and file.lower().endswith((".vhd", ".vhdx")):
        call.out.say("vhd_without_option")
        return MINUS_ONE
    source = open_source(call, file)
    base, host = call.paths.absolute(folder), call.paths.host(folder)
    if host is None:
        raise Failure("ERROR_PATH_NOT_FOUND")
    made = make_folder(host)
    try:
        with contextlib.closing(source):
            register(call, name, (base, host), source, version, vhd)
    except BaseException:
        if made:
            with contextlib.suppress(OSError):
                os.rmdir(host)
        raise
    call.out.success()
    return 0


def parse_import(words):
    found, rest = parse(words, flags=("--vhd",), values=("--version",), least=3, most=3)
    return found, rest


def wanted_version(call, word):
    if word is None:
        return call.state.get("DefaultVersion", 2)
    if word not in ("1", "2"):
        raise Failure("ERROR_VERSION_PARSE_ERROR")
    return int(word)


def make_folder(host):
    """One level; True if it was missing."""
    try:
        os.mkdir(host)
        return True
    except FileExistsError:
        return False
    except FileNotFoundError as error:
        raise Failure("ERROR_PATH_NOT_FOUND") from error


class StandardInput:
    """The caller's standard input as something to read from."""

    path = "-"

    def __init__(self, call):
        self.call = call

    def read(self, length):
        del length
        return self.call.read_input()

    def close(self):
        pass


class File:
    def __init__(self, path):
        self.path = path
        self.file = open(path, "rb")

    def read(self, length):
        return self.file.read(length)

    def close(self):
        self.file.close()


def open_source(call, file):
    if file == "-":
        return StandardInput(call)
    host = call.paths.host(file)
    try:
        return File(host or "")
    except OSError as error:
        raise Failure("ERROR_FILE_NOT_FOUND") from error


def register(call, name, place, source, version, vhd, size=None):
    """The key is there at once, half-written, with state 3; it and the disk vanish when anything fails."""
    check_name(call, name)
    if vhd and version == 1:
        raise Failure("WSL_E_WSL2_NEEDED", *SERVICE)
    base, host = place
    disk_name = os.path.basename(source.path) if vhd else "ext4.vhdx"
    check_place(call, host, disk_name)
    distro = begin(call, name, base, host, version, disk_name if disk_name != "ext4.vhdx" else None)
    path = os.path.join(host, disk_name)
    try:
        if vhd:
            with open(path, "xb") as target:
                shutil.copyfileobj(source, target)
        elif version == 2:
            fill_disk(call, distro, path, source, size)
        else:
            fill_folder(call, os.path.join(host, "rootfs"), source)
    except BaseException:
        undo(call, distro, path)
        raise
    finish(call, distro, modern=not vhd)


def check_name(call, name):
    if not NAME.match(name) or name.lower() == "legacy":
        raise Failure("E_INVALIDARG", *SERVICE)
    if call.state.find(name):
        raise Failure("ERROR_ALREADY_EXISTS", *SERVICE)


def check_place(call, host, disk_name):
    if os.path.lexists(os.path.join(host, disk_name)):
        raise Failure("ERROR_FILE_EXISTS", *SERVICE)
    check_folder(call, host)


def check_folder(call, host):
    for one in call.state.distros():
        base = call.service.host_base(one)
        if base and os.path.realpath(base) == os.path.realpath(host):
            raise Failure("ERROR_FILE_EXISTS", *SERVICE)


def begin(call, name, base, host, version, disk_name):
    distro = call.state.new_distro()
    distro.set(State=states.INSTALLING)
    call.service.changed()
    distro.set(DistributionName=name, Version=2)
    call.service.set_base(distro, base, host)
    if disk_name:
        distro.set(VhdFileName=disk_name)
    distro.set(Flags=0xF if version == 2 else 7, DefaultUid=0, DefaultEnvironment=ENVIRONMENT)
    call.service.changed()
    return distro


def finish(call, distro, modern):
    if modern:
        distro.set(Modern=1, RunOOBE=0)
        litter.leave(call, distro)
    distro.set(State=states.INSTALLED)
    if not call.state.get("DefaultDistribution"):
        call.state.set("DefaultDistribution", distro.guid)
    call.service.changed()


def undo(call, distro, path, keep_disk=False):
    guest = call.service.guests.get(distro.guid)
    if guest:
        guest.stop(0)
    call.service.detach(distro.guid)
    shutil.rmtree(call.service.tree(distro), ignore_errors=True)
    if not keep_disk:
        with contextlib.suppress(OSError):
            os.unlink(path)
    distro.remove_key()
    call.service.changed()


def fill_disk(call, distro, path, source, size):
    with call.service.service_lock():
        call.service.boot(*SERVICE)
    disk.create(path, size or int(call.state.setting("wsl2", "defaultVhdSize")))
    busy = "import of " + distro.guid       # keeps the VM; no state of the distribution, which may be unregistered meanwhile
    call.service.transient[busy] = "Installing"
    try:
        attached = call.service.attach(distro, *SERVICE)
        fill_folder(call, attached.root, source)
        attached.store()
    finally:
        call.service.transient.pop(busy, None)


def fill_folder(call, root, source):
    os.makedirs(root, 0o755)
    status = unpack(call, root, source)
    if call.rules.get("disk-full"):
        raise Failure("ERROR_DISK_FULL", *SERVICE)
    if status or "import-abort" in call.rules:
        raise Failure("WSL_E_IMPORT_FAILED", *SERVICE)
    linux = os.path.lexists(os.path.join(root, "etc")) or os.path.lexists(os.path.join(root, "bin/sh"))
    if call.profile.linux_check and not linux:
        raise Failure("WSL_E_NOT_A_LINUX_DISTRO", *SERVICE)


def unpack(call, root, source):
    """Streams the archive into tar; its complaints go to standard error as they are."""
    with subprocess.Popen(unpacker(root), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as tar:
        try:
            feed(call, tar.stdin, source)
            with contextlib.suppress(BrokenPipeError):
                tar.stdin.close()
            call.out.raw_error(tar.stderr.read())
        except BaseException:
            tar.kill()
            raise
    return tar.returncode


def feed(call, pipe, source):
    left = call.rules.get("import-abort")
    while data := source.read(1 << 20):
        if left is not None:
            data, left = data[:left], left - len(data)
        try:
            pipe.write(data)
        except BrokenPipeError:
            return
        if source.path != "-":
            check_caller(call)
        if left is not None and left <= 0:
            return


def check_caller(call):
    """An import dies with its caller."""
    events = select.poll()
    events.register(call.channel.sock, select.POLLRDHUP)
    if events.poll(0):
        raise protocol.Gone("during import")


def unpacker(root):
    common = ["-C", root, "--numeric-owner", "-xpf", "-"]
    if os.getuid():
        common += ["--exclude", "dev/*", "--exclude", "./dev/*", "--no-same-owner"]
    if shutil.which("bsdtar"):
        return ["bsdtar", *common]
    raise Exit(MINUS_ONE)
