"""Host files as a VM's worker meets them: whether they are there, whether it may use them, what hinders (facts 8.3, 8.5).

An access that was granted, and attributes that only NTFS has, are extended attributes of the file: they move with it, and
are gone with it, as real ones are.
"""
import os

from .codes import E_ACCESSDENIED, FILE_NOT_FOUND, PATH_NOT_FOUND, Failure

GRANTS = "user.hcssim.grants"
ATTRIBUTES = "user.hcssim.attributes"   # words of sparse, compressed, encrypted, read-only
EVERYONE = "*"


def words_of(path, name):
    try:
        return os.getxattr(path, name).decode().split()
    except OSError:
        return []


def set_words(path, name, words):
    if words:
        os.setxattr(path, name, " ".join(words).encode())
    elif words_of(path, name):
        os.removexattr(path, name)


def found(paths, path):
    """The host path of what a document names; refused if nothing is there."""
    host = paths.host(path) if path else None
    if not host:
        raise Failure(PATH_NOT_FOUND, f"'{path}': The system cannot find the path specified.")
    if not os.path.exists(host):
        there = os.path.isdir(os.path.dirname(host))
        raise Failure(FILE_NOT_FOUND if there else PATH_NOT_FOUND,
                      f"'{path}': The system cannot find the {'file' if there else 'path'} specified.")
    return host


def grant(host, vm):
    set_words(host, GRANTS, sorted({*words_of(host, GRANTS), vm.lower()}))


def revoke(host, vm):
    set_words(host, GRANTS, [one for one in words_of(host, GRANTS) if one != vm.lower()])


def may_use(host, vm):
    granted = words_of(host, GRANTS)
    return vm.lower() in granted or EVERYONE in granted


def need_access(host, path, vm):
    if not may_use(host, vm):
        raise Failure(E_ACCESSDENIED, f"'{path}': General access denied error: access was not granted to the virtual machine ({vm}).",
                      detail="ColdStartFailure")


def new_file(paths, path, content):
    """An empty guest-state or runtime-state file."""
    host = paths.host(path)
    if not host or not os.path.isdir(os.path.dirname(host)):
        raise Failure(PATH_NOT_FOUND, f"'{path}': The system cannot find the path specified.")
    with open(host, "wb") as file:
        file.write(content)
    return host


def in_drive_root(path):
    """C:\\x: a worker is refused there (facts 4.1)."""
    return path.replace("/", "\\").count("\\") == 1
