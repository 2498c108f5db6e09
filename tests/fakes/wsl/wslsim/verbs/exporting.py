"""--export (facts 1.5). The target is made before the distribution is looked for, and removed when anything fails: an
existing file of that name is lost, as with the real one."""
import contextlib
import os
import shutil
import subprocess

from .. import disk
from ..errors import Failure
from .importing import check_caller
from .options import parse

FORMATS = {"tar": [], "tar.gz": ["-z"], "tar.xz": ["-J"], "vhd": None}
PIECE = 1 << 20


def export(call, words):
    values = ("--format",) if call.profile.export_format else ()
    found, (name, file) = parse(words, flags=("--vhd",), values=values, least=2, most=2)
    kind = "vhd" if "--vhd" in found else found.get("--format", "tar")
    if kind not in FORMATS:
        raise Failure("E_INVALIDARG")
    if file == "-":
        call.out.silent = True          # nothing but the archive
        write(call, name, kind, file, call.out.raw)
        return 0
    path = call.paths.host(file)
    try:
        target = open(path or "", "wb")
    except OSError as error:
        raise Failure("ERROR_PATH_NOT_FOUND") from error
    try:
        with target:
            write(call, name, kind, file, target.write)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    call.out.success()
    return 0


def write(call, name, kind, file, sink):
    distro = call.distro(name)
    if kind == "vhd" and not distro.wsl2:
        raise Failure("WSL_E_WSL2_NEEDED", "Service")
    with held(call, distro, "Exporting", "ExportDistro"):
        if kind == "vhd":
            copy_disk(call, distro, file, sink)
        else:
            pack(call, distro, FORMATS[kind], sink)


@contextlib.contextmanager
def held(call, distro, word, context):
    """Terminated and in a transient state: everything else is refused meanwhile."""
    service = call.service
    with service.service_lock():
        if distro.guid in service.transient:
            raise Failure("E_ILLEGAL_STATE_CHANGE", "Service", context)
        service.terminate(distro)
        service.transient[distro.guid] = word
    try:
        yield
    finally:
        service.transient.pop(distro.guid, None)


def copy_disk(call, distro, file, sink):
    path = call.service.disk_path(distro)
    if os.path.splitext(file)[1].lower() != os.path.splitext(path)[1].lower():
        raise Failure("WSL_E_EXPORT_FAILED", "Service")
    try:
        if call.service.disk_busy(path):
            raise Failure("ERROR_SHARING_VIOLATION", "Service")
        source = open(path, "rb")
    except FileNotFoundError as error:
        raise Failure("ERROR_FILE_NOT_FOUND", "Service") from error
    with source:
        pour(call, source, sink)


def pack(call, distro, options, sink):
    service = call.service
    if distro.wsl2:
        with service.service_lock():
            attached = service.attach(distro, "Service", "ExportDistro")
            root = attached.ready_tree()
    else:
        root = os.path.join(service.host_base(distro), "rootfs")
    program = "bsdtar" if shutil.which("bsdtar") else "tar"
    argv = [program, "-C", root, "--one-file-system", "--numeric-owner", "--xattrs", *options, "-cf", "-", "."]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as packer:
        try:
            pour(call, packer.stdout, sink)
        except BaseException:
            packer.kill()
            raise
        call.out.raw_error(packer.stderr.read())
    if packer.returncode:
        raise Failure("WSL_E_EXPORT_FAILED", "Service", "ExportDistro")
    if distro.wsl2:
        attached.store()


def pour(call, source, sink):
    while data := source.read(PIECE):
        if call.rules.get("disk-full"):
            raise Failure("ERROR_DISK_FULL", "Service", "ExportDistro")
        sink(data)
        check_caller(call)
