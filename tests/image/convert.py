#!/usr/bin/env python3
"""Images that qemu-img makes, in all variants, to VHDX: the content is what qemu-img reads of both; and from VHDX back to raw."""
import sys
import unittest

from kit import KIB, LIMADRV, MIB, QEMU_NAMES, TIB, Place, Plan, is_sanitized, limadrv, need_peers, qemu_img, qemu_io, run, same_content, usual_pieces, write_pieces

USUAL = 5 * MIB + 3 * 512
MEMORY_MAX = 64 * KIB                                       # in KiB, of the process
MEASURE = """import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))"""
CLUSTERS = ("512", "4k", "64k", "2M")

# (format, options of qemu-img convert)
VARIANTS = [
    ("raw", ""),
    ("raw", "-S 0"),
    *[("qcow2", f"-o compat={compat},cluster_size={size}") for compat in ("0.10", "1.1") for size in CLUSTERS],
    *[("qcow2", f"-c -o compat={compat},cluster_size={size}") for compat in ("0.10", "1.1") for size in CLUSTERS],
    *[("qcow2", f"-c -o compression_type=zstd,cluster_size={size}") for size in CLUSTERS],
    *[("qcow2", f"-o preallocation={how}") for how in ("metadata", "falloc", "full")],
    ("qcow2", "-S 0"),
    ("qcow2", "-o lazy_refcounts=on"),
    ("qcow2", "-o refcount_bits=1"),
    ("qcow2", "-o refcount_bits=64,cluster_size=512"),
    ("vmdk", ""),
    ("vmdk", "-S 0"),
    ("vmdk", "-o zeroed_grain=on"),
    ("vmdk", "-o adapter_type=lsilogic,hwversion=10"),
    ("vmdk", "-o subformat=streamOptimized"),
    *[("vhd", f"-o subformat={kind}{force}") for kind in ("dynamic", "fixed") for force in ("", ",force_size=on")],
    *[("vhdx", f"-o subformat=dynamic,block_size={size}") for size in ("1M", "2M", "32M")],
    ("vhdx", "-o subformat=fixed,block_size=1M"),
    ("vhdx", "-o subformat=fixed,block_size=8M"),
    ("vhdx", "-o subformat=dynamic,block_state_zero=off"),
    ("vhdx", "-o log_size=4M"),
]
SIZED = [("raw", ""), ("qcow2", "-o cluster_size=512"), ("qcow2", "-c"), ("vmdk", ""), ("vmdk", "-o subformat=streamOptimized"),
         ("vhd", "-o force_size=on"), ("vhd", "-o subformat=fixed,force_size=on"), ("vhdx", "")]
SIZES = {"one sector": 512, "one sector less than a block": MIB - 512, "one sector more": MIB + 512, "no whole sector": 1000001}

# What must be refused, and a word of the reason.
REFUSED = {
    "backing file": ("qcow2", "-o backing_file={raw},backing_fmt=raw", "backing file"),
    "external data": ("qcow2", "-o data_file={root}/data.raw", "another file"),
    "external raw data": ("qcow2", "-o data_file={root}/data.raw,data_file_raw=on", "another file"),
    "encrypted": ("qcow2", "--object secret,id=key,data=abc -o encrypt.format=aes,encrypt.key-secret=key", "encrypted"),
    "extended L2": ("qcow2", "-o extended_l2=on", "extended L2"),
    "twoGbMaxExtentSparse": ("vmdk", "-o subformat=twoGbMaxExtentSparse", "VMDK"),
    "monolithicFlat": ("vmdk", "-o subformat=monolithicFlat", "VMDK"),
}


class Corpus:
    def __init__(self, place):
        self.place = place
        self.raw = place.path("source.raw")
        self.out = place.path("out.vhdx")
        self.usual(USUAL)

    def usual(self, size):
        write_pieces(self.raw, size, usual_pieces(size))

    def make(self, kind, options):
        """The source as an image of that kind."""
        image = self.place.path(f"image.{kind}")
        image.unlink(missing_ok=True)
        qemu_img("convert", "-f", "raw", "-O", QEMU_NAMES.get(kind, kind), *options.split(), self.raw, image)
        return image

    def convert(self, kind, image, *options, to=None):
        to = to or self.out
        to.unlink(missing_ok=True)
        limadrv("convert", "--format", kind, *options, image, to)
        return to

    def compare(self, kind, image):
        """Ours against what qemu-img reads of the image, and a whole VHDX by what it checks."""
        differs = same_content(kind, image, self.convert(kind, image))
        assert not differs, differs.stdout + differs.stderr
        qemu_img("check", "-f", "vhdx", self.out)
        limadrv("check", "--format", "vhdx", self.out)
        assert not self.place.path("out.vhdx.new").exists()

    def come_back(self):
        """Of our VHDX qemu-img makes the source again, as far as that was."""
        back = self.place.path("back.raw")
        qemu_img("convert", "-f", "vhdx", "-O", "raw", self.out, back)
        source, made = self.raw.read_bytes(), back.read_bytes()
        assert made[:len(source)] == source and not any(made[len(source):]), "not what it was made of"
        return len(made)

    def variant(self, kind, options):
        image = self.make(kind, options)
        info = limadrv("info", image).stdout
        assert f"Format:  {kind}\n" in info, info           # found without being told
        self.compare(kind, image)
        self.come_back()

    # ---- what qemu-img convert does not make ----

    def snapshots(self):
        image = self.make("qcow2", "")
        for number in range(3):
            qemu_io("qcow2", image, f"write -P {number + 7} 1M 64k", f"write -P {number} 3M 4k", "discard 4M 64k")
            qemu_img("snapshot", "-c", f"before {number}", image)
        qemu_io("qcow2", image, "write -P 99 1M 32k", "write -z 200k 700k", "write -z -u 2M 64k")
        self.compare("qcow2", image)

    def zero_clusters(self):
        for compat in ("0.10", "1.1"):
            image = self.make("qcow2", f"-o compat={compat},cluster_size=4k")
            qemu_io("qcow2", image, "write -z 0 40k", "write -z -u 64k 40k", "discard 150k 30k", "write -P 3 16k 512")
            self.compare("qcow2", image)

    def compressed_and_written(self):
        image = self.make("qcow2", "-c -o compression_type=zstd")
        qemu_io("qcow2", image, "write -P 1 10k 3k", "write -P 2 2300k 100k", "write -z 2600k 64k")
        self.compare("qcow2", image)

    def left_open(self):
        """The counts are not up to date; the tables are."""
        image = self.make("qcow2", "-o lazy_refcounts=on")
        run("qemu-io", "-f", "qcow2", "-c", "write -P 5 0 1M", "-c", "flush", "-c", "abort", image, check=False)
        header = image.read_bytes()[:80]
        assert header[79] & 1, "the image is not marked as dirty"
        self.compare("qcow2", image)

    def zeroed_grains(self):
        image = self.make("vmdk", "-o zeroed_grain=on")
        qemu_io("vmdk", image, "write -z 64k 256k", "write -P 3 128k 512")
        self.compare("vmdk", image)

    def written_vhdx(self):
        image = self.make("vhdx", "-o block_size=2M")
        qemu_io("vhdx", image, "write -P 4 4M 1000k", "write -P 5 100k 64k")
        self.compare("vhdx", image)

    def large_vhd(self):
        """Larger than what cylinders, heads and sectors can tell."""
        image = self.place.path("image.vhd")
        image.unlink(missing_ok=True)
        qemu_img("create", "-f", "vpc", image, "200G")
        assert f"{200 * 1024 * MIB} bytes" in limadrv("info", image).stdout

    # ---- options ----

    def sectors_of_4096(self):
        """qemu-img reads sectors of 512 bytes alone: so what is compared has been converted once more, by us."""
        large = self.convert("raw", self.raw, "--sector", "4096", to=self.place.path("large.vhdx"))
        assert f"{5 * MIB + 4096} bytes" in limadrv("check", large).stdout     # filled up to a whole sector
        self.convert("vhdx", large)
        assert self.come_back() == 5 * MIB + 4096

    def larger_target(self):
        self.convert("qcow2", self.make("qcow2", ""), "--size", "40MiB")
        assert self.come_back() == 40 * MIB
        qemu_img("check", "-f", "vhdx", self.out)

    def smaller_target(self):
        done = limadrv("convert", "--format", "raw", "--size", "1MiB", self.raw, self.place.path("none.vhdx"), check=False)
        assert done.returncode == 1 and "source.raw" in done.stderr and str(USUAL) in done.stderr, done.stderr
        assert not self.place.path("none.vhdx").exists() and not self.place.path("none.vhdx.new").exists()

    def target_exists(self):
        self.convert("raw", self.raw)
        before = self.out.read_bytes()
        done = limadrv("convert", "--format", "raw", self.raw, self.out, check=False)
        assert done.returncode == 1 and "is there already" in done.stderr, done.stderr
        assert self.out.read_bytes() == before

    def same_from_any_number_of_threads(self):
        """Blocks may lie elsewhere; what they hold is the same."""
        image = self.make("qcow2", "-c")
        for threads in ("1", "2", "8"):
            self.convert("qcow2", image, "--threads", threads)
            self.come_back()

    def empty_disk(self):
        write_pieces(self.raw, 0, [])
        for kind in ("raw", "qcow2"):
            image = self.make(kind, "")
            assert "Size:    0 bytes" in limadrv("info", "--format", kind, image).stdout
            done = limadrv("convert", "--format", kind, image, self.place.path("none.vhdx"), check=False)
            assert done.returncode == 1 and image.name in done.stderr and "0 bytes" in done.stderr, done.stderr
            self.convert(kind, image, "--size", "1MiB")
            assert self.come_back() == MIB

    # ---- large ----

    def large(self, kind, options):
        """3 TiB: qemu-img would read each byte of a VHDX of that size, so places are looked at."""
        marks = [(0, 1), (5 * MIB - 512, 2), (TIB + 4096, 3), (2 * TIB + 64 * MIB, 4), (3 * TIB - 512, 5)]
        image = self.place.path(f"image.{kind}")
        image.unlink(missing_ok=True)
        qemu_img("create", "-f", QEMU_NAMES.get(kind, kind), *options.split(), image, str(3 * TIB))
        qemu_io(kind, image, *[f"write -P {value} {offset} 512" for offset, value in marks])
        memory = self.memory_of("convert", "--format", kind, image, self.fresh())
        qemu_io("vhdx", self.out, *[f"read -P {value} {offset} 512" for offset, value in marks],
                *[f"read -P 0 {offset + 512} 512" for offset, _ in marks[:-1]],
                *[f"read -P 0 {offset - MIB} {MIB}" for offset, _ in marks[2:]], "read -P 0 100G 64M")
        qemu_img("check", "-f", "vhdx", self.out)
        assert f"{3 * TIB} bytes" in limadrv("check", self.out).stdout
        assert self.out.stat().st_size < 64 * MIB
        self.memory_is_bounded(memory)

    def fresh(self):
        self.out.unlink(missing_ok=True)
        return self.out

    @staticmethod
    def memory_of(*words):
        """The most that limadrv had in memory, KiB. It is started by a small program: a child begins with what its parent has."""
        return int(run(sys.executable, "-S", "-c", MEASURE, LIMADRV, "image", *words).stdout.split()[-1])

    @staticmethod
    def memory_is_bounded(most):
        assert is_sanitized() or most <= MEMORY_MAX, f"{most} KiB"

    def memory(self, options, size):
        if is_sanitized():
            raise unittest.SkipTest("a sanitizer's memory is not ours")
        image = self.place.path("image.qcow2")
        image.unlink(missing_ok=True)
        qemu_img("create", "-f", "qcow2", *options.split(), image, str(size))
        how, step = ("-c -P", 40) if "compression" in options else ("-P", 4)
        qemu_io("qcow2", image, *[f"write {how} {i + 1} {size // step // (2 * MIB) * 2 * MIB * i} 2M" for i in range(step)])
        for threads in ("2", "8"):
            self.memory_is_bounded(self.memory_of("convert", "--format", "qcow2", "--threads", threads, image, self.fresh()))

    # ---- refused ----

    def refused(self, kind, options, reason):
        image = self.place.path(f"refused.{kind}")
        words = options.format(raw=self.raw, root=self.place.root).replace(str(self.place.root), "@").split()
        words = [word.replace("@", str(self.place.root)) for word in words]
        qemu_img("create", "-f", kind, *words, image, str(USUAL))
        self.is_refused(kind, image, reason)

    def is_refused(self, kind, image, reason):
        for words in (("info",), ("check",), ("convert",)):
            done = limadrv(*words, "--format", kind, image, *([self.place.path("none.vhdx")] if words[0] == "convert" else []), check=False)
            assert done.returncode == 1 and image.name in done.stderr and reason in done.stderr, done.stderr
        assert not self.place.path("none.vhdx").exists() and not self.place.path("none.vhdx.new").exists()
        image.unlink()

    def marked_corrupt(self):
        image = self.make("qcow2", "")
        with open(image, "r+b") as file:
            file.seek(79)
            file.write(b"\2")
        self.is_refused("qcow2", image, "corrupt")

    def wrong_format(self):
        for kind in ("qcow2", "vmdk", "vhd", "vhdx"):
            done = limadrv("info", "--format", kind, self.raw, check=False)
            assert done.returncode == 1 and "source.raw" in done.stderr, done.stderr


def main():
    need_peers()
    plan = Plan()
    with Place() as place:
        corpus = Corpus(place)
        for kind, options in VARIANTS:
            plan.case(f"{kind} {options}: content identical both ways", lambda k=kind, o=options: corpus.variant(k, o))
        for name in ("snapshots", "zero_clusters", "compressed_and_written", "left_open", "zeroed_grains", "written_vhdx", "large_vhd", "sectors_of_4096",
                     "larger_target", "smaller_target", "target_exists", "same_from_any_number_of_threads", "marked_corrupt", "wrong_format"):
            plan.case(name.replace("_", " "), getattr(corpus, name))
        for name, (kind, options, reason) in REFUSED.items():
            plan.case(f"{name}: refused by name", lambda k=kind, o=options, r=reason: corpus.refused(k, o, r))
        for name, size in SIZES.items():
            corpus.usual(size)
            for kind, options in SIZED:
                plan.case(f"{name}: {kind} {options}", lambda k=kind, o=options: corpus.variant(k, o))
        plan.case("a disk of 0 bytes: told, and made larger", corpus.empty_disk)
        for kind, options in (("raw", ""), ("qcow2", ""), ("qcow2", "-o cluster_size=2M"), ("vhdx", "-o block_size=32M")):
            plan.case(f"3 TiB: {kind} {options}: content, and memory up to 64 MiB", lambda k=kind, o=options: corpus.large(k, o))
        for options, size in (("-o compression_type=zstd,cluster_size=2M", TIB), ("-o compression_type=zlib,cluster_size=2M", TIB),
                              ("-o cluster_size=512", 128 * 1024 * MIB)):
            plan.case(f"memory up to 64 MiB: {options}", lambda o=options, s=size: corpus.memory(o, s))
    plan.end()


if __name__ == "__main__":
    main()
