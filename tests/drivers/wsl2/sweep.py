#!/usr/bin/env python3
"""One life in every version and language of the stand-in: nothing depends on words, columns or encodings.

usage: sweep.py profiles|languages
"""
import sys

from place import VERSIONS, Computer, Instance, programs_there, rootfs
from tap import Plan

IMAGE = rootfs()
LANGUAGES = "en de fr es it pt-BR pt-PT ja ko zh-CN zh-TW ru pl cs da nb nl sv tr hu fi".split()


def life(profile, language):
    with Computer(profile=profile, language=language) as pc:
        pc.wsl("--import", "other", pc.root / "other", IMAGE, "--version", "2")
        vm = Instance(pc, image=IMAGE)
        session = vm.up()
        assert vm.status() == "Running" and " lima-" in vm.banner()
        vm.stop()
        assert session.last()["success"] and vm.status() == "Stopped"
        vm.call("CreateSnapshot", {"tag": "one"})
        vm.call("ApplySnapshot", {"tag": "one"})
        pc.faults("verb=run : fail=WSL_E_DISK_CORRUPTED,Service,CreateInstance")
        vm.write_env()
        text = vm.start_fails()
        assert profile in ("inbox", "0.64") or "WSL_E_DISK_CORRUPTED" in text, text
        pc.faults()
        vm.call("Delete")
        assert pc.registered() == ["other"]


def no_distribution_at_all(language):
    with Computer(language=language) as pc:
        vm = Instance(pc, image=IMAGE)
        vm.start_driver()
        assert vm.status() in ("Uninitialized", "Stopped")
        vm.create()
        assert vm.status() == "Stopped"
        vm.call("Delete")
        assert pc.registered() == []


if __name__ == "__main__":
    programs_there()
    plan = Plan()
    if sys.argv[1] == "profiles":
        for name in VERSIONS:
            plan.case(f"profile {name}", lambda name=name: life(name, "de"))
    else:
        for name in LANGUAGES:
            plan.case(f"language {name}", lambda name=name: life(None, name) if name in ("de", "ja", "ru") else no_distribution_at_all(name))
    plan.end()
