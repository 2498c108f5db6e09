"""The verbs of wsl.exe: one function each, called with the Call and the words after the verb; None means success (0)."""
from . import basic, exporting, importing, inplace, installing, listing, manage, settings

VERBS = {
    "--export": exporting.export,
    "--help": basic.usage,
    "--import": importing.import_tar,
    "--import-in-place": inplace.import_in_place,
    "--install": installing.install,
    "--list": listing.list_distros, "-l": listing.list_distros,
    "--manage": manage.manage,
    "--mount": settings.mount,
    "--set-default": settings.set_default, "--setdefault": settings.set_default, "-s": settings.set_default,
    "--set-default-version": settings.set_default_version,
    "--set-version": settings.set_version,
    "--shutdown": basic.shutdown,
    "--status": settings.status,
    "--terminate": basic.terminate, "-t": basic.terminate,
    "--uninstall": settings.uninstall,
    "--unmount": settings.unmount,
    "--unregister": basic.unregister,
    "--update": settings.update,
    "--version": settings.version, "-v": settings.version,
}
LONG = {"-l": "list", "-s": "set-default", "--setdefault": "set-default", "-t": "terminate", "-v": "version"}


def known(profile):
    """What this version takes for a verb; the rest is an unknown option to it."""
    missing = set() if profile.manage else {"--manage"}
    if not profile.version_verb:
        missing |= {"--version", "-v"}
    return VERBS.keys() - missing


def verb_name(word):
    """For fault rules: the long form without dashes."""
    return LONG.get(word) or word[2:]
