"""A private place to run limadrv in: folders of its own for HOME, LIMA_HOME and temporary files, nothing of the user's environment.

The folder's name has a space and an umlaut, because users' folders do. leftovers() tells what a command forgot to clean up.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from tap import Plan  # noqa: E402,F401

BIN = pathlib.Path(os.environ.get("LIMA_BIN", "build/dev/bin")).resolve()
LIMADRV = BIN / "limadrv"
EXAMPLE = BIN / "lima-driver-example"
SKIPPED = 77


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(SKIPPED)


def need_programs():
    for program in (LIMADRV, EXAMPLE):
        if not program.exists():
            skip_all(f"{program} is not built")


class Place:
    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="ü ", dir="/tmp"))
        for name in ("home", "lima", "tmp", "path"):
            (self.root / name).mkdir()
        self.tmp = self.root / "tmp"
        self.lima = self.root / "lima"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def env(self, **more):
        keep = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        base = {"PATH": os.environ["PATH"], "HOME": str(self.root / "home"), "LIMA_HOME": str(self.lima),
                "LIMADRV_HOME": str(self.root / "own"), "TMPDIR": str(self.tmp), "LANG": "C.UTF-8"}
        return {name: str(value) for name, value in {**keep, **base, **more}.items() if value is not None}

    def run(self, *words, env=None, timeout=120, **kwargs):
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([str(LIMADRV), *map(str, words)], env=self.env(**(env or {})), cwd=self.root, text=True, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **kwargs)

    @contextlib.contextmanager
    def start(self, *words, env=None, **kwargs):
        """A command that goes on; a failing case ends it as Ctrl-C does, so that it cleans up."""
        with subprocess.Popen([str(LIMADRV), *map(str, words)], env=self.env(**(env or {})), cwd=self.root, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs) as child:
            try:
                yield child
            except BaseException:
                child.send_signal(signal.SIGINT)
                raise

    def json(self, *words, **kwargs):
        done = self.run(*words, **kwargs)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    def instance(self, name="one", config="vmType: example\n", **files):
        folder = self.lima / name
        folder.mkdir()
        (folder / "lima.yaml").write_text(config)
        for file, text in files.items():
            (folder / file.replace("__", ".")).write_text(text)
        return folder

    def leftovers(self):
        """Files in the folder for temporary files, and processes that mention this place."""
        return sorted(path.name for path in self.tmp.iterdir()) + processes(str(self.root))


def processes(text):
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if line and int(folder.name) != os.getpid() and (text in line or f"TMPDIR={text}" in environment):
            found.append(line)
    return found


def until(condition, what, seconds=60):
    """Waits for something that another process does; what takes longer never comes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def check(done, code, *texts):
    """Exit code and pieces of stderr."""
    assert done.returncode == code, f"exit code {done.returncode}, not {code}: {done.stderr}{done.stdout}"
    for text in texts:
        assert text in done.stderr, f"'{text}' is not in: {done.stderr}"
    return done


def main(cases):
    need_programs()
    plan = Plan()
    for case in cases:
        plan.case(case.__name__, lambda case=case: in_place(case))
    plan.end()


def in_place(case):
    with Place() as place:
        case(place)
