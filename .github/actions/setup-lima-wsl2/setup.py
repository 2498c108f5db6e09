"""The steps of action.yml: install (WSL, our package, Lima) and start (an instance). Inputs come as environment, outputs go to
$GITHUB_OUTPUT, what later steps need to $GITHUB_ENV and $GITHUB_PATH.

Every program gets no input, a time limit, and a file for its output: wsl.exe may wait for a key, and what limactl leaves behind would
keep a pipe open. Tests put stand-ins for wsl, msiexec, reg and limactl on PATH (tests/installer/test_action.py).
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

GITHUB = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
TEMP = pathlib.Path(os.environ.get("RUNNER_TEMP") or tempfile.gettempdir())


def run(*command, limit, check=True):
    """Exit status and output, which is printed, too."""
    program = shutil.which(command[0]) or command[0]
    with tempfile.TemporaryFile() as output:
        try:
            status = subprocess.run([program, *command[1:]], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                    timeout=limit).returncode
        except FileNotFoundError:
            status = 127
        except subprocess.TimeoutExpired:
            status = 124
        output.seek(0)
        text = output.read().decode("utf-8", errors="replace")
    print(f"$ {' '.join(command)}\n{text.rstrip()}\n[exit status {status}]", flush=True)
    if check and status:
        fail(f"'{command[0]}' ended with {status}: its output is above")
    return status, text


def fail(text):
    print(f"::error::setup-lima-wsl2: {text}", flush=True)
    raise SystemExit(1)


def tell(variable, text):
    with open(os.environ[variable], "a", encoding="utf-8") as file:
        file.write(text + "\n")


def fetch(address, target):
    """Three tries; the network of a runner is not always there."""
    for left in (2, 1, 0):
        try:
            with urllib.request.urlopen(address, timeout=120) as answer, open(target, "wb") as file:
                shutil.copyfileobj(answer, file)
            return target
        except (OSError, urllib.error.URLError) as error:
            if not left:
                fail(f"cannot download {address}: {error}")
            time.sleep(5)
    return None


def fetch_checked(base, name):
    """A file of a release, as its SHA256SUMS has it."""
    sums = fetch(f"{base}/SHA256SUMS", TEMP / f"{name}.sums").read_text()
    wanted = re.search(rf"^([0-9a-f]{{64}})[ *]+{re.escape(name)}$", sums, re.M)
    if not wanted:
        fail(f"{base}/SHA256SUMS does not name {name}")
    path = fetch(f"{base}/{name}", TEMP / name)
    if hashlib.sha256(path.read_bytes()).hexdigest() != wanted.group(1):
        fail(f"{base}/{name} has another checksum than SHA256SUMS says")
    return path


def prepare_wsl():
    """Brings WSL up to date if it can (releases are often rate-limited), and logs what is there."""
    os.environ["WSL_UTF8"] = "1"
    for _ in range(3):
        if run("wsl", "--update", limit=300, check=False)[0] == 0:
            break
    status, _ = run("wsl", "--version", limit=60, check=False)
    if status:
        fail("wsl.exe does not tell its version: this runner has no WSL 2 (windows-2025 has it)")
    run("wsl", "--status", limit=60, check=False)


def registry(key, name):
    status, text = run("reg", "query", key, "/v", name, limit=60, check=False)
    found = re.search(rf"^ +{re.escape(name)} +REG_\w+ +(.*?)\r?$", text, re.M)
    return found.group(1) if status == 0 and found else ""


def install_drivers():
    package = os.environ["LIMA_PACKAGE"]
    version = os.environ["LIMA_DRIVERS_VERSION"]
    if not package and not version:
        fail("neither input 'package' nor 'drivers-version' is given: one of them has to name the drivers")
    if not package:
        base = f"{os.environ.get('LIMA_DRIVERS_RELEASES') or GITHUB + '/' + os.environ['LIMA_DRIVERS_REPOSITORY'] + '/releases/download'}/v{version}"
        package = str(fetch_checked(base, f"lima-drivers-{version}-x64.msi"))
    log = TEMP / "lima-drivers.msi.log"
    status, _ = run("msiexec", "/i", os.path.abspath(package), "/qn", "/l*v", str(log), limit=600, check=False)
    if status not in (0, 3010):
        print(read_log(log))
        fail(f"msiexec ended with {status}; the end of its log is above, the exit codes are in installer/README.md")
    # This job's processes keep the environment they began with.
    tell("GITHUB_ENV", "LIMA_DRIVERS_PATH=" + registry(r"HKCU\Environment", "LIMA_DRIVERS_PATH"))
    tell("GITHUB_PATH", registry(r"HKCU\Software\lima-drivers", "InstallDir") + "bin")


def read_log(path):
    data = path.read_bytes() if path.exists() else b""
    return data.decode("utf-16" if data[:2] == b"\xff\xfe" else "utf-8", errors="replace")[-8000:]


def install_lima():
    version = os.environ["LIMA_VERSION"]
    base = f"{os.environ.get('LIMA_RELEASES') or 'https://github.com/lima-vm/lima/releases/download'}/v{version}"
    folder = TEMP / f"lima-{version}"
    with zipfile.ZipFile(fetch_checked(base, f"lima-{version}-Windows-AMD64.zip")) as archive:
        archive.extractall(folder)
    programs = next((p.parent for p in folder.rglob("limactl*") if p.is_file()), None)
    if programs is None:
        fail(f"the archive of Lima {version} holds no limactl")
    tell("GITHUB_PATH", str(programs))
    tools = pathlib.Path(os.environ.get("ProgramFiles", r"C:\Program Files")) / "Git" / "usr" / "bin"
    if tools.is_dir():                                      # ssh and, for 2.0 and 2.1, cygpath
        tell("GITHUB_ENV", f"_LIMA_WINDOWS_EXTRA_PATH={tools}")


def install():
    began = time.monotonic()
    prepare_wsl()
    install_drivers()
    install_lima()
    tell("GITHUB_OUTPUT", f"install-seconds={time.monotonic() - began:.1f}")


def template(image, vm_type):
    """What `limactl create` takes: a template as it is, or a configuration around a root file system."""
    if image.startswith("template:"):
        return image
    location = image if re.match(r"https?://", image) else os.path.abspath(image)
    config = {"vmType": vm_type, "images": [{"location": location, "arch": "x86_64"}], "containerd": {"system": False, "user": False}}
    path = TEMP / "lima-instance.yaml"
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")     # which is YAML, too
    return str(path)


def show_logs(home, name):
    for path in sorted((home / name).glob("*.log")):
        print(f"::group::{path.name}\n{read_log(path)}\n::endgroup::")


def start():
    name, vm_type = os.environ["LIMA_NAME"], os.environ["LIMA_VM_TYPE"]
    home = pathlib.Path(os.environ.get("LIMA_HOME") or pathlib.Path.home() / ".lima")
    began = time.monotonic()
    create = ["limactl", "--tty=false", "create", f"--name={name}", f"--vm-type={vm_type}", template(os.environ["LIMA_IMAGE"], vm_type)]
    status, _ = run(*create, limit=1800, check=False)
    status = status or run("limactl", "--tty=false", "start", f"--timeout={os.environ['LIMA_TIMEOUT']}", name, limit=3600, check=False)[0]
    if status:
        show_logs(home, name)
        fail(f"instance '{name}' did not start: the logs above tell why")
    tell("GITHUB_OUTPUT", f"start-seconds={time.monotonic() - began:.1f}")
    tell("GITHUB_OUTPUT", f"lima-home={home}")
    tell("GITHUB_OUTPUT", f"ssh-config={home / name / 'ssh.config'}")


def main():
    steps = {"install": install, "start": start}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        raise SystemExit(f"usage: setup.py {'|'.join(steps)}")
    steps[sys.argv[1]]()


if __name__ == "__main__":
    main()
