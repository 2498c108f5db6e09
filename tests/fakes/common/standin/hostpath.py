"""Paths of the caller on this host: on Linux they are what they are, under Wine a drive leads to a host folder."""
import os
import re

DRIVE = re.compile(r"^(?:\\\\\?\\)?([A-Za-z]):[\\/]?(.*)$", re.S)


class Paths:
    """One caller's view: `windows`, its current folder, and drives {letter: host folder}."""

    def __init__(self, windows, cwd, drives):
        self.windows = windows
        self.cwd = cwd
        self.drives = {letter.lower(): folder for letter, folder in drives.items()}

    def host(self, path):
        """The host path of what the caller named; None if it names nothing here."""
        if not self.windows and not DRIVE.match(path):
            return os.path.normpath(os.path.join(self.cwd, path))
        if path.startswith("\\\\?\\unix\\"):
            return path[8:].replace("\\", "/")
        found = DRIVE.match(self.absolute(path))
        if not found or found.group(1).lower() not in self.drives:
            return None
        return walk(self.drives[found.group(1).lower()], found.group(2))

    def absolute(self, path):
        """In the caller's own form, as BasePath keeps it."""
        if not self.windows and not DRIVE.match(path):
            return os.path.normpath(os.path.join(self.cwd, path))
        if DRIVE.match(path) and path[-1:] != ":":
            return path.replace("/", "\\").rstrip("\\") if len(path) > 3 else path
        if path.startswith("\\\\"):
            return path
        if path[:1] in "\\/":
            return self.cwd[:2] + path.replace("/", "\\")
        return self.cwd.rstrip("\\") + "\\" + path.replace("/", "\\")

    def drive_of(self, folder):
        """(letter, rest with slashes) of a folder below one of the drives, else None. Wine's Z: is all of the host: no drive
        of the VM."""
        found = DRIVE.match(folder)
        if self.windows or found:
            if found and found.group(1).lower() in self.mounted():
                return found.group(1).lower(), found.group(2).replace("\\", "/").strip("/")
            return None
        for letter, root in self.mounted().items():
            if folder == root or folder.startswith(root.rstrip("/") + "/"):
                return letter, folder[len(root):].strip("/")
        return None

    def mounted(self):
        """The fixed drives."""
        return {letter: root for letter, root in self.drives.items() if os.path.realpath(root) != "/"}


def walk(folder, rest):
    """Below `folder` by a path of Windows, whose names know no upper and lower case."""
    for name in re.split(r"[\\/]+", rest):
        if name in ("", "."):
            continue
        if name == "..":
            folder = os.path.dirname(folder)
            continue
        folder = os.path.join(folder, spelled(folder, name))
    return folder


def spelled(folder, name):
    if os.path.lexists(os.path.join(folder, name)):
        return name
    try:
        return next((one for one in os.listdir(folder) if one.lower() == name.lower()), name)
    except OSError:
        return name
