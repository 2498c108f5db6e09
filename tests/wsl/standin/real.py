#!/usr/bin/env python3
"""The stand-in's list against a real wsl.exe, minus what needs the stand-in: what fails here, the stand-in has wrong, or the
facts.

usage: real.py [WSL.EXE]      on Windows, with LIMA_WSL_ROOTFS=TAR (made on Linux by tests/fakes/wsl/make-rootfs)
       real.py --rehearse     on Linux: the stand-in plays the real one, so that this script is known to work
For a computer without any distribution, such as a runner of a workflow: everything registered is removed on the way.
"""
import os
import pathlib
import subprocess
import sys

import computer

PARTS = ("output", "parsing", "registration", "running")


def run(env):
    here = pathlib.Path(__file__).resolve().parent
    env = {**os.environ, "PYTHONIOENCODING": "utf-8", **env}
    codes = [subprocess.run([sys.executable, here / f"{part}.py"], env=env, check=False).returncode for part in PARTS]
    return 1 if any(codes) else 0


def rehearse():
    pc = computer.Computer("")
    code = run({"LIMA_REAL_WSL": pc.front[0], "WSLSIM_STATE": str(pc.state)})
    pc.end()
    return code


def main(words):
    sys.exit(rehearse() if words == ["--rehearse"] else run({"LIMA_REAL_WSL": words[0] if words else "wsl.exe"}))


if __name__ == "__main__":
    main(sys.argv[1:])
