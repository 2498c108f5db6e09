#!/usr/bin/env python3
"""grpc-go, in the versions that limactl's releases link, against lima-driver-example in the mode in which that release runs it.

go_client.py VERSION [--old]     --old: a client of Lima 2.0.0 to 2.0.2, and the server mode without arguments
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from server import Server

HERE = pathlib.Path(__file__).resolve().parent
NEWEST_ANNOUNCED = (1, 81)      # Lima 2.2, the first with --inst-dir, links 1.82
BUILD_SECONDS = 600


def skip(reason):
    print(f"skip: {reason}")
    sys.exit(77)


def build(version, folder):
    """The program, built outside the tree. No Go, or no network and nothing in Go's cache: skipped."""
    if not shutil.which("go"):
        skip("no go on PATH")
    shutil.copy(HERE / "go" / "main.go", folder)
    (folder / "go.mod").write_text((HERE / "go" / "go.mod.in").read_text().replace("@VERSION@", version))
    environment = dict(os.environ, GOFLAGS="-mod=mod -buildvcs=false", GOTOOLCHAIN="local", CGO_ENABLED="0")
    fetched = subprocess.run(["go", "mod", "download", f"google.golang.org/grpc@v{version}"], cwd=folder, env=environment,
                             capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    if fetched.returncode:
        skip(f"grpc-go {version} cannot be had: {(fetched.stderr.strip().splitlines() or ['?'])[-1]}")
    subprocess.run(["go", "build", "-o", "client", "."], cwd=folder, env=environment, timeout=BUILD_SECONDS, check=True)
    return folder / "client"


def main(version, *options):
    announced = tuple(int(part) for part in version.split(".")[:2]) <= NEWEST_ANNOUNCED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = build(version, folder)
        document = folder / "instance.json"
        codes = []
        for part in ([], ["--cancel"]):     # each ends its server
            with Server(announce=announced) as server:
                document.write_text(json.dumps(server.instance))
                run = subprocess.run([program, "--socket", server.socket, "--instance", document, *part, *options], timeout=120, check=False)
                codes.append(run.returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
