#!/usr/bin/env python3
"""Makes the first inputs of the fuzz_disk targets: small whole images, one for each way of reading.

disk_seeds.py FOLDER    writes FOLDER/fuzz_disk_FORMAT/NAME
"""
import pathlib
import struct
import subprocess
import sys
import zlib

SECTOR = 512
PATTERN = bytes(range(256)) * 2


def pad(part, size=SECTOR):
    return part + bytes(-len(part) % size)


def deflated(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -12)
    return packer.compress(data) + packer.flush()


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c", "--no-check", f"--stream-size={len(data)}"], input=data, stdout=subprocess.PIPE, check=True).stdout


def qcow2(version=3, features=0, compression=0, packed=b"", zero=0, size=20 * SECTOR):
    """Clusters of 512 bytes: header, L1, L2, one plain cluster (the disk's third), one packed (its fifth), one zero (its seventh)."""
    head = struct.pack(">4sIQIIQIIQQIIQQQQII", b"QFI\xfb", version, 0, 0, 9, size, 0, 1, SECTOR, 0, 0, 0, 0, features, 0, 0, 4, 112) + bytes([compression])
    entries = [0] * 64
    entries[2] = 1 << 63 | 3 * SECTOR
    if packed:
        entries[4] = 1 << 62 | 4 * SECTOR
    entries[6] = zero
    tables = pad(struct.pack(">Q", 1 << 63 | 2 * SECTOR)) + struct.pack(">64Q", *entries)
    return pad(head) + tables + PATTERN + pad(packed)


def vmdk(packed=False, kind="monolithicSparse", capacity=19):
    """Grains of one sector, four to a table: header, description, directory, two tables, grains."""
    flags, directory = (0x30001, 2**64 - 1) if packed else (0x5, 2)

    def header(at):
        return pad(struct.pack("<4sIIQQQQIQQQB4sH", b"KDMV", 3 if packed else 1, flags, capacity, 1, 1, 1, 4, 0, at, 5, 0, b"\n \r\n", packed))

    text = pad(f'# Disk DescriptorFile\nparentCID=ffffffff\ncreateType="{kind}"\n'.encode())
    grain = pad(struct.pack("<QI", 2, len(zlib.compress(PATTERN))) + zlib.compress(PATTERN)) if packed else PATTERN
    tables = pad(struct.pack("<5I", 3, 0, 0, 0, 4)) + pad(struct.pack("<4I", 0, 1, 5, 5)) + pad(struct.pack("<4I", 0, 0, 5, 0))
    end = pad(struct.pack("<QII", 1, 0, 3)) + header(2) + bytes(SECTOR) if packed else b""
    return header(directory) + text + tables + grain + end


def summed(part, at):
    return part[:at] + struct.pack(">I", ~sum(part) & 0xFFFFFFFF) + part[at + 4:]


def vhd(kind, size=2 * SECTOR, creator=b"win ", place=0xFFFFFFFF):
    foot = summed(pad(struct.pack(">8sIIQI4sI4sQQHBBII16s", b"conectix", 2, 0x10000, SECTOR if kind != 2 else 2**64 - 1, 0, creator, 0, b"Wi2k",
                                  size, size, 1, 1, 2, kind, 0, b"id of 16 bytes..")), 64)
    data = PATTERN * (size // SECTOR)
    if kind == 2:
        return data + foot
    head = summed(pad(struct.pack(">8sQQIIII", b"cxsparse", 2**64 - 1, 3 * SECTOR, 0x10000, 1, 512 * 1024, 0), 1024), 36)
    block = b"\xff" * SECTOR + data if place == 4 else b""
    return foot + head + pad(struct.pack(">I", place)) + block + foot


SEEDS = {
    "qcow2": {
        "version-2": qcow2(2),
        "zero": qcow2(zero=1),
        "deflate": qcow2(packed=deflated(PATTERN)),
        "zstd": qcow2(features=8, compression=1, packed=zstd(PATTERN)),
        "unaligned": qcow2(size=2 * SECTOR + 100),
        "cut": qcow2()[:1800],
    },
    "vmdk": {
        "sparse": vmdk(),
        "stream": vmdk(True, "streamOptimized"),
        "other-kind": vmdk(kind="twoGbMaxExtentSparse"),
    },
    "vhd": {
        "fixed": vhd(2),
        "by-geometry": vhd(2, creator=b"vpc "),
        "empty": vhd(3),
        "block": vhd(3, place=4),
        "differencing": vhd(4),
    },
    "vhdx": {  # laid over a whole image: see fuzz_disk_vhdx.c
        "whole": b"\0",
        "cut": b"\x05",
        "sums": b"\1" + b"\1" * 8,
        "sequence": bytes(9) + b"\7",
        "log": bytes(49) + b"\1",
        "region": bytes(1 + 160 + 16) + b"\xff",
        "sectors": bytes(1 + 160 + 112 + 224 + 32 + 1) + b"\x12",
        "block": bytes(1 + 160 + 112 + 224 + 40 + 2) + b"\x10",
    },
}


def main(folder):
    for kind, seeds in SEEDS.items():
        place = pathlib.Path(folder) / f"fuzz_disk_{kind}"
        place.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (place / name).write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
