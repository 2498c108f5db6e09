#!/usr/bin/env python3
"""Runs hcs_layer.exe, the layers of win/ over Hyper-V, under Wine with the double's DLLs and back end (tests/fakes/hcs). Afterwards no
handle may be left, none have been misused, and the back end has nothing."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TESTS / "hcs"), str(TESTS / "wine"), str(TESTS / "e2e")]
from tap import Plan  # noqa: E402
from host import Host  # noqa: E402
from prefix import Prefix  # noqa: E402

TESTBIN = pathlib.Path(os.environ["LIMA_TESTBIN"]).resolve()


def windows(path):
    return "Z:" + str(path).replace("/", "\\")


class Layer:
    def __init__(self):
        self.pc = Host()
        self.pc.fresh()
        self.networks = self.pc.report()["networks"]    # Windows' own
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="l", dir="/tmp"))
        self.prefix = Prefix(self.place / "p", {"HCSSIM_STATE": str(self.pc.state), "LIMA_HCS_DLLS": windows(TESTBIN / "hcs"),
                                               "LAYER_BASE": windows(self.pc.disk("base.vhdx"))})
        self.prefix.start(str(TESTBIN / "hcs/hcssim-agent.exe"))

    def passes(self):
        output = self.place / "output"
        with open(output, "wb") as out:
            code = self.prefix.run(str(TESTBIN / "hcs_layer.exe"), out=out, err=subprocess.STDOUT)
        assert code == 0, f"exit {code}: {output.read_text(errors='replace')}"

    def leaves_nothing(self):
        report = self.pc.report()
        left = [name for name in ("systems", "endpoints", "grants", "handles") if report[name]]
        assert not left and report["networks"] == self.networks, report
        for name in ("leaks.log", "misuse.log"):
            path = self.pc.state / name
            assert not path.exists(), path.read_text()
        self.pc.no_mistakes()

    def end(self):
        self.prefix.close()
        shutil.rmtree(self.place, ignore_errors=True)
        self.pc.end()


def main():
    plan = Plan()
    layer = Layer()
    plan.case("the layers do on the double what they promise", layer.passes)
    plan.case("and leave nothing behind", layer.leaves_nothing)
    layer.end()
    plan.end()


if __name__ == "__main__":
    main()
