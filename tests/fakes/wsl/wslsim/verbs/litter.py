"""What WSL leaves in the Start menu and in Windows Terminal for each distribution (facts 1.5), unless the tree opts out."""
import configparser
import contextlib
import json
import os

from .. import disk

KINDS = {"ShortcutPath": ("shortcut", "APPDATA", "Microsoft/Windows/Start Menu/Programs/{name}.lnk"),
         "TerminalProfilePath": ("windowsterminal", "LOCALAPPDATA", "Microsoft/Windows Terminal/Fragments/Microsoft.WSL/{guid}.json")}
HOME = {"APPDATA": "Users/user/AppData/Roaming", "LOCALAPPDATA": "Users/user/AppData/Local"}


def leave(call, distro):
    if not distro.wsl2 or call.state.setting("standin", "shortcuts").lower() != "true":
        return
    settings = distribution_conf(os.path.join(call.service.tree(distro), "root"))
    for value, (section, variable, name) in KINDS.items():
        if settings.get(section, "enabled", fallback="true").strip().lower() != "false":
            write(call, distro, value, place(call, variable), name.format(name=distro.name, guid=distro.guid))


def distribution_conf(root):
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    path = os.path.realpath(os.path.join(root, "etc/wsl-distribution.conf"))
    if path.startswith(os.path.realpath(root) + "/"):
        with contextlib.suppress(configparser.Error, UnicodeDecodeError):
            parser.read(path, encoding="utf-8")
    return parser


def place(call, variable):
    """The folder in the caller's form."""
    if call.windows:
        return call.env.get(variable) or "C:\\" + HOME[variable].replace("/", "\\")
    return os.path.join(call.paths.drives["c"], HOME[variable])


def write(call, distro, value, folder, name):
    path = folder + "\\" + name.replace("/", "\\") if call.windows else os.path.join(folder, name)
    host = call.paths.host(path)
    if not host:
        return
    with contextlib.suppress(OSError):          # a name may be too long for a file
        os.makedirs(os.path.dirname(host), exist_ok=True)
        with open(host, "w", encoding="utf-8") as file:
            json.dump({"profiles": [{"name": distro.name}]}, file)
        distro.set(**{value: path})
        call.state.write(call.state.path("host", f"{distro.guid}.{value}"), host)


def remove(call, distro):
    for value in KINDS:
        kept = call.state.path("host", f"{distro.guid}.{value}")
        target = disk.read(kept)
        if target:
            with contextlib.suppress(OSError):
                os.unlink(target)
            os.unlink(kept)
