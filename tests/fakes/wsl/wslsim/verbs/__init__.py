"""The verbs of wsl.exe: one function each, called with the Call and the words after the verb."""
from . import basic, importing, listing

VERBS = {
    "--import": importing.import_tar,
    "--list": listing.list_distros, "-l": listing.list_distros,
    "--terminate": basic.terminate, "-t": basic.terminate,
    "--unregister": basic.unregister,
    "--shutdown": basic.shutdown,
    "--help": basic.usage,
}


def find_verb(word):
    return VERBS[word]
