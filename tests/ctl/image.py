#!/usr/bin/env python3
"""limadrv image as a command. What it makes of images of every kind is compared with qemu-img in tests/image."""
import pathlib
import resource
import signal
import struct

from place import check, main, until

MIB = 1 << 20


def raw(place, name="disk ü.raw", size=3 * MIB + 512):
    path = place.root / name
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(MIB)
        file.write(b"content")
    return path


def endless(place, size=8 << 40):
    """A qcow2 each cluster of which is the same one: small, and long to read."""
    bits, cluster = 16, 1 << 16
    entries = cluster // 8
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, bits, size, 0, entries * 2, 3 * cluster, 0, 0, 0, 0)
    tables = struct.pack(">Q", 2 * cluster | 1 << 63) * entries, b"\1" * cluster, struct.pack(">Q", cluster | 1 << 63) * entries * 2
    path = place.root / "endless.qcow2"
    path.write_bytes(header.ljust(cluster, b"\0") + b"".join(tables))
    return path


def info_tells_format_and_size(place):
    disk = raw(place)
    assert place.json("image", "info", "--json", disk) == {"file": str(disk), "format": "raw", "size": 3 * MIB + 512}
    lines = check(place.run("image", "info", disk), 0).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["File:", "Format:", "Size:"], lines
    assert place.json("image", "info", "--json", endless(place))["format"] == "qcow2"


def convert_makes_a_vhdx(place):
    to = place.root / "to.vhdx"
    told = place.json("image", "convert", raw(place), to, "--json", "--size", "5MiB", "--sector", "4096")
    assert told == {"file": str(to), "format": "vhdx", "size": 5 * MIB}, told
    assert to.read_bytes()[:8] == b"vhdxfile" and b"content" in to.read_bytes()
    check(place.run("image", "check", to), 0)
    assert to.stat().st_mode & 0o777 == 0o600


def what_is_there_stays(place):
    to = place.root / "to.vhdx"
    to.write_text("mine")
    check(place.run("image", "convert", raw(place), to), 1, f"limadrv image: error: '{to}' is there already", "remove it")
    assert to.read_text() == "mine"
    check(place.run("image", "convert", raw(place), place.root / "smaller.vhdx", "--size", "1MiB"), 1, "disk ü.raw", "1048576 bytes wanted")
    check(place.run("image", "convert", raw(place), place.root / "missing" / "x.vhdx"), 1, "No such file or directory")
    check(place.run("image", "convert", raw(place), "/dev/full"), 1, "'/dev/full' is there already")
    assert not list(place.root.glob("*.new"))


def bad_images_are_refused_by_name(place):
    layer = place.root / "layer.qcow2"
    layer.write_bytes(struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 512, 4, 16, MIB, 0, 1, 65536, 0, 0, 0, 0).ljust(4096, b"\0"))
    for action in ("info", "check"):
        check(place.run("image", action, layer), 1, f"image '{layer}'", "backing file")
    check(place.run("image", "convert", layer, place.root / "x.vhdx"), 1, f"image '{layer}'", "backing file")
    check(place.run("image", "info", raw(place), "--format", "qcow2"), 1, "disk ü.raw", "no qcow2 image")
    check(place.run("image", "info", place.root), 1, str(place.root))
    check(place.run("image", "check", place.root / "none"), 1, "none", "No such file")
    assert not list(place.root.glob("*.vhdx*"))


def wrong_usage_is_told(place):
    disk = raw(place)
    for words, text in (((), "ACTION is missing"), (("grow", disk), "'grow' is no action: convert, info or check"), (("info",), "FILE is missing"),
                        (("convert", disk), "to which file?"), (("check", disk, disk), "check takes one file"), (("info", disk, "--format", "cow"), "cow")):
        check(place.run("image", *words), 2, text, "--help")


def completion_offers_actions_and_files(place):
    offered = place.run("completion", "--for=c", "--", "image").stdout.splitlines()
    assert offered == ["convert", "check"], offered
    assert ":files" in place.run("completion", "--for=", "--", "image", "info").stdout.splitlines()


def ctrl_c_ends_a_check(place):
    with place.start("image", "check", endless(place)) as child:
        assert "Checking" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        until(lambda: child.poll() is not None, "end after Ctrl-C")
        assert child.returncode == 130 and "interrupted" in child.stderr.read()


def ctrl_c_leaves_no_half_image(place):
    to = place.root / "to.vhdx"
    with place.start("image", "convert", endless(place), to) as child:
        until(pathlib.Path(f"{to}.new").exists, "beginning of the conversion")
        child.send_signal(signal.SIGINT)
        until(lambda: child.poll() is not None, "end after Ctrl-C")
        assert child.returncode == 130
    assert not list(place.root.glob("to.vhdx*"))


def a_killed_conversion_is_begun_again(place):
    to = place.root / "to.vhdx"
    with place.start("image", "convert", endless(place), to) as child:
        until(pathlib.Path(f"{to}.new").exists, "beginning of the conversion")
        child.kill()
    assert not to.exists()
    assert place.json("image", "convert", raw(place), to, "--json")["format"] == "vhdx"
    assert not list(place.root.glob("*.new"))


def a_full_disk_is_told(place):
    """A limit on the size of files stands for it, which any user can set."""
    to = place.root / "to.vhdx"
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16 * MIB, 16 * MIB))  # noqa: E731
    check(place.run("image", "convert", endless(place), to, preexec_fn=limit), 1, "endless.qcow2", "to.vhdx.new")
    assert not list(place.root.glob("to.vhdx*"))


def progress_is_lines_without_a_terminal(place):
    disk = endless(place, size=256 * MIB)
    lines = check(place.run("image", "check", disk), 0).stderr.splitlines()
    assert lines and all(line.endswith(("...", "%")) for line in lines) and not any("\r" in line for line in lines), lines
    assert place.json("image", "check", disk, "--json")["size"] == 256 * MIB


main((info_tells_format_and_size, convert_makes_a_vhdx, what_is_there_stays, bad_images_are_refused_by_name, wrong_usage_is_told,
      completion_offers_actions_and_files, ctrl_c_ends_a_check, ctrl_c_leaves_no_half_image, a_killed_conversion_is_begun_again, a_full_disk_is_told,
      progress_is_lines_without_a_terminal))
