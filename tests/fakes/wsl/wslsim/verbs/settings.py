"""Verbs about defaults, versions and the package itself."""
from .. import text
from ..errors import Failure
from .basic import one_name, usage
from .options import parse


def set_default(call, words):
    distro = call.distro(one_name(call, words))
    call.state.set("DefaultDistribution", distro.guid)
    call.service.changed()
    call.out.success()


def set_default_version(call, words):
    word = one_name(call, words)
    if word not in ("1", "2"):
        raise Failure("ERROR_VERSION_PARSE_ERROR")
    call.state.set("DefaultVersion", int(word))
    call.service.changed()
    call.out.success()


def set_version(call, words):
    """Converting is not done here: this computer has no WSL1."""
    if len(words) != 2:
        return usage(call, words)
    if words[1] not in ("1", "2"):
        raise Failure("ERROR_VERSION_PARSE_ERROR")
    distro = call.distro(words[0])
    if distro.wsl2 != (words[1] == "2"):
        raise Failure("WSL_E_WSL1_NOT_SUPPORTED", "Service", "SetVersion")
    call.out.success()
    return 0


def version(call, words):
    if words or not call.profile.version_verb:
        return usage(call, words)
    rows = (("version", call.profile.version + ".0"), ("kernel", "6.6.87.2-1"), ("windows", "10.0.26100.4061"))
    for key, value in rows:
        call.out.line(f"{text.message(call.language, key)}{colon(call.language)} {value}")
    return 0


def colon(language):
    return {"ja": "：", "zh-CN": "：", "zh-TW": "：", "fr": "\u00a0:"}.get(language, ":")


def status(call, words):
    if words:
        return usage(call, words)
    default = call.state.default()
    if default:
        call.out.line(f"{text.message(call.language, 'status_distro')}{colon(call.language)} {default.name}")
    call.out.line(f"{text.message(call.language, 'status')}{colon(call.language)} {call.state.get('DefaultVersion', 2)}")
    return 0


def update(call, words):
    """There is nothing newer; as the real one it ends the VM only when it installs something."""
    parse(words, flags=("--pre-release", "--web-download", "--confirm", "--prompt-before-exit"))
    call.out.success()


def uninstall(call, words):
    if words:
        return usage(call, words)
    raise Failure("E_ACCESSDENIED")


def mount(call, words):
    parse(words, flags=("--vhd", "--bare", "-b"), values=("--name", "-n", "--type", "-t", "--options", "-o", "--partition", "-p"),
          least=1, most=1)
    raise Failure("WSL_E_ELEVATION_NEEDED_TO_MOUNT_DISK", "Service", "AttachDisk")


def unmount(call, words):
    _, rest = parse(words, most=1)
    if rest:
        raise Failure("ERROR_FILE_NOT_FOUND", "Service", "DetachDisk")
    call.out.success()
    return 0
