"""The tables of text.py. `suffix` and `label` are those of the real program; the rest is ours."""
NBSP = "\u00a0"

LANGUAGES = {
    "en": {
        "label": "Error code:", "suffix": " (Default)",
        "headline": "Installed distributions of the stand-in:",
        "success": "The operation has been carried out.",
        "none": "No distribution is installed here.\nOne can be installed by 'wsl.exe --install NAME'.",
        "none_running": "None of the distributions is running.",
        "failed": "The operation failed ({symbol}).",
        "not_found": "No distribution has the name that was given.",
        "name_used": "A distribution of this name is registered already.",
        "no_file": "The file or folder does not exist.",
        "bad_argument": "An argument is wrong.",
        "in_use": "Another process has the file open.",
        "not_stopped": "The distribution must be stopped first; try 'wsl.exe --shutdown'.",
        "no_user": "No such user in the distribution.",
        "unknown_option": "Unknown argument: {word}\nSee 'wsl.exe --help'.",
        "no_value": "Argument {word} wants a value.\nSee 'wsl.exe --help'.",
        "twice": "Argument {word} was given twice.\nSee 'wsl.exe --help'.",
        "usage": "Usage: wsl.exe [argument...] [option...] [command line]\n    --exec, -e   run without a shell\n    --list, -l   list distributions",
        "vhd_without_option": "To import a virtual disk, give --vhd.",
        "cwd": "the current folder '{folder}' has no counterpart in the distribution",
        "vm_gone": "The virtual machine has ended.",
        "install": "The Subsystem for Linux is not installed. It can be installed by 'wsl.exe --install'.\nPress any key to install it; "
                   "this ends after 60 seconds.",
        "version": "WSL version", "kernel": "Kernel version", "windows": "Windows version",
        "status": "Default version", "status_distro": "Default distribution",
    },
    "de": {
        "label": "Fehlercode:", "suffix": " (Standard)",
        "headline": "Installierte Verteilungen der Attrappe:",
        "success": "Der Vorgang wurde ausgeführt.",
        "none": "Hier ist keine Verteilung installiert.\nMit 'wsl.exe --install NAME' lässt sich eine installieren.",
        "none_running": "Keine der Verteilungen läuft.",
        "failed": "Der Vorgang ist fehlgeschlagen ({symbol}).",
        "not_found": "Keine Verteilung trägt den angegebenen Namen.",
    },
}
