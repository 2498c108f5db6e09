"""Commands in a distribution: the front end's three streams are joined to the guest's (facts 1.2, 1.4)."""
import os

from .. import cmdline
from ..errors import Failure
from ..session import Session


def run(call, parsed):
    distro = find(call, parsed)
    if parsed.argv is not None and not parsed.argv:
        raise Failure("E_INVALIDARG")
    order = order_of(call, distro, parsed)
    guest = start(call, distro)
    order["user"] = order["user"] or guest.default_user()
    if call.rules.get("uid-clash") and call.profile.shared_cgroups:
        order["clash"] = call.service.uids_of_others(guest)
    if order["cd"] is None:
        order["cd"] = translated_folder(call, guest, parsed.cd or call.paths.cwd)
    return Session(call, guest, order).run()


def order_of(call, distro, parsed):
    """What guest.relay gets."""
    argv = cmdline.split(parsed.shell) if parsed.shell_type == "none" and parsed.shell is not None else parsed.argv
    return {"user": parsed.user, "uid": distro.get("DefaultUid", 0), "argv": argv, "shell": parsed.shell,
            "login": parsed.shell_type == "login", "env": environment(call, distro), "cd": folder(call, parsed)}


def find(call, parsed):
    if parsed.guid:
        found = call.state.find_guid(parsed.guid)
        if not found:
            raise Failure("WSL_E_DISTRO_NOT_FOUND", "Service", "CreateInstance", "ReadDistroConfig")
    elif parsed.name:
        found = call.distro(parsed.name)
    else:
        found = call.state.default()
        if not found:
            raise Failure("WSL_E_DEFAULT_DISTRO_NOT_FOUND")
    call.name = found.name
    if not found.wsl2:
        raise Failure("WSL_E_WSL1_NOT_SUPPORTED", "Service", "CreateInstance")
    return found


def start(call, distro):
    if distro.guid in call.service.transient:
        raise Failure("E_ILLEGAL_STATE_CHANGE", "Service", "CreateInstance")
    return call.service.start(distro, {"drives": call.paths.mounted(), "profile": call.profile, "tools": tools(call)})


def tools(call):
    """guest_tools.c, built: beside the front end, or where CTest says programs for tests are."""
    beside = os.path.dirname(call.program or "")
    places = [call.env.get("WSLSIM_TOOLS") or "", *(os.path.join(folder, "wsl-guest-tools") for folder in
                                                    (beside, os.environ.get("LIMA_TESTBIN") or beside))]
    return next((path for path in places if os.path.isfile(path)), None)


def folder(call, parsed):
    """--cd as a folder of the guest; a Windows folder, the caller's own if there is no --cd, is translated when the guest
    runs."""
    if parsed.cd is not None and parsed.cd[:1] in ("/", "~") and parsed.cd:
        return parsed.cd
    if parsed.cd is not None:
        host = call.paths.host(parsed.cd) if parsed.cd else None
        if host is None or not os.path.isdir(host):
            raise Failure("E_INVALIDARG")
    return None


def translated_folder(call, guest, path):
    found = call.paths.drive_of(path)
    enabled = guest.setting("automount", "enabled", "true").lower() in ("true", "1")
    if found and enabled:
        return os.path.join(guest.setting("automount", "root", "/mnt/"), *found)
    call.out.warn_of("cwd", folder=path)
    return "~"


def environment(call, distro):
    """The distribution's own variables and those of WSLENV."""
    env = dict(pair.split("=", 1) for pair in distro.get("DefaultEnvironment", []) if "=" in pair)
    env["WSL_DISTRO_NAME"] = distro.name
    for item in filter(None, call.env.get("WSLENV", "").split(":")):
        name, _, flags = item.partition("/")
        if name in call.env and "w" not in flags:
            env[name] = call.env[name]
    return env
