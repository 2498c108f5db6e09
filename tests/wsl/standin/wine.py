#!/usr/bin/env python3
"""What only a Windows program can see: the registry, sharing of disks, processes (facts 10.2, 10.3; runs in a Windows
build)."""
import pathlib

import computer
from computer import QUICK, TESTBIN, skip_all, standin_only, until

LXSS = "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss"


def query(pc, key=LXSS):
    """{(key's last part, value): (type, content)}"""
    found, part = {}, ""
    for line in pc.tool("reg", "query", key, "/s").text.replace("\r", "").splitlines():
        if line.startswith("HKEY"):
            part = line.rpartition("\\")[2]
        elif line.startswith("    "):
            name, kind, content = (line.strip().split("    ") + [""])[:3]
            found[part, name] = kind, content
    return found


@standin_only
def the_registry_follows(pc):
    pc.make("lima-a"), pc.make("lima-b")
    found = query(pc)
    guids = {content: part for (part, name), (_, content) in found.items() if name == "DistributionName"}
    assert set(guids) == {"lima-a", "lima-b"}
    values = {name: value for (part, name), value in found.items() if part == guids["lima-a"]}
    assert values["State"] == ("REG_DWORD", "0x1") and values["Flags"] == ("REG_DWORD", "0xf") and values["DefaultUid"] == ("REG_DWORD", "0x0")
    assert values["BasePath"][0] == "REG_SZ" and values["BasePath"][1].endswith("\\lima-a")
    assert values["DefaultEnvironment"][0] == "REG_MULTI_SZ" and "PATH=" in values["DefaultEnvironment"][1]
    assert found["Lxss", "DefaultDistribution"] == ("REG_SZ", guids["lima-a"])
    pc.wsl("--unregister", "lima-a").ok()
    found = query(pc)
    assert not any(part == guids["lima-a"] for part, _ in found) and found["Lxss", "DefaultDistribution"][1] == guids["lima-b"]


@standin_only
def a_half_written_key_shows(pc):
    call = pc.begin("--import", "lima-a", pc.path(pc.root / "lima-a"), "-", "--version", "2")
    until(lambda: ("REG_DWORD", "0x3") in query(pc).values(), "state 3 in the registry")
    call.kill()
    call.communicate()
    until(lambda: not query(pc), "no key any more")


@standin_only
def where_wsl_is_installed(pc):
    pc.names()
    found = query(pc, "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\MSI")
    assert found["MSI", "InstallLocation"][1].endswith("\\") and found["MSI", "Version"][1][0].isdigit()


@standin_only
def an_attached_disk_can_be_read_but_not_removed(pc):
    folder = pc.drive() / "dist"
    pc.wsl("--import", "lima-a", "C:\\dist", pc.path(pc.little), "--version", "2").ok()
    disk = folder / "ext4.vhdx"
    for attached in (True, False):
        pc.tool("cmd", "/c", "copy C:\\dist\\ext4.vhdx C:\\copy.vhdx")
        pc.tool("cmd", "/c", "ren C:\\dist\\ext4.vhdx other.vhdx")
        assert disk.exists() == attached, (attached, list(folder.iterdir()))
        if attached:
            pc.tool("cmd", "/c", "del C:\\dist\\ext4.vhdx")
            assert disk.exists()
        else:
            assert (pc.drive() / "copy.vhdx").exists()
        pc.wsl("--shutdown").ok()
    (folder / "other.vhdx").rename(disk)
    pc.wsl("--unregister", "lima-a").ok()
    assert not folder.exists()


@standin_only
def a_wslhost_per_running_distribution(pc):
    pc.make()
    pc.restart(QUICK.replace("wslhost=false", "wslhost=true"))
    pc.sh("true").ok()
    line = until(lambda: wslhosts(pc), "a wslhost.exe")[0]
    assert pc.vm()["id"].lower() in line and "--distro-id {" in line
    pc.wsl("--terminate", "lima-a").ok()
    until(lambda: not wslhosts(pc), "none any more")


def wslhosts(pc):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if words.startswith("wslhost.exe ") and f"WINEPREFIX={pc.prefix}".encode() in (path / "environ").read_bytes():
                found.append(words)
        except OSError:
            pass
    return found


if __name__ == "__main__":
    if not (TESTBIN / "wsl.exe").exists():
        skip_all(f"{TESTBIN / 'wsl.exe'} is not built")
    computer.main(__name__)
