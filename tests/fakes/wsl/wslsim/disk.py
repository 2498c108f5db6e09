"""A distribution's disk: one file, ext4.vhdx, that holds the whole tree, so that a copy of the file is a copy of the
content.

The file has the shape of a VHDX (identifier, two headers with sequence numbers, region tables, metadata with the virtual
size), its creator field says WSLSIMVHD1, and a region of our own, which readers may ignore, holds the tree as a tar.
While a distribution runs, the truth is the tree in rootfs/; it is written into the file when the distribution stops, as
an unmount would. Each start and each stop gives the content a new UUID, so a file that was swapped (an older copy put
back) is told from the one used last: then the tree is made anew from the file. Attached = an flock on the file (and,
under Wine, an open handle of the agent that shares reading only).
"""
import contextlib
import fcntl
import functools
import os
import shutil
import struct
import subprocess
import uuid

KIB, MIB = 1 << 10, 1 << 20
MAGIC = "WSLSIMVHD1"
HEADERS = (64 * KIB, 128 * KIB)
REGIONS = (192 * KIB, 256 * KIB)
METADATA, BAT, CONTENT = 2 * MIB, 3 * MIB, 4 * MIB
BAT_GUID = uuid.UUID("2DC27766-F623-4200-9D64-115E9BFD4A08")
METADATA_GUID = uuid.UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E")
CONTENT_GUID = uuid.UUID("77736c73-696d-4768-a476-686478000001")
ITEMS = (       # id, format, flags: virtual disk (2), required (4)
    ("block", uuid.UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B"), "<II", 4),
    ("size", uuid.UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8"), "<Q", 6),
    ("logical", uuid.UUID("8141BF1D-A96F-4709-BA47-F233A8FAAB5F"), "<I", 6),
    ("physical", uuid.UUID("CDA348C7-445D-4471-9CC9-E9885251C556"), "<I", 6),
    ("page83", uuid.UUID("BECA12AB-B2E6-4523-93EF-C309E000C746"), "<16s", 6),
)
SIZE_AT = METADATA + 64 * KIB + 16      # of the virtual size, where this module puts it
CONTENT_HEAD = struct.Struct("<16s16sQQ")       # magic, uuid, bytes of tar, sparse flag


class Corrupt(Exception):
    """Not a disk of the stand-in."""


def crc32c(data):
    table = crc32c.table
    value = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _crc_table():
    rows = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        rows.append(value)
    return rows


crc32c.table = _crc_table()


def summed(block):
    """With its checksum in place (bytes 4 to 8)."""
    return block[:4] + struct.pack("<I", crc32c(block[:4] + bytes(4) + block[8:])) + block[8:]


class Disk:
    """An open disk file."""

    def __init__(self, file):
        self.file = file
        head = self.at(CONTENT, CONTENT_HEAD.size)
        if self.at(0, 8) != b"vhdxfile" or len(head) < CONTENT_HEAD.size:
            raise Corrupt("no identifier")
        magic, ident, self.length, self.sparse = CONTENT_HEAD.unpack(head)
        if magic.rstrip(b"\0") != MAGIC.encode():
            raise Corrupt("no content")
        if os.fstat(file.fileno()).st_size < CONTENT + 4096 + self.length:
            raise Corrupt("cut off")
        self.uuid = str(uuid.UUID(bytes=ident))

    def at(self, offset, length):
        return os.pread(self.file.fileno(), length, offset)

    def put(self, offset, data):
        view = memoryview(data)
        while view:
            done = os.pwrite(self.file.fileno(), view, offset)
            view, offset = view[done:], offset + done

    @property
    def size(self):
        return struct.unpack("<Q", self.at(SIZE_AT, 8))[0]

    def resize(self, size):
        self.put(SIZE_AT, struct.pack("<Q", size))
        self.touch(dirty=False)

    def set_sparse(self, value):
        self.sparse = int(value)
        self.write_head()

    def write_head(self):
        self.put(CONTENT, CONTENT_HEAD.pack(MAGIC.encode(), uuid.UUID(self.uuid).bytes, self.length, self.sparse))

    def renew(self):
        """Other content from here on."""
        self.uuid = str(uuid.uuid4())
        self.write_head()

    def touch(self, dirty):
        """The next header: sequence number up, a log while the disk is in use."""
        current = max((self.at(at, 4096) for at in HEADERS), key=lambda block: struct.unpack_from("<Q", block, 8)[0])
        sequence = struct.unpack_from("<Q", current, 8)[0] + 1
        log = uuid.uuid4().bytes_le if dirty else bytes(16)
        self.put(HEADERS[sequence % 2], header(sequence, log))

    def store(self, tree):
        """Writes the tree into the file."""
        self.put(CONTENT, bytes(16))            # a crash in here leaves a corrupt disk, not a wrong one
        offset = CONTENT + 4096
        with subprocess.Popen(["tar", "-C", tree, "--one-file-system", "--numeric-owner", "--xattrs", "--sparse", "--warning=none", "-cf", "-", "."],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as packer:
            while data := packer.stdout.read(MIB):
                self.put(offset, data)
                offset += len(data)
        self.length = offset - CONTENT - 4096
        os.ftruncate(self.file.fileno(), -(-offset // MIB) * MIB)
        self.renew()
        self.touch(dirty=False)

    def load(self, tree):
        """The tree as the file holds it."""
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(tree, 0o755)
        with subprocess.Popen(["tar", "-C", tree, "--numeric-owner", "--xattrs", "--delay-directory-restore", "-xpf", "-"],
                              stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpacker:
            offset, left = CONTENT + 4096, self.length
            while left:
                data = self.at(offset, min(left, MIB))
                if not data:
                    break
                with contextlib.suppress(BrokenPipeError):
                    unpacker.stdin.write(data)
                offset, left = offset + len(data), left - len(data)
            with contextlib.suppress(BrokenPipeError):
                unpacker.stdin.close()
        if unpacker.returncode:
            raise Corrupt("the tree cannot be unpacked")


def header(sequence, log):
    block = struct.pack("<4sIQ16s16s16sHHIQ", b"head", 0, sequence, uuid.uuid4().bytes_le, uuid.uuid4().bytes_le, log, 0, 1, MIB, MIB)
    return summed(block.ljust(4096, b"\0"))


@functools.cache
def region_table():
    rows = ((BAT_GUID, BAT, MIB, 1), (METADATA_GUID, METADATA, MIB, 1), (CONTENT_GUID, CONTENT, MIB, 0))
    block = struct.pack("<4sIII", b"regi", 0, len(rows), 0)
    block += b"".join(struct.pack("<16sQII", guid.bytes_le, at, length, required) for guid, at, length, required in rows)
    return summed(block.ljust(64 * KIB, b"\0"))


def metadata(size):
    values = {"block": (32 * MIB, 0), "size": (size,), "logical": (512,), "physical": (4096,), "page83": (uuid.uuid4().bytes_le,)}
    table, data = struct.pack("<8sHH20x", b"metadata", 0, len(ITEMS)), b""
    for name, guid, form, flags in ITEMS:
        packed = struct.pack(form, *values[name]).ljust(16, b"\0")
        table += struct.pack("<16sIIII", guid.bytes_le, 64 * KIB + len(data), struct.calcsize(form), flags, 0)
        data += packed
    return table.ljust(64 * KIB, b"\0") + data


def create(path, size):
    """A new, empty disk; the file must not exist."""
    with open(path, "xb+") as file:
        os.ftruncate(file.fileno(), 5 * MIB)
        writes = [(0, b"vhdxfile" + MAGIC.encode("utf-16-le")), (METADATA, metadata(size))]
        writes += [(at, header(number + 1, bytes(16))) for number, at in enumerate(HEADERS)]
        writes += [(at, region_table()) for at in REGIONS]
        writes.append((CONTENT, CONTENT_HEAD.pack(MAGIC.encode(), uuid.uuid4().bytes, 0, 0)))
        for offset, data in writes:
            os.pwrite(file.fileno(), data, offset)


@contextlib.contextmanager
def opened(path):
    with open(path, "rb+", buffering=0) as file:
        yield Disk(file)


class Attached:
    """The VM has the disk: locked against others until release(). `tree`: folder for its content while it is used."""

    def __init__(self, path, tree):
        self.path = path
        self.tree = tree
        self.file = open(path, "rb+", buffering=0)      # closed by release()
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.disk = Disk(self.file)
        except BaseException:
            self.file.close()
            raise
        self.disk.touch(dirty=True)

    @property
    def root(self):
        return os.path.join(self.tree, "root")

    def ready_tree(self):
        """The tree that belongs to the file as it is now. From here on the tree is the truth."""
        if read(os.path.join(self.tree, "content")) != self.disk.uuid:
            self.disk.load(self.root)
        self.disk.renew()
        self.stamp()
        return self.root

    def stamp(self):
        with open(os.path.join(self.tree, "content"), "w", encoding="utf-8") as file:
            file.write(self.disk.uuid)

    def store(self):
        """At unmount."""
        self.disk.store(self.root)
        self.stamp()

    def release(self):
        if self.file and not self.file.closed:
            self.disk.touch(dirty=False)
            self.file.close()

    def gone(self):
        """The name leads to another file, or to none."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self.file.fileno()))
        except OSError:
            return True


def read(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None


def locked(path):
    """Attached, or held open by somebody who says so."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
