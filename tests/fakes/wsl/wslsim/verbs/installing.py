"""--install: from a file only; there is no shop in here (facts 1.5)."""
import contextlib
import os

from ..errors import Failure
from . import importing
from .manage import parse_size
from .options import parse

ALIASES = {"-f": "--from-file", "-l": "--location", "-n": "--no-launch"}
FLAGS = ("--no-distribution", "--fixed-vhd", "--no-launch", "--web-download", "--legacy", "--enable-wsl1", "--pre-release")
VALUES = ("--from-file", "--name", "--location", "--version", "--vhd-size", "-d")


def install(call, words):
    found, rest = parse(words, FLAGS, VALUES, ALIASES, most=1)
    if "--from-file" not in found or not call.profile.manage:
        if "--no-distribution" in found:
            call.out.success()
            return 0
        raise Failure("WSL_E_INSTALL_PROCESS_FAILED", "InstallDistro")
    if rest or "--name" not in found:
        raise Failure("E_INVALIDARG")
    size = parse_size(found["--vhd-size"]) if "--vhd-size" in found else None
    source = importing.open_source(call, found["--from-file"])
    folder = found.get("--location") or default_folder(call, found["--name"])
    base, host = call.paths.absolute(folder), call.paths.host(folder)
    made = importing.make_folder(host)
    try:
        with contextlib.closing(source):
            importing.register(call, found["--name"], (base, host), source, importing.wanted_version(call, found.get("--version")), False, size)
    except BaseException:
        if made:
            with contextlib.suppress(OSError):
                os.rmdir(host)
        raise
    call.state.find(found["--name"]).set(RunOOBE=1)
    call.service.changed()
    call.out.success()
    return 0


def default_folder(call, name):
    """Below C:\\wsl; the real one takes a folder named by the GUID below the user's profile."""
    letter, root = next(iter(call.paths.mounted().items()))
    os.makedirs(os.path.join(root, "wsl"), exist_ok=True)
    return f"{letter.upper()}:\\wsl\\{name}" if call.windows else os.path.join(root, "wsl", name)
