"""What a disk file says of itself.

A disk without a parent is a real VHDX. One with a parent is a qcow2 with a backing file under the name .vhdx, since QEMU
cannot do differencing VHDX; what VHDX would keep in its headers lies in a header extension of the qcow2, which QEMU keeps:
{"id", "write": the identity of its content, "parent": that of the parent's content as the child was made, "path": where the
parent is}.
"""
import json
import struct
import uuid

CHILD = 0x68637373          # type of the extension: "hcss"
BACKING_FORMAT, END = 0xE2792ACA, 0
CLUSTER = 1 << 16
FILE_PARAMETERS = uuid.UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B")
DISK_SIZE = uuid.UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8")
DISK_ID = uuid.UUID("BECA12AB-B2E6-4523-93EF-C309E000C746")
LOGICAL = uuid.UUID("8141BF1D-A96F-4709-BA47-F233A8FAAB5F")
PHYSICAL = uuid.UUID("CDA348C7-445D-4471-9CC9-E9885251C556")
METADATA = uuid.UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E")


class Corrupt(Exception):
    """No disk, or a damaged one."""


class Disk:
    """format: vhdx or qcow2; size, block, sector, physical: bytes; id, write, parent: UUIDs; path: the parent's, or None;
    fixed."""

    def __init__(self, host):
        self.host = host
        self.parent = self.path = None
        self.fixed = False
        try:
            with open(host, "rb") as file:
                head = file.read(CLUSTER)
                if head[:8] == b"vhdxfile":
                    self.read_vhdx(file)
                elif head[:4] == b"QFI\xfb":
                    self.read_child(head)
                else:
                    raise Corrupt("no VHDX")
        except (struct.error, ValueError, KeyError) as error:
            raise Corrupt(str(error)) from error

    @property
    def is_child(self):
        return self.format == "qcow2"

    def read_vhdx(self, file):
        self.format = "vhdx"
        headers = []
        for offset in (1 << 16, 2 << 16):
            file.seek(offset)
            header = file.read(4096)
            if header[:4] == b"head":
                headers.append((struct.unpack_from("<Q", header, 8)[0], header))
        if not headers:
            raise Corrupt("both headers are damaged")
        self.write = uuid.UUID(bytes_le=max(headers)[1][32:48])
        items = self.metadata(file)
        self.block, bits = struct.unpack("<II", items[FILE_PARAMETERS][:8])
        self.fixed = bool(bits & 1)
        if bits & 2:
            raise Corrupt("a real differencing VHDX: QEMU cannot open it")
        self.size, = struct.unpack("<Q", items[DISK_SIZE][:8])
        self.sector, = struct.unpack("<I", items[LOGICAL][:4])
        self.physical, = struct.unpack("<I", items[PHYSICAL][:4])
        self.id = uuid.UUID(bytes_le=items[DISK_ID][:16])

    @staticmethod
    def metadata(file):
        file.seek(3 << 16)
        table = file.read(1 << 16)
        if table[:4] != b"regi":
            raise Corrupt("no region table")
        count, = struct.unpack_from("<I", table, 8)
        regions = {}
        for at in range(16, 16 + 32 * min(count, 2047), 32):
            regions[uuid.UUID(bytes_le=table[at:at + 16])], = struct.unpack_from("<Q", table, at + 16)
        begin = regions[METADATA]
        file.seek(begin)
        table = file.read(1 << 16)
        if table[:8] != b"metadata":
            raise Corrupt("no metadata")
        items = {}
        for at in range(32, 32 + 32 * struct.unpack_from("<H", table, 10)[0], 32):
            offset, length = struct.unpack_from("<II", table, at + 16)
            file.seek(begin + offset)
            items[uuid.UUID(bytes_le=table[at:at + 16])] = file.read(min(length, 1 << 20))
        return items

    def read_child(self, head):
        self.format = "qcow2"
        _, extensions, _ = split(head)
        said = dict(extensions).get(CHILD)
        if said is None:
            raise Corrupt("a qcow2, and no child of the double's")
        said = json.loads(said)
        self.size, = struct.unpack_from(">Q", head, 24)
        self.id, self.write, self.parent = (uuid.UUID(said[name]) for name in ("id", "write", "parent"))
        self.path, self.written = said["path"], said["written"]
        self.block, self.sector, self.physical = said["block"], said["sector"], said["physical"]

    def set(self, **values):
        """Of a child: changes what its extension says."""
        said = {"id": str(self.id), "write": str(self.write), "parent": str(self.parent), "path": self.path, "written": self.written,
                "block": self.block, "sector": self.sector, "physical": self.physical, **values}
        put(self.host, said)
        self.__init__(self.host)


def split(head):
    """(header without extensions, [(type, content)], name of the backing file) of a qcow2's first cluster."""
    name_at, name_length = struct.unpack_from(">QI", head, 8)
    length, = struct.unpack_from(">I", head, 100)
    extensions, at = [], length
    while at + 8 <= len(head):
        kind, size = struct.unpack_from(">II", head, at)
        if kind == END:
            break
        extensions.append((kind, head[at + 8:at + 8 + size]))
        at += 8 + (size + 7) // 8 * 8
    return head[:length], extensions, head[name_at:name_at + name_length] if name_at else b""


def put(host, said):
    """Writes the extension of a child, in the place of an older one."""
    with open(host, "r+b") as file:
        header, extensions, name = split(file.read(CLUSTER))
        extensions = [(kind, content) for kind, content in extensions if kind != CHILD]
        extensions.append((CHILD, json.dumps(said).encode()))
        body = b"".join(struct.pack(">II", kind, len(content)) + content + bytes(-len(content) % 8) for kind, content in extensions)
        body += struct.pack(">II", END, 0)
        at = len(header) + len(body)
        if at + len(name) > CLUSTER:
            raise Corrupt("the header has no room")
        header = bytearray(header)
        struct.pack_into(">QI", header, 8, at if name else 0, len(name))
        file.seek(0)
        file.write((bytes(header) + body + name).ljust(CLUSTER, b"\0"))


def changed():
    return uuid.uuid4()
