"""What the image tests share: a folder that knows holes, images made by qemu-img, and limadrv's answer to them."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from tap import Plan  # noqa: E402,F401

BIN = pathlib.Path(os.environ.get("LIMA_BIN", "build/dev/bin")).resolve()
LIMADRV = BIN / "limadrv"
QEMU_NAMES = {"vhd": "vpc"}                                 # formats that qemu-img calls otherwise
KIB, MIB, TIB = 1 << 10, 1 << 20, 1 << 40
PATIENCE = 300


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(77)


def need_peers():
    if not LIMADRV.exists():
        skip_all(f"{LIMADRV} is not built")
    for program in ("qemu-img", "qemu-io"):
        if not shutil.which(program):
            skip_all(f"{program} is not installed")


def is_sanitized():
    return b"__asan_init" in LIMADRV.read_bytes()


class Place:
    """A private folder, in memory where there is such a file system: images are flushed to the disk otherwise, dozens of them."""

    def __init__(self):
        memory = pathlib.Path("/dev/shm")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="lima ü ", dir=memory if os.access(memory, os.W_OK) else None))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, name):
        return self.root / name


def run(*words, check=True):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, errors="replace", timeout=PATIENCE, check=False)
    if check and done.returncode:
        raise AssertionError(f"{words}: {done.returncode}: {done.stdout}{done.stderr}")
    return done


def qemu_img(verb, *words, check=True):
    return run("qemu-img", verb, *words, check=check)


def qemu_io(kind, image, *commands):
    """Each command's failure is one of the whole."""
    words = [word for command in commands for word in ("-c", command)]
    done = run("qemu-io", "-f", QEMU_NAMES.get(kind, kind), *words, image)
    if "rror" in done.stdout or "failed" in done.stdout:
        raise AssertionError(f"{commands}: {done.stdout}")


def limadrv(*words, check=True):
    return run(LIMADRV, "image", *words, check=check)


def write_pieces(path, size, pieces):
    """A raw disk of that size: holes, and bytes at offsets. Zeros among them are there, not holes."""
    with open(path, "wb") as file:
        for offset, data in pieces:
            if offset < size:
                file.seek(offset)
                file.write(data[:size - offset])
        file.truncate(size)


def usual_pieces(size):
    """What cannot be compressed, what can, zeros that are written, single bytes, and the last bytes of the disk."""
    noise = random.Random(5)
    return [(0, noise.randbytes(200 * KIB)), (300 * KIB, bytes(100 * KIB)), (700 * KIB, b"x"), (MIB - 1, b"\1\2"),
            (1500 * KIB, bytes(600 * KIB)), (2200 * KIB, b"the same words again, and again. " * 36000), (4 * MIB + 512, noise.randbytes(3 * KIB)),
            (max(size - 700, 0), noise.randbytes(700))]


def same_content(kind, image, vhdx):
    """None: yes. Else what qemu-img says: exit status 1 when they differ, more when it reads one of them not."""
    done = qemu_img("compare", "-f", QEMU_NAMES.get(kind, kind), "-F", "vhdx", image, vhdx, check=False)
    return done if done.returncode else None
