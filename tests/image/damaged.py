#!/usr/bin/env python3
"""Images that were cut short, or in which a bit is another: refused with a reason that names the file, or read as qemu-img reads them.

What qemu-img refuses we may read, and the reverse: the same bytes are never two different disks without a word.
"""
import collections
import concurrent.futures
import os
import random
import threading

from kit import KIB, MIB, QEMU_NAMES, Place, Plan, limadrv, need_peers, qemu_img, same_content, write_pieces

SIZE = MIB + 512
CUTS, FLIPS = 14, 50                                        # of each image
FLIPPED_HEAD = 40                                           # of the bits flipped, so many lie in its first bytes
SEED = 5
WORKERS = os.cpu_count() or 1

def heads_of_qcow2(data):
    """Where a flip tells most: the header, the first table, and the second one that it leads to."""
    first = int.from_bytes(data[40:48], "big")
    second = int.from_bytes(data[first:first + 8], "big") & 0xFFFFFFFFFFFE00
    return [(0, 112), (first, first + 8), (second, second + 256)]


def heads_of_vmdk(data):
    header = data if data[56:64] != bytes([255] * 8) else data[-1024:]
    directory = int.from_bytes(header[56:64], "little") * 512
    table = int.from_bytes(data[directory:directory + 4], "little") * 512
    return [(0, 80), (512, 900), (directory, directory + 4), (table, table + 68), (len(data) - 1024, len(data) - 944)]


def heads_of_vhd(data):
    return [(0, 96), (512, 600), (1536, 1540), (len(data) - 512, len(data) - 400)]


def heads_of_vhdx(data):
    regions = [int.from_bytes(data[at:at + 8], "little") for at in (192 * KIB + 32, 192 * KIB + 64)]
    fixed = [(64 * KIB, 64 * KIB + 80), (128 * KIB, 128 * KIB + 80), (192 * KIB, 192 * KIB + 80), (256 * KIB, 256 * KIB + 80)]
    return fixed + [(region, region + 192) for region in regions] + [(region + 64 * KIB, region + 64 * KIB + 40) for region in regions]


HEADS = {"qcow2": heads_of_qcow2, "vmdk": heads_of_vmdk, "vhd": heads_of_vhd, "vhdx": heads_of_vhdx}

# name: (format, options of qemu-img convert)
IMAGES = {
    "qcow2": ("qcow2", "-o cluster_size=4k"),
    "qcow2 of version 2": ("qcow2", "-o compat=0.10,cluster_size=512"),
    "qcow2, zlib": ("qcow2", "-c -o cluster_size=4k"),
    "qcow2, zstd": ("qcow2", "-c -o compression_type=zstd"),
    "vmdk": ("vmdk", ""),
    "vmdk stream": ("vmdk", "-o subformat=streamOptimized"),
    "vhd": ("vhd", "-o force_size=on"),
    "fixed vhd": ("vhd", "-o subformat=fixed,force_size=on"),
    "vhdx": ("vhdx", "-o block_size=1M"),
}


def pieces():
    noise = random.Random(SEED)
    return [(0, noise.randbytes(20 * KIB)), (100 * KIB, b"words, and more of them. " * 2000), (700 * KIB, bytes(50 * KIB)), (SIZE - 600, noise.randbytes(600))]


class Bench:
    """One damaged image at a time for each worker, in files of its own."""

    def __init__(self, place):
        self.place = place
        self.counts = collections.Counter()
        self.lock = threading.Lock()

    def judge(self, kind, name, data):
        """None: as it should be. Else what is wrong."""
        number = threading.get_ident()
        image, out = self.place.path(f"damaged {number}"), self.place.path(f"damaged {number}.vhdx")
        image.write_bytes(data)
        out.unlink(missing_ok=True)
        ours = limadrv("convert", "--format", kind, image, out, check=False)
        if ours.returncode == 1:
            self.count("refused")
            left = [path.name for path in (out, self.place.path(out.name + ".new")) if path.exists()]
            return None if image.name in ours.stderr and not left else f"{name}: {ours.stderr}{left}"
        if ours.returncode:
            return f"{name}: exit status {ours.returncode}: {ours.stderr}"
        theirs = same_content(kind, image, out)
        self.count("read by us alone" if theirs and theirs.returncode > 1 else "read the same")
        return f"{name}: {theirs.stdout}" if theirs and theirs.returncode == 1 else None

    def both_happened(self):
        assert self.counts["refused"] and self.counts["read the same"], self.counts

    def count(self, what):
        with self.lock:
            self.counts[what] += 1


def cuts(data, chance):
    """Where an image ends: at its head, at its parts, anywhere, and right before its end."""
    size = len(data)
    places = {0, 1, 71, 511, 512, 4096, size // 2, size - 1, size - 512} | {chance.randrange(size) for _ in range(CUTS)}
    return [(f"cut at {at} of {size}", data[:at]) for at in sorted(places) if 0 <= at < size]


def flips(data, heads, chance):
    places = [chance.choice(range(*chance.choice(heads))) for _ in range(FLIPPED_HEAD)]
    places += [chance.randrange(len(data)) for _ in range(FLIPS - FLIPPED_HEAD)]
    for at in places:
        bit = chance.randrange(8)
        yield f"bit {bit} of byte {at}", data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]


def damaged(bench, pool, name):
    kind, options = IMAGES[name]
    source, image = bench.place.path("source.raw"), bench.place.path("whole")
    image.unlink(missing_ok=True)
    qemu_img("convert", "-f", "raw", "-O", QEMU_NAMES.get(kind, kind), *options.split(), source, image)
    data, chance = image.read_bytes(), random.Random(SEED)
    assert bench.judge(kind, "as it was made", data) is None
    works = [*cuts(data, chance), *flips(data, HEADS[kind](data), chance)]
    wrong = [said for said in pool.map(lambda work: bench.judge(kind, *work), works) if said]
    assert not wrong, "\n".join(wrong)


def main():
    need_peers()
    plan = Plan()
    with Place() as place, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        write_pieces(place.path("source.raw"), SIZE, pieces())
        bench = Bench(place)
        for name in IMAGES:
            plan.case(f"{name}: refused by name, or the same disk", lambda n=name: damaged(bench, pool, n))
        print(f"# {dict(bench.counts)}")
        plan.case("some were refused, and some were read", bench.both_happened)
    plan.end()


if __name__ == "__main__":
    main()
