"""What `limactl shell` and `copy` owe any driver; the instance runs."""
import hashlib
import os


def gives_output_and_status(box, name):
    assert box.shell(name, "uname -s").stdout.strip() == "Linux"
    assert box.shell(name, "id -un").stdout.strip() == "dev"
    assert box.shell(name, "exit 7", check=False).returncode == 7


def carries_bytes(box, name):
    assert box.shell(name, "head -c 3000000 /dev/zero | wc -c").stdout.strip() == "3000000"
    path = box.base / "lines"
    path.write_bytes("".join(f"line {n}\n" for n in range(100000)).encode())
    with path.open("rb") as file:
        assert box.shell(name, "sha256sum", stdin=file).stdout.split()[0] == hashlib.sha256(path.read_bytes()).hexdigest()


def copies_both_ways(box, name):
    (box.prefix.drive_c / "cp1.bin").write_bytes(os.urandom(1 << 20))
    box.limactl("copy", r"C:\cp1.bin", f"{name}:/tmp/there.bin")
    box.limactl("copy", f"{name}:/tmp/there.bin", r"C:\cp2.bin")
    assert (box.prefix.drive_c / "cp1.bin").read_bytes() == (box.prefix.drive_c / "cp2.bin").read_bytes()
