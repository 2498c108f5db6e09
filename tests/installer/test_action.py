#!/usr/bin/env python3
"""The action setup-lima-wsl2: each step's script is run as action.yml writes it, against stand-ins for wsl, msiexec, reg and limactl; and
all workflows are checked by actionlint.

test_action.py         prints TAP; actionlint is $ACTIONLINT or the one on PATH
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
ACTION = SOURCE / ".github/actions/setup-lima-wsl2"
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
import tap  # noqa: E402

STAND_IN = """#!/usr/bin/env python3
import json, os, sys
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
with open(os.environ["STAND_IN_LOG"], "a") as log:
    log.write(json.dumps([name, *arguments]) + "\\n")
answers = json.load(open(os.environ["STAND_IN_ANSWERS"]))
for words, status, text in answers.get(name, []):
    if all(word in arguments for word in words):
        print(text)
        sys.exit(status)
sys.exit(0)
"""
INSTALLED = {
    "reg": [[["InstallDir"], 0, "\nHKEY\n    InstallDir    REG_SZ    C:\\Users\\a b\\lima-drivers\\\n"],
            [["LIMA_DRIVERS_PATH"], 0, "\nHKEY\n    LIMA_DRIVERS_PATH    REG_SZ    C:\\Users\\a b\\lima-drivers\\libexec\\lima\n"]],
}


class Runner:
    """What a runner gives to a step: folders, files for outputs, programs on PATH. with-statement."""

    def __init__(self, answers):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lima action ü."))
        programs = self.folder / "bin"
        programs.mkdir()
        for name in ("wsl", "msiexec", "reg", "limactl"):
            (programs / name).write_text(STAND_IN)
            (programs / name).chmod(0o755)
        (programs / "python").symlink_to(sys.executable)
        (self.folder / "answers").write_text(json.dumps(answers))
        self.releases()
        releases = (self.folder / "releases").as_uri()
        self.env = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(self.folder), "LIMA_HOME": str(self.folder / "lima home"),
                    "RUNNER_TEMP": str(self.folder), "GITHUB_ACTION_PATH": str(ACTION), "STAND_IN_LOG": str(self.folder / "log"),
                    "STAND_IN_ANSWERS": str(self.folder / "answers"), "LIMA_RELEASES": releases, "LIMA_DRIVERS_RELEASES": releases,
                    **{name: str(self.folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def releases(self):
        folder = self.folder / "releases/v9.8.7"
        folder.mkdir(parents=True)
        with zipfile.ZipFile(folder / "lima-9.8.7-Windows-AMD64.zip", "w") as archive:
            archive.writestr("bin/limactl.exe", "limactl")
        (folder / "lima-drivers-9.8.7-x64.msi").write_text("package")
        sums = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(folder.iterdir())]
        (folder / "SHA256SUMS").write_text("".join(sums))

    def step(self, identifier, inputs):
        """Exit status and output of a step of action.yml, with defaults where `inputs` names nothing."""
        import yaml
        action = yaml.safe_load((ACTION / "action.yml").read_text())
        step = next(s for s in action["runs"]["steps"] if s["id"] == identifier)
        given = {name: str(inputs.get(name, about["default"])) for name, about in action["inputs"].items()}
        assert not inputs.keys() - given.keys(), f"action.yml has no input {inputs.keys() - given.keys()}"
        env = dict(self.env)
        for name, value in step["env"].items():
            expression = value.removeprefix("${{ ").removesuffix(" }}")
            env[name] = given[expression.removeprefix("inputs.")] if expression.startswith("inputs.") else "owner/lima-drivers"
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], env=env, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def calls(self, program):
        lines = (self.folder / "log").read_text().splitlines() if (self.folder / "log").exists() else []
        return [call[1:] for call in map(json.loads, lines) if call[0] == program]

    def file(self, name):
        path = self.folder / name
        return dict(line.partition("=")[::2] for line in path.read_text().splitlines()) if path.exists() else {}

    def paths(self):
        return (self.folder / "GITHUB_PATH").read_text().splitlines()


def install_from_file():
    with Runner(INSTALLED) as runner:
        (runner.folder / "x.msi").write_text("package")
        status, output = runner.step("install", {"package": runner.folder / "x.msi", "lima-version": "9.8.7"})
        assert status == 0, output
        assert runner.calls("msiexec")[0][:3] == ["/i", str(runner.folder / "x.msi"), "/qn"], runner.calls("msiexec")
        assert runner.file("GITHUB_ENV")["LIMA_DRIVERS_PATH"] == r"C:\Users\a b\lima-drivers\libexec\lima"
        assert runner.paths() == [r"C:\Users\a b\lima-drivers\bin", str(runner.folder / "lima-9.8.7/bin")], runner.paths()
        assert float(runner.file("GITHUB_OUTPUT")["install-seconds"]) >= 0


def install_from_release():
    with Runner(INSTALLED) as runner:
        status, output = runner.step("install", {"drivers-version": "9.8.7", "lima-version": "9.8.7"})
        assert status == 0 and runner.calls("msiexec")[0][1].endswith("lima-drivers-9.8.7-x64.msi"), output


def install_after_update_failed():
    with Runner({**INSTALLED, "wsl": [[["--update"], 1, "403 (rate limit)"]]}) as runner:
        status, output = runner.step("install", {"drivers-version": "9.8.7", "lima-version": "9.8.7"})
        assert status == 0 and [c for c in runner.calls("wsl")] == [["--update"]] * 3 + [["--version"], ["--status"]], output


def refuses(answers, inputs, text, before=None):
    with Runner(answers) as runner:
        if before:
            before(runner)
        status, output = runner.step("install", inputs)
        assert status == 1 and "::error::setup-lima-wsl2: " in output and text in output, output


def wrong_checksum(runner):
    (runner.folder / "releases/v9.8.7/lima-9.8.7-Windows-AMD64.zip").write_text("changed on the way")


def start_from_archive():
    with Runner({}) as runner:
        (runner.folder / "root fs.tar").write_text("tar")
        status, output = runner.step("start", {"image": runner.folder / "root fs.tar", "name": "vm"})
        assert status == 0, output
        create, begin = runner.calls("limactl")
        assert create[:4] == ["--tty=false", "create", "--name=vm", "--vm-type=wsl2x"] and begin[-1] == "vm", (create, begin)
        assert json.loads(pathlib.Path(create[4]).read_text())["images"][0]["location"] == str(runner.folder / "root fs.tar")
        home = str(runner.folder / "lima home")
        told = runner.file("GITHUB_OUTPUT")
        assert told["lima-home"] == home and told["ssh-config"] == home + "/vm/ssh.config" and float(told["start-seconds"]) >= 0, told


def start_from_template():
    with Runner({}) as runner:
        assert runner.step("start", {})[0] == 0
        assert runner.calls("limactl")[0][4] == "template:experimental/wsl2"


def failed_start():
    with Runner({"limactl": [[["start"], 1, "no"]]}) as runner:
        instance = runner.folder / "lima home" / "ci"
        instance.mkdir(parents=True)
        (instance / "driver.stderr.log").write_text("the reason\n")
        status, output = runner.step("start", {})
        assert status == 1 and "the reason" in output and "did not start" in output, output


def traces_save_and_compare():
    with Runner({"reg": [[[r"HKCU\Environment"], 0, "    TEMP    REG_SZ    C:\\Temp"]]}) as runner:
        script = str(SOURCE / ".github/scripts/traces.py")
        for verb in ("save", "compare"):
            done = subprocess.run([sys.executable, script, verb], env=runner.env, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        (runner.folder / "answers").write_text("{}")
        done = subprocess.run([sys.executable, script, "compare"], env=runner.env, capture_output=True, text=True)
        assert done.returncode == 1 and "removal left a difference" in done.stderr, done


def lint(tool):
    workflows = sorted(map(str, (SOURCE / ".github/workflows").glob("*.yml")))
    done = subprocess.run([tool, *workflows], cwd=SOURCE, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def documented():
    import yaml
    action = yaml.safe_load((ACTION / "action.yml").read_text())
    text = (ACTION / "README.md").read_text()
    missing = [name for name in [*action["inputs"], *action["outputs"]] if f"`{name}`" not in text]
    assert not missing, missing


def main():
    try:
        import yaml  # noqa: F401
    except ImportError:
        print("1..0 # SKIP no Python package yaml")
        sys.exit(77)
    plan = tap.Plan()
    plan.case("install: a package of the runner, Lima's release, what later steps need", install_from_file)
    plan.case("install: a package of a release", install_from_release)
    plan.case("install: WSL's update fails three times", install_after_update_failed)
    given = {"drivers-version": "9.8.7", "lima-version": "9.8.7"}
    plan.case("install: refuses without a package", lambda: refuses(INSTALLED, {}, "neither input"))
    plan.case("install: refuses without WSL 2", lambda: refuses({"wsl": [[["--version"], 1, ""]]}, given, "no WSL 2"))
    plan.case("install: refuses when msiexec fails", lambda: refuses({"msiexec": [[["/i"], 67, ""]]}, given, "msiexec ended with 67"))
    plan.case("install: refuses a changed download", lambda: refuses(INSTALLED, given, "another checksum", wrong_checksum))
    plan.case("start: a root file system becomes an instance", start_from_archive)
    plan.case("start: a template as it is", start_from_template)
    plan.case("start: a failure shows the instance's logs", failed_start)
    plan.case("README names every input and output", documented)
    plan.case("traces: the same is the same, a difference is one", traces_save_and_compare)
    tool = os.environ.get("ACTIONLINT") or shutil.which("actionlint")
    if tool:
        plan.case("workflows pass actionlint", lambda: lint(tool))
    else:
        plan.skip("workflows pass actionlint", "no actionlint: neither $ACTIONLINT nor on PATH")
    plan.end()


if __name__ == "__main__":
    main()
