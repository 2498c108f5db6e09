"""--import-in-place: registers a disk where it lies; on failure the key goes and the disk stays (facts 1.5)."""
import os

from .. import disk
from ..errors import Failure
from . import importing
from .options import parse


def import_in_place(call, words):
    _, (name, file) = parse(words, least=2, most=2)
    host = call.paths.host(file)
    if not host or not os.path.isfile(host):
        raise Failure("ERROR_FILE_NOT_FOUND")
    if not host.lower().endswith((".vhd", ".vhdx")):
        raise Failure("E_INVALIDARG")
    importing.check_name(call, name)
    folder, disk_name = os.path.split(host)
    importing.check_folder(call, folder)
    base = call.paths.absolute(file)
    base = base[:max(base.rfind("\\"), base.rfind("/"))]
    distro = importing.begin(call, name, base, folder, 2, disk_name)
    try:
        with call.service.service_lock():
            attached = call.service.attach(distro, *importing.SERVICE)
            try:
                attached.disk.load(attached.root)
                attached.stamp()
            except disk.Corrupt as error:
                raise Failure("WSL_E_DISK_CORRUPTED", *importing.SERVICE) from error
    except BaseException:
        importing.undo(call, distro, host, keep_disk=True)
        raise
    importing.finish(call, distro, modern=True)
    call.out.success()
