#!/usr/bin/env python3
"""The headers of win/ on the double's back end, natively (fakes/hcs/linux): hcs_native does the work."""
import os
import pathlib
import subprocess

from host import Host, skip_all
from tap import Plan

PROGRAM = pathlib.Path(os.environ.get("LIMA_TESTBIN", "build/dev/testbin")).resolve() / "hcs_native"
if not PROGRAM.exists():
    skip_all(f"{PROGRAM} is not built")
pc = Host()
pc.fresh()


def passes():
    done = subprocess.run([PROGRAM], env={**os.environ, "HCSSIM_STATE": str(pc.state), "NATIVE_FOLDER": str(pc.root)}, check=False, timeout=600,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    assert done.returncode == 0, done.stdout
    found = pc.report()
    assert found["systems"] == {} and found["endpoints"] == [] and len(found["networks"]) == 1 and found["handles"] == 0, found
    pc.no_mistakes()


plan = Plan()
plan.case("the headers do what they promise", passes)
pc.end()
plan.end()
