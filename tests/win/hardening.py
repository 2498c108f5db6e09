#!/usr/bin/env python3
"""What the programs for Windows promise as files. usage: hardening.py VERSION PROGRAM.exe…; prints TAP"""
import pathlib
import struct
import sys

SIZE_LIMIT = 14600000 // 4          # a quarter of Lima's own Go driver, stripped
# "Known DLLs": any other would be looked for in the program's own folder first, where somebody may have put one.
SYSTEM = {"kernel32.dll", "advapi32.dll", "ws2_32.dll", "msvcrt.dll", "ntdll.dll", "shell32.dll", "user32.dll", "ole32.dll"}
CHARACTERISTICS = {"high-entropy addresses": 0x0020, "random base address": 0x0040, "data is not executable": 0x0100}
RELOCS_STRIPPED, WRITE, EXECUTE = 0x0001, 0x80000000, 0x20000000
EXPORTS, IMPORTS, RESOURCES, RELOCATIONS, DELAYED = 0, 1, 2, 5, 13


class Image:
    """The parts of a PE32+ file that are looked at."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        start = struct.unpack_from("<I", self.bytes, 0x3C)[0]
        _, count, self.stamp, _, _, size, self.flags = struct.unpack_from("<HHIIIHH", self.bytes, start + 4)
        optional = start + 24
        if struct.unpack_from("<H", self.bytes, optional)[0] != 0x20B:
            raise ValueError("no 64-bit program")
        self.characteristics = struct.unpack_from("<H", self.bytes, optional + 70)[0]
        self.directories = [struct.unpack_from("<II", self.bytes, optional + 112 + 8 * i) for i in range(16)]
        self.sections = [self.section(optional + size + 40 * i) for i in range(count)]

    def section(self, at):
        name, virtual, address, length, offset = struct.unpack_from("<8sIIII", self.bytes, at)
        return {"name": name.rstrip(b"\0").decode(), "address": address, "size": max(virtual, length), "offset": offset,
                "flags": struct.unpack_from("<I", self.bytes, at + 36)[0]}

    def offset(self, address):
        for section in self.sections:
            if section["address"] <= address < section["address"] + section["size"]:
                return address - section["address"] + section["offset"]
        raise ValueError(f"no section at {address:#x}")

    def text(self, address):
        start = self.offset(address)
        return self.bytes[start:self.bytes.index(b"\0", start)].decode()

    def names(self, directory, size, name_at):
        """The names in a table of records that ends in zeros."""
        address = self.directories[directory][0]
        while address and (name := struct.unpack_from("<I", self.bytes, self.offset(address) + name_at)[0]):
            yield self.text(name).lower()
            address += size

    def resources(self):
        address, size = self.directories[RESOURCES]
        return self.bytes[self.offset(address):self.offset(address) + size] if address else b""


def checks(image, version):
    imported = set(image.names(IMPORTS, 20, 12)) | set(image.names(DELAYED, 32, 4))
    resources = image.resources()
    for what, flag in CHARACTERISTICS.items():
        yield what, image.characteristics & flag, hex(image.characteristics)
    yield "relocations are there", image.directories[RELOCATIONS][1] and not image.flags & RELOCS_STRIPPED, hex(image.flags)
    both = [s["name"] for s in image.sections if s["flags"] & WRITE and s["flags"] & EXECUTE]
    yield "no section both writable and executable", not both, both
    yield "imports libraries of Windows alone, from where nobody can put others", imported <= SYSTEM, imported - SYSTEM
    yield "exports nothing", not image.directories[EXPORTS][1], "an export table"
    yield "no time of its build", not image.stamp, image.stamp
    for part in (b"<activeCodePage", b">UTF-8<", b"<longPathAware", b'level="asInvoker"'):
        yield f"manifest: {part.decode()}", part in resources, "not there"
    for part in ("ProductVersion", version):
        yield f"version resource: {part}", part.encode("utf-16-le") in resources, "not there"
    yield f"at most {SIZE_LIMIT} bytes", len(image.bytes) <= SIZE_LIMIT, len(image.bytes)


def main(version, *programs):
    number = bad = 0
    for path in map(pathlib.Path, programs):
        for what, ok, found in checks(Image(path), version):
            number += 1
            bad += not ok
            print(f"{'ok' if ok else 'not ok'} {number} - {path.name}: {what}")
            if not ok:
                print(f"# found: {found}")
    print(f"1..{number}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
