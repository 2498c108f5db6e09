"""virtdisk.dll: virtual disks and their chains (facts 4.3, 8). qemu-img does the work."""
import os
import shutil
import subprocess
import tempfile

from . import codes, files, vhdx
from .codes import Failure

DEPTH_LIMIT = 64
EXTENSIONS = (".vhdx", ".avhdx")
ALLOWED = {"sparse": "AlwaysAllowSparseFiles", "compressed": "SupportCompressedVolumes", "encrypted": "SupportEncryptedFiles"}
INFO_PARENT_LOCATION, INFO_PARENT_IDENTIFIER = 3, 4
SET_PARENT_PATH, SET_PARENT_PATH_WITH_DEPTH, SET_PARENT_LOCATOR = 1, 3, 7
SPARSE_FLAGS = {"compressed": 0x200, "sparse": 0x400}      # of opening: SUPPORT_COMPRESSED_VOLUMES, SUPPORT_SPARSE_FILES_ANY_FS
NO_PARENTS = 1
MEGABYTE = 1 << 20
SMALLEST, LARGEST = 3 * MEGABYTE, 64 << 40


def qemu_img(*words):
    program = shutil.which("qemu-img")
    if not program:
        raise codes.Mistake("virtual disks need qemu-img, which is not installed")
    done = subprocess.run([program, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode:
        raise codes.Mistake(f"qemu-img {' '.join(map(str, words))}: {done.stdout.strip()}")


def hindered(host, path, allowed):
    """What Windows does not attach unless it is told to (facts 8.5)."""
    for word in files.words_of(host, files.ATTRIBUTES):
        if word in ALLOWED and word not in allowed:
            raise Failure(codes.VHD_SYSTEM_LIMITATION,
                          f"'{path}': The requested operation could not be completed due to a virtual disk system limitation. Virtual hard disk "
                          f"files must be uncompressed and unencrypted and must not be sparse. ({word})", detail="ColdStartFailure")


def look(host, path):
    if not path.lower().endswith(EXTENSIONS):
        raise Failure(codes.VHD_PROVIDER_NOT_FOUND, f"'{path}': a virtual disk's name ends in .vhdx")
    try:
        return vhdx.Disk(host)
    except vhdx.Corrupt as error:
        raise Failure(codes.FILE_CORRUPT, f"'{path}': The file or directory is corrupted and unreadable. ({error})", detail="ColdStartFailure") from error
    except PermissionError as error:
        raise Failure(codes.E_ACCESSDENIED, f"'{path}': access denied") from error


def chain(paths, path, allowed=()):
    """The disk and all its parents, the disk first; refused when one is missing or is not what it was."""
    disks, host = [], files.found(paths, path)
    while True:
        hindered(host, path, allowed)
        disk = look(host, path)
        disk.named = path
        if disks and disk.write != disks[-1].parent:
            raise Failure(codes.VHD_PARENT_ID_MISMATCH, f"'{path}' has changed since its child '{disks[-1].named}' was made: the chain of virtual hard "
                          "disks is corrupted. There is a mismatch in the identifiers of the parent virtual hard disk and differencing disk.",
                          detail="ColdStartFailure")
        disks.append(disk)
        if not disk.is_child:
            return disks
        if len(disks) == DEPTH_LIMIT:
            raise Failure(codes.VHD_INVALID_STATE, f"'{path}': the chain has more than {DEPTH_LIMIT} disks")
        path = disk.path
        host = paths.host(path)
        if not host or not os.path.exists(host):
            raise Failure(codes.VHD_PARENT_NOT_FOUND, f"'{path}': the parent of '{disk.named}' is not there", detail="ColdStartFailure")


def content_of(disks):
    """The identity of what is on a disk now: a child that was never written to is what its parent is."""
    for disk in (look(one.host, one.named) for one in disks):
        if not disk.is_child or disk.written:
            return str(disk.write)
    return None


def link(disks):
    """QEMU finds parents by the paths of the host: makes them what they are now."""
    for child, parent in zip(disks, disks[1:]):
        _, extensions, backing = vhdx.split(open(child.host, "rb").read(vhdx.CLUSTER))
        if os.fsdecode(backing) != parent.host:
            qemu_img("rebase", "-u", "-f", "qcow2", "-F", parent.format, "-b", parent.host, child.host)
            assert extensions


class Disks:
    """Calls of virtdisk.dll, as `call(fields, paths)`. `in_use(host)`: a running VM has the file open for writing, or for reading."""

    def __init__(self, state, in_use):
        self.state = state
        self.in_use = in_use
        self.calls = {"CreateVirtualDisk": self.create, "OpenVirtualDisk": self.open, "GetVirtualDiskInformation": self.information,
                      "SetVirtualDiskInformation": self.set_information, "ResizeVirtualDisk": self.resize, "MergeVirtualDisk": self.merge,
                      "CompactVirtualDisk": self.compact}

    def need_free(self, host, path):
        if self.in_use(host):
            raise Failure(codes.SHARING_VIOLATION, f"'{path}': The process cannot access the file because it is being used by another process.")

    @staticmethod
    def need_writable(fields):
        if not int(fields["writable"]):
            raise Failure(codes.E_ACCESSDENIED, "the virtual disk was opened for reading")

    def open(self, fields, paths):
        path, flags = fields["path"], int(fields["flags"])
        allowed = [word for word, flag in SPARSE_FLAGS.items() if flags & flag]
        if int(fields["device"]) not in (0, 3):
            raise Failure(codes.VHD_PROVIDER_NOT_FOUND, f"'{path}': device {fields['device']} is no VHDX")
        if flags & NO_PARENTS:
            host = files.found(paths, path)
            hindered(host, path, allowed)
            disks = [look(host, path)]
        else:
            disks = chain(paths, path, allowed)
        if int(fields["writable"]):
            for disk in disks[:max(1, int(fields["depth"]))]:
                self.need_free(disk.host, path)
                if "read-only" in files.words_of(disk.host, files.ATTRIBUTES) or not os.access(disk.host, os.W_OK):
                    raise Failure(codes.E_ACCESSDENIED, f"'{disk.host}' is read-only")
        return {}

    # Creating.

    def create(self, fields, paths):
        path = fields["path"]
        host = paths.host(path)
        if not path.lower().endswith(EXTENSIONS) or int(fields["device"]) not in (0, 3):
            raise Failure(codes.VHD_PROVIDER_NOT_FOUND, f"'{path}': a virtual disk's name ends in .vhdx")
        if not host or not os.path.isdir(os.path.dirname(host)):
            raise Failure(codes.PATH_NOT_FOUND, f"'{path}': The system cannot find the path specified.")
        if os.path.lexists(host):
            raise Failure(codes.FILE_EXISTS, f"'{path}': The file exists.")
        if "parent" in fields and "source" in fields:
            raise Failure(codes.E_INVALIDARG, "a parent and a source at once")
        make = self.child if "parent" in fields else self.copy if "source" in fields else self.empty
        temporary = tempfile.mkdtemp(dir=os.path.dirname(host), prefix=".hcssim")
        try:
            made = os.path.join(temporary, "disk")
            make(fields, paths, made)
            os.rename(made, host)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return {}

    def empty(self, fields, _paths, host):
        size, block, sector = int(fields["size"]), int(fields["block"]) or 32 * MEGABYTE, int(fields["sector"]) or 512
        if size % sector or not SMALLEST <= size <= LARGEST:
            raise Failure(codes.E_INVALIDARG, f"size {size}")
        if sector != 512:           # QEMU knows no other
            raise codes.Mistake(f"logical sectors of {sector} bytes are not in the double")
        need_block(block)
        kind = "fixed" if int(fields["flags"]) & 1 else "dynamic"
        qemu_img("create", "-q", "-f", "vhdx", "-o", f"subformat={kind},block_size={block}", host, size)

    def child(self, fields, paths, host):
        if not self.state.is_on("chain"):
            raise Failure(codes.NOT_SUPPORTED, "children of virtual disks")
        parent = fields["parent"]
        if int(fields["size"]) or not is_absolute(parent):
            raise Failure(codes.E_INVALIDARG, "a child has its parent's size, and the parent's path is fully qualified")
        if "\\" in fields["path"] and parent.lower() == fields["path"].lower():
            raise Failure(codes.E_INVALIDARG, "a disk is no parent of its own")
        disks = chain(paths, parent)
        top = disks[0]
        qemu_img("create", "-q", "-f", "qcow2", "-F", top.format, "-b", top.host, "-o", f"cluster_size={vhdx.CLUSTER}", host)
        vhdx.put(host, {"id": str(vhdx.changed()), "write": str(vhdx.changed()), "parent": str(top.write), "path": parent, "written": False,
                        "block": int(fields["block"]) or 2 * MEGABYTE, "sector": top.sector, "physical": top.physical})

    def copy(self, fields, paths, host):
        source = chain(paths, fields["source"])
        self.need_free(source[0].host, fields["source"])
        link(source)
        block = int(fields["block"]) or 32 * MEGABYTE
        need_block(block)
        kind = "fixed" if int(fields["flags"]) & 1 else "dynamic"
        qemu_img("convert", "-q", "-f", source[0].format, "-O", "vhdx", "-o", f"subformat={kind},block_size={block}", source[0].host, host)

    # Looking and changing.

    def information(self, fields, paths):
        host = files.found(paths, fields["path"])
        disk = look(host, fields["path"])
        version = int(fields["version"])
        if version in (INFO_PARENT_LOCATION, INFO_PARENT_IDENTIFIER) and not disk.is_child:
            raise Failure(codes.VHD_INVALID_TYPE, f"'{fields['path']}' has no parent")
        parent = paths.host(disk.path) if disk.path else None
        return {"virtual": disk.size, "physical": os.stat(host).st_size, "block": disk.block, "sector": disk.sector, "identifier": disk.write,
                "disk_id": disk.id, "parent_identifier": disk.parent, "parent": disk.path, "resolved": int(bool(parent and os.path.exists(parent))),
                "physical_sector": disk.physical, "subtype": 4 if disk.is_child else 2 if disk.fixed else 3}

    def set_information(self, fields, paths):
        self.need_writable(fields)
        version, path = int(fields["version"]), fields["path"]
        if version not in (SET_PARENT_PATH, SET_PARENT_PATH_WITH_DEPTH, SET_PARENT_LOCATOR):
            raise codes.Mistake(f"SetVirtualDiskInformation version {version} is not in the double")
        if not int(fields["no_parents"]):
            raise Failure(codes.VHD_INVALID_STATE, "the disk was not opened with NO_PARENTS")
        if version == SET_PARENT_PATH_WITH_DEPTH and int(fields["child_depth"]) != 1:
            raise Failure(codes.E_INVALIDARG, "only the opened disk itself (depth 1) can be given another parent here")
        child = look(files.found(paths, path), path)
        if not child.is_child:
            raise Failure(codes.VHD_INVALID_TYPE, f"'{path}' has no parent")
        parent = look(files.found(paths, fields["parent"]), fields["parent"])
        if version != SET_PARENT_LOCATOR and parent.write != child.parent:
            raise Failure(codes.VHD_PARENT_ID_MISMATCH, f"'{fields['parent']}' is not what the parent of '{path}' was")
        if parent.size > child.size:
            raise Failure(codes.VHD_INVALID_STATE, f"'{fields['parent']}' is larger than '{path}'")
        qemu_img("rebase", "-u", "-f", "qcow2", "-F", parent.format, "-b", parent.host, child.host)
        child.set(path=fields["parent"], parent=str(parent.write))
        return {}

    def resize(self, fields, paths):
        self.need_writable(fields)
        disks = chain(paths, fields["path"])
        size = int(fields["size"])
        self.need_free(disks[0].host, fields["path"])
        if size % disks[0].sector or size > LARGEST:
            raise Failure(codes.E_INVALIDARG, f"size {size}")
        if size < disks[0].size:
            raise Failure(codes.E_INVALIDARG, f"{size} bytes are fewer than the {disks[0].size} there are")
        if size == disks[0].size:
            return {}
        if disks[0].is_child:
            link(disks)
            qemu_img("resize", "-q", "-f", "qcow2", disks[0].host, size)
        else:
            grow(disks[0], size)
        self.has_changed(disks[0])
        return {}

    @staticmethod
    def has_changed(disk):
        """What every write does. QEMU does it by itself for a VHDX."""
        if disk.is_child:
            disk.set(write=str(vhdx.changed()), written=True)

    def merge(self, fields, paths):
        """Of a depth counted from the opened disk, which is 1, into a deeper one."""
        self.need_writable(fields)
        disks = chain(paths, fields["path"])
        begin, end = int(fields["from"]), int(fields["to"])
        if begin != 1 or not 2 <= end <= len(disks):
            raise Failure(codes.E_INVALIDARG, f"depths {begin} to {end} of a chain of {len(disks)}")
        if int(fields["depth"]) < end:
            raise Failure(codes.E_ACCESSDENIED, f"the chain was opened for writing {fields['depth']} deep")
        for disk in disks[:end]:
            self.need_free(disk.host, disk.named)
        link(disks)
        target = disks[end - 1]
        if disks[0].size > target.size and not target.is_child:
            grow(target, disks[0].size)
        qemu_img("commit", "-q", "-d", "-f", "qcow2", "-b", target.host, disks[0].host)
        self.has_changed(target)
        # until the caller removes it, the child is one of the merged disk: a merge may be repeated
        now = look(target.host, target.named)
        if end == 2:
            disks[0].set(parent=str(now.write))
        return {}

    def compact(self, fields, paths):
        self.need_writable(fields)
        chain(paths, fields["path"])
        return {}


def grow(disk, size):
    """QEMU cannot: the content moves to a new file, which takes the old one's place in it."""
    temporary = disk.host + ".hcssim"
    kind = "fixed" if disk.fixed else "dynamic"
    try:
        qemu_img("create", "-q", "-f", "raw", temporary + ".raw", 0)
        qemu_img("convert", "-q", "-f", "vhdx", "-O", "raw", disk.host, temporary + ".raw")
        os.truncate(temporary + ".raw", size)
        qemu_img("convert", "-q", "-f", "raw", "-O", "vhdx", "-o", f"subformat={kind},block_size={disk.block}", temporary + ".raw", temporary)
        with open(temporary, "rb") as source, open(disk.host, "r+b") as target:     # the same file, with all it has
            shutil.copyfileobj(source, target, MEGABYTE)
            target.truncate()
    finally:
        for name in (temporary, temporary + ".raw"):
            if os.path.exists(name):
                os.unlink(name)


def need_block(block):
    if block & (block - 1) or not MEGABYTE <= block <= 256 * MEGABYTE:
        raise Failure(codes.E_INVALIDARG, f"block size {block}")


def is_absolute(path):
    return path.startswith("/") or path[1:3] in (":\\", ":/") or path.startswith("\\\\")
