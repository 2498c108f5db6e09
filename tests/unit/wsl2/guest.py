#!/usr/bin/env python3
"""Runs the guest's scripts of the wsl2 driver, each in namespaces of its own in which /mnt, /run, /home and /var/log are
empty and /etc is a copy. With root's rights as root, else as the root of a user namespace.

usage: guest.py [SHELL …]     default: sh, and those of dash, bash, busybox that are here
"""
import io
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time

SOURCE = pathlib.Path(os.environ.get("LIMA_SOURCE", pathlib.Path(__file__).resolve().parents[3]))
SCRIPTS = SOURCE / "drivers/wsl2/guest"
sys.path.insert(0, str(SOURCE / "tests/e2e"))
import tap  # noqa: E402

EMPTY = ["/mnt", "/run", "/home", "/var/log"]
OWN_ETC = 'mkdir -p "$T/etc"; mount -t tmpfs none "$T/etc" && { cp -a /etc/. "$T/etc" 2>/dev/null; mount --move "$T/etc" /etc; } || exit 99\n'
ISOLATE = ["unshare", "--mount", "--pid", "--fork", "--kill-child"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
SHELLS = {"sh": ["/bin/sh"], "dash": ["dash"], "bash": ["bash"], "busybox": ["busybox", "sh"]}


class Guest:
    """A shell in namespaces of its own; `setup` is sh text that runs before the script, with $T a scratch folder."""

    def __init__(self, shell):
        self.shell = shell
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="wsl2 guest ü"))

    def command(self, script, args, setup, after):
        mounts = "".join(f"mount -t tmpfs none {folder} || exit 99\n" for folder in EMPTY)
        run = self.scratch / "script.sh"
        run.write_text(script if "\n" in script else (SCRIPTS / script).read_text())
        # As wsl.exe is called: sh -c TEXT lima ARGUMENTS, standard input is the script's.
        text = f'{mounts}{OWN_ETC}mount -t proc none /proc || exit 99\n{setup}\n"$@"\nstatus=$?\n{after}\nexit $status\n'
        return ISOLATE + ["/bin/sh", "-c", text, "outer"] + self.shell + ["-c", run.read_text(), "lima"] + list(args)

    def run(self, script, *args, stdin=b"", setup="", after="", env=None, status=0):
        done = subprocess.run(self.command(script, args, setup, after), input=stdin, capture_output=True, timeout=120, cwd="/",
                              env={**os.environ, "T": str(self.scratch), **(env or {})})
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def start(self, script, *args, setup="", env=None):
        return subprocess.Popen(self.command(script, args, setup, ""), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, cwd="/", env={**os.environ, "T": str(self.scratch), **(env or {})})

    def close(self):
        shutil.rmtree(self.scratch)


def probe_tells_the_guest(guest):
    out, _ = guest.run("probe.sh", "0", "root")
    lines = out.splitlines()
    assert lines[-1] == "lima end", out
    assert all(line.startswith("lima ") for line in lines), out
    assert "lima uid-owner root" in lines and "lima user-uid 0" in lines and f"lima arch {os.uname().machine}" in lines, out


def probe_lists_listening_ports(guest):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        out, _ = guest.run("probe.sh", "4000000000", "nobody-of-that-name")
        assert f"lima listen {server.getsockname()[1]:04X}" in out, out
    assert "uid-owner" not in out and "user-uid" not in out, out


def probe_asks_wslpath_and_wslinfo(guest):
    """They are in /bin, which cannot be written here: a copy of the script looks elsewhere."""
    tools = guest.scratch / "bin"
    tools.mkdir()
    (tools / "wslinfo").write_text('#!/bin/sh\n[ "$2" = -n ] || exit 1\ncase $1 in --vm-id) printf ABC ;; *) printf nat ;; esac\n')
    (tools / "wslpath").write_text("#!/bin/sh\n[ \"$2\" = 'C:\\' ] && echo /c/\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    text = (SCRIPTS / "probe.sh").read_text().replace("/bin/wsl", '"$T"/bin/wsl')
    out, _ = guest.run(text, "1", "x")
    assert "lima network nat\n" in out and "lima vm ABC\n" in out and "lima drive /c/\n" in out, out


def write_puts_a_whole_file(guest):
    content = bytes(range(256)) * 300
    path = "/home/a b/$x'y"
    out, _ = guest.run("write.sh", path, "0640", str(len(content)), stdin=content,
                       after=f'cat "/home/a b/\\$x\'y" >"$T/copy"; stat -c %a "/home/a b/\\$x\'y"; ls -A "/home/a b"')
    assert (guest.scratch / "copy").read_bytes() == content
    assert out == "640\n$x'y\n", out


def write_refuses_a_part_and_keeps_the_old(guest):
    _, err = guest.run("write.sh", "/home/f", "0644", "10", stdin=b"short", setup="echo old >/home/f",
                       after='cp /home/f "$T/kept"; ls -A /home >"$T/list"', status=1)
    assert "5 bytes came instead of 10" in err, err
    assert (guest.scratch / "kept").read_text() == "old\n"
    assert (guest.scratch / "list").read_text() == "f\n"


def read_stops_at_its_limit(guest):
    assert guest.run("read.sh", "/home/f", "4", setup="printf 123456 >/home/f")[0] == "1234"
    assert guest.run("read.sh", "/home/none", "4")[0] == ""


def archive(*names):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = 3, 0o755
            tar.addfile(entry, io.BytesIO(b"new"))
    return made.getvalue()


def cidata_replaces_the_folder(guest):
    whole = archive("boot.sh", "boot/a b.sh", "ä" * 90, ".lima-complete")
    out, _ = guest.run("cidata.sh", stdin=whole, setup="mkdir /mnt/lima-cidata; echo old >/mnt/lima-cidata/old",
                       after="ls -A /mnt /mnt/lima-cidata; stat -c %a /mnt/lima-cidata /mnt/lima-cidata/boot.sh")
    assert "lima-cidata.new" not in out and "old" not in out and ".lima-complete" not in out, out
    assert "boot.sh" in out and "ä" * 90 in out and out.endswith("700\n755\n"), out


def cidata_takes_the_place_of_limas_link(guest):
    guest.run("cidata.sh", stdin=archive("x", ".lima-complete"),
              setup="mkdir /home/win; echo keep >/home/win/f; ln -s /home/win /mnt/lima-cidata",
              after='cp /home/win/f "$T/f"; [ -d /mnt/lima-cidata ] && [ ! -L /mnt/lima-cidata ] || status=98')
    assert (guest.scratch / "f").read_text() == "keep\n"


def cidata_leaves_what_is_mounted_there(guest):
    guest.run("cidata.sh", stdin=archive("x", ".lima-complete"),
              setup="mkdir /home/win /mnt/lima-cidata; echo keep >/home/win/f; mount --bind /home/win /mnt/lima-cidata",
              after='cp /home/win/f "$T/f"; [ -e /mnt/lima-cidata/x ] || status=98')
    assert (guest.scratch / "f").read_text() == "keep\n"


def cidata_refuses_a_part(guest):
    whole = archive("x", "y", ".lima-complete")
    for part in (b"", whole[:700], archive("x")):
        _, err = guest.run("cidata.sh", stdin=part, setup="mkdir /mnt/lima-cidata; echo old >/mnt/lima-cidata/old",
                           after='[ -e /mnt/lima-cidata/old ] || status=98; [ ! -e /mnt/lima-cidata.new ] || status=97', status=1)
        assert "/mnt/lima-cidata: " in err, err


NO_CHANGES = ("0", "-", "")


def boot_reports_its_status_and_the_log(guest):
    script = "mkdir -p /mnt/lima-cidata; printf '#!/bin/sh\\necho from $LIMA_CIDATA_MNT\\nread x && exit 9\\nexit {}\\n' >/mnt/lima-cidata/boot.sh"
    allow = "; chmod 755 /mnt/lima-cidata/boot.sh"
    assert guest.run("boot.sh", *NO_CHANGES, setup=script.format(0) + allow, stdin=b"line\n")[0] == "lima boot 0\n"
    assert guest.run("boot.sh", *NO_CHANGES, setup=script.format(67) + allow)[0] == "lima log from /mnt/lima-cidata\nlima boot 67\n"
    out, _ = guest.run("boot.sh", *NO_CHANGES)
    assert out.endswith("lima boot 127\n") and "lima log " in out, out


LIMA_ENV = """LIMA_CIDATA_COMMENT=A B $x
LIMA_CIDATA_SLIRP_DNS=192.168.5.3
LIMA_CIDATA_SLIRP_GATEWAY=192.168.5.2
LIMA_CIDATA_VSOCK_PORT=77777
OTHER=192.168.5.20
"""


def boot_corrects_what_limactl_cannot_know(guest):
    (guest.scratch / "lima.env").write_text(LIMA_ENV)
    (guest.scratch / "etc_environment").write_text("#LIMA-START\nhttp_proxy=http://192.168.5.2:3128\n#LIMA-END\n")
    (guest.scratch / "hosts").write_text("127.0.0.1 localhost\n9.9.9.9 box # lima\n192.168.5.2\thost.lima.internal\n")
    setup = ('mkdir /mnt/lima-cidata; cp "$T/lima.env" "$T/etc_environment" /mnt/lima-cidata; mount --bind "$T/hosts" /etc/hosts; '
             'printf "#!/bin/sh\\n" >/mnt/lima-cidata/boot.sh; chmod 755 /mnt/lima-cidata/boot.sh')
    after = 'cp /mnt/lima-cidata/lima.env "$T/env"; cp /mnt/lima-cidata/etc_environment "$T/proxies"; ls -A /mnt/lima-cidata'
    user = 'echo "$LIMA_CIDATA_COMMENT in $LIMA_CIDATA_MNT" >"$T/user"'
    out, _ = guest.run("boot.sh", "0", "172.20.0.1", user, "172.20.0.1 host.lima.internal", "10.0.0.1 box", setup=setup, after=after)
    assert out == "lima boot 0\nboot.sh\netc_environment\nlima.env\n", out
    assert (guest.scratch / "env").read_text() == LIMA_ENV.replace("192.168.5.2\n", "172.20.0.1\n").replace("77777", "0")
    assert "http_proxy=http://172.20.0.1:3128\n" in (guest.scratch / "proxies").read_text()
    assert (guest.scratch / "hosts").read_text() == "127.0.0.1 localhost\n172.20.0.1 host.lima.internal # lima\n10.0.0.1 box # lima\n"
    assert (guest.scratch / "user").read_text() == "A B $x in /mnt/lima-cidata\n"
    out, _ = guest.run("boot.sh", "5", "-", "exit 3", setup=setup, after=after)
    assert "lima boot 1\n" in out, out
    assert (guest.scratch / "env").read_text() == LIMA_ENV.replace("77777", "5")
    assert (guest.scratch / "hosts").read_text() == "127.0.0.1 localhost\n"


FAKE_SSHD = """#!/bin/sh
[ "$1" = -f ] && [ "$3" = -E ] || exit 1
[ ! -e "$T/broken" ] || {{ echo "Cannot bind any address." >>"$4"; exit 0; }}
[ ! -e "$T/refuses" ] || {{ echo "bad configuration option" >>"$4"; exit 255; }}
sleep 300 </dev/null >/dev/null 2>&1 &
sed -n 's/^PidFile //p' "$2" | while read -r file; do echo $! >"$file"; done
cp "$2" "$T/config"
"""


def with_sshd(guest, text=FAKE_SSHD):
    tools = guest.scratch / "fake"
    tools.mkdir(exist_ok=True)
    (tools / "sshd").write_text(text.format())
    (tools / "sshd").chmod(0o755)
    return {"PATH": f"{tools}:{os.environ['PATH']}"}


def read_line(process):
    return process.stdout.readline().decode()


def keeper_serves_answers_and_stops(guest):
    keeper = guest.start("keeper.sh", "23456", "127.0.0.1", "00ff", env=with_sshd(guest))
    assert read_line(keeper).startswith("lima keeper "), "first line"
    assert read_line(keeper) == "lima sshd ready\n"
    config = (guest.scratch / "config").read_text()
    assert "Port 23456\nListenAddress 127.0.0.1\nVersionAddendum lima-00ff\n" in config, config
    keeper.stdin.write(b"nonsense\nping 7\n")
    keeper.stdin.flush()
    assert read_line(keeper) == "lima pong 7\n"
    keeper.stdin.write(b"stop\nping 8\n")
    keeper.stdin.flush()
    assert read_line(keeper) == "lima stopped\n"
    keeper.stdin.close()
    assert keeper.stdout.read() == b"", "once it has stopped it starts nothing"
    assert keeper.wait(60) == 0


def keeper_stops_when_its_input_ends(guest):
    keeper = guest.start("keeper.sh", "1", "127.0.0.1", "aa", env=with_sshd(guest))
    assert [read_line(keeper) for _ in range(2)][1] == "lima sshd ready\n"
    keeper.stdin.close()
    assert read_line(keeper) == "lima stopped\n"
    assert keeper.wait(60) == 0


def keeper_ends_what_it_has_left_behind(guest):
    """The shell in between is the relay of WSL: it adopts nothing, so the orphan is one of its own children."""
    text = (SCRIPTS / "keeper.sh").read_text()
    (guest.scratch / "keeper.sh").write_text(text)
    outer = ('sh -c "trap : TERM; while :; do sleep 1; done" </dev/null >/dev/null 2>&1 & echo $! >"$T/mine"\n'
             f'{" ".join(guest.shell)} "$T/keeper.sh" 1 127.0.0.1 aa\n'
             'wait\n')
    after = 'kill -0 "$(cat "$T/mine")" 2>/dev/null && status=98; kill -0 "$(cat "$T/others")" || status=97'
    out, _ = guest.run(outer, setup='sleep 300 </dev/null >/dev/null 2>&1 & echo $! >"$T/others"', after=after, env=with_sshd(guest))
    assert out.endswith("lima stopped\n"), out


def keeper_tells_why_sshd_failed_and_stays(guest):
    for sign, words in (("broken", "Cannot bind any address."), ("refuses", "bad configuration option")):
        (guest.scratch / sign).touch()
        keeper = guest.start("keeper.sh", "1", "127.0.0.1", "aa", env=with_sshd(guest))
        assert words in [read_line(keeper) for _ in range(2)][1]
        (guest.scratch / sign).unlink()
        keeper.stdin.write(b"ping 1\n")     # … and starts it when it can
        keeper.stdin.flush()
        assert read_line(keeper) == "lima sshd ready\n"
        assert read_line(keeper) == "lima pong 1\n"
        keeper.stdin.close()
        assert keeper.wait(60) == 0


def keeper_starts_an_sshd_that_ended(guest):
    keeper = guest.start("keeper.sh", "1", "127.0.0.1", "aa", env=with_sshd(guest),
                         setup='(until [ -s /run/lima-wsl2/sshd.pid ]; do sleep 0.1; done; kill "$(cat /run/lima-wsl2/sshd.pid)"; '
                               'touch "$T/killed") </dev/null >/dev/null 2>&1 &')
    assert [read_line(keeper) for _ in range(2)][1] == "lima sshd ready\n"
    end = time.monotonic() + 60
    while not (guest.scratch / "killed").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    keeper.stdin.write(b"ping 1\n")
    keeper.stdin.flush()
    assert read_line(keeper) == "lima sshd ready\n"
    keeper.stdin.close()
    assert keeper.wait(60) == 0


def keeper_without_sshd_says_so(guest):
    out, _ = guest.run("keeper.sh", "1", "127.0.0.1", "aa", setup='command -v sshd >/dev/null && mount -t tmpfs none /usr/sbin; true')
    assert "lima sshd failed the guest has no sshd" in out and out.endswith("lima stopped\n"), out


def stop_without_keeper(guest):
    out, _ = guest.run("keeper.sh", setup="mkdir -p /run/lima-wsl2; sleep 300 & echo $! >/run/lima-wsl2/sshd.pid",
                       after='kill -0 "$(cat /run/lima-wsl2/sshd.pid)" 2>/dev/null && sleep 1 && kill -0 "$(cat /run/lima-wsl2/sshd.pid)" '
                             '2>/dev/null && status=98')
    assert out == "lima stopped\n", out


def limits_without_cgroups_say_so(guest):
    out, _ = guest.run("limits.sh", "2", "1073741824", "2000", "lima-dev", setup="mount -t tmpfs none /sys")
    assert out == ("lima limit cpu failed the guest has no cgroup v2\nlima limit memory failed the guest has no cgroup v2\n"), out
    assert guest.run("limits.sh", "0", "0", "2000", "lima-dev")[0] == ""


def limits_write_the_files_of_a_group(guest):
    out, _ = guest.run("limits.sh", "2", "1073741824", "2000", "lima-dev",
                       setup="mount -t tmpfs none /sys; mkdir -p /sys/fs/cgroup /run/lima-wsl2; touch /sys/fs/cgroup/cgroup.controllers; "
                             "echo 42 >/run/lima-wsl2/keeper.pid",
                       after='cd /sys/fs/cgroup/lima/lima-dev && cat cpu.max memory.max cgroup.procs >"$T/values"')
    assert out == "lima limit cpu ok\nlima limit memory ok\n", out
    assert (guest.scratch / "values").read_text() == "200000 100000\n1073741824\n42\n"


def mounts_script(guest, *lines):
    text = (SCRIPTS / "mounts.sh").read_text().replace("/bin/wslpath", '"$T/wslpath"')
    path = guest.scratch / "wslpath"
    path.write_text("#!/bin/sh\n[ \"$1\" = -u ] || exit 1\ncase $2 in 'C:\\'*) echo \"/home/c/${2#??\\\\}\" ;; *) exit 1 ;; esac\n")
    path.chmod(0o755)
    return text + "".join(line + "\n" for line in lines) + "exit 0\n"


def mounts_bind_and_respect_read_only(guest):
    text = mounts_script(guest, r"share 0 'C:\it'\''s $x' '/mnt/a b' rw 0 0", r"share 1 'C:\it'\''s $x' '/mnt/ro' ro 0 0")
    out, _ = guest.run(text, setup="mkdir -p \"/home/c/it's \\$x\"; echo in >\"/home/c/it's \\$x/f\"",
                       after='cat "/mnt/a b/f"; echo out >"/mnt/a b/g" && cat /mnt/ro/g; echo no 2>/dev/null >/mnt/ro/h && status=98')
    assert out == "lima mount 0 ok\nlima mount 1 ok\nin\nout\n", out


def mounts_again_stay_as_they_are(guest):
    text = mounts_script(guest, r"share 0 'C:\d' /mnt/d rw 0 0", r"share 0 'C:\d' /mnt/d rw 0 0")
    out, _ = guest.run(text, setup="mkdir -p /home/c/d", after="grep -c ' /mnt/d ' /proc/mounts")
    assert out == "lima mount 0 ok\nlima mount 0 ok\n1\n", out


def mounts_that_fail_are_named_and_the_rest_goes_on(guest):
    text = mounts_script(guest, r"share 0 'C:\none' /mnt/x rw 0 0", r"share 1 'C:\file' /mnt/y rw 0 0", r"share 2 'C:\d' /mnt/z rw 0 0",
                         r"share 3 '\\server\share' /mnt/s ro 0 0")
    out, _ = guest.run(text, setup="mkdir -p /home/c/d; touch /home/c/file", after="[ ! -d /home/c/none ] || status=98")
    lines = out.splitlines()
    assert lines[0].startswith("lima mount 0 failed ") and len(lines) == 4, out
    assert lines[1] == "lima mount 1 failed C:\\file is no folder", out
    assert lines[2] == "lima mount 2 ok" and lines[3].startswith("lima mount 3 failed "), out


def user_is_made_once(guest):
    env = {"LIMA_CIDATA_NO_CLOUD_INIT": "1", "LIMA_CIDATA_USER": "limatest", "LIMA_CIDATA_UID": "2345", "LIMA_CIDATA_COMMENT": "A B",
           "LIMA_CIDATA_HOME": "/home/lima test", "LIMA_CIDATA_SHELL": "/bin/nowhere", "LIMA_CIDATA_MNT": "/mnt/lima-cidata"}
    setup = 'mkdir /mnt/lima-cidata; echo "ssh-ed25519 AAAA me" >/mnt/lima-cidata/ssh_authorized_keys'
    after = ('cp "$T/script.sh" /home/again.sh; sh /home/again.sh || status=97; grep ^limatest: /etc/passwd; '
             'stat -c "%u %a" "/home/lima test/.ssh" "/home/lima test/.ssh/authorized_keys"; grep -c limatest /etc/sudoers.d/99_lima_sudoers; '
             'grep ^limatest: /etc/shadow | cut -d: -f2')
    out, _ = guest.run("user.sh", setup=setup, after=after, env=env)
    assert out.splitlines()[-5:] == ["limatest:x:2345:2345:A B:/home/lima test:/bin/sh", "2345 700", "2345 600", "1", "*"], out
    assert guest.run("user.sh", env={**env, "LIMA_CIDATA_NO_CLOUD_INIT": "0"}) == ("", "")


def relay_with(guest, tool):
    """Bytes both ways, more than a pipe holds; then the end in each direction."""
    path = str(guest.scratch / "s")
    tools = guest.scratch / f"only-{tool}"
    tools.mkdir()
    for name in {tool, "grep", "sh"}:
        (tools / name).symlink_to(shutil.which(name))
    data = bytes(range(256)) * 2000
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        server.settimeout(60)
        text = f"PATH='{tools}'\n" + (SCRIPTS / "relay.sh").read_text()
        relay = subprocess.Popen(guest.shell + ["-c", text, "lima", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        peer, _ = server.accept()
        peer.settimeout(60)
        for _ in range(3):
            relay.stdin.write(data[:30000])
            relay.stdin.flush()
            got = b""
            while len(got) < 30000:
                got += peer.recv(65536)
            assert got == data[:30000]
        peer.sendall(data[:50000])
        assert relay.stdout.read(50000) == data[:50000]
        relay.stdin.close()
        assert peer.recv(1) == b"", "the end of input"
        peer.sendall(b"bye")
        peer.close()
        assert relay.stdout.read() == b"bye"
        assert relay.wait(60) == 0
    os.unlink(path)


def relay_without_a_tool_says_so(guest):
    tools = guest.scratch / "none"
    tools.mkdir()
    text = f"PATH='{tools}'\n" + (SCRIPTS / "relay.sh").read_text()
    done = subprocess.run(guest.shell[:1] + guest.shell[1:] + ["-c", text, "lima", "/x"], capture_output=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith(b"lima relay missing"), done


def real_sshd_shows_the_nonce(guest, sshd):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keys = ('mkdir -p "$T/ssh" /etc/ssh && mount --bind "$T/ssh" /etc/ssh || exit 98; '
            'grep -q ^sshd: /etc/passwd || echo "sshd:x:99:65534::/run/sshd:/usr/sbin/nologin" >>/etc/passwd')
    env = {"PATH": f"{os.path.dirname(sshd)}:{os.environ['PATH']}"}
    keeper = guest.start("keeper.sh", str(port), "127.0.0.1", "0123abcd", env=env, setup=keys)
    lines = [read_line(keeper) for _ in range(2)]
    assert lines[1] == "lima sshd ready\n", lines
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        banner = connection.makefile("rb").readline()
    assert banner.startswith(b"SSH-2.0-") and banner.rstrip().endswith(b"lima-0123abcd"), banner
    second = guest.start("keeper.sh", str(port), "127.0.0.1", "ffff", env=env, setup=keys)
    lines = [read_line(second) for _ in range(2)]
    assert "Address already in use" in lines[1] or "Cannot bind" in lines[1], lines
    for one in (second, keeper):
        one.stdin.close()
        assert one.wait(60) == 0


CASES = [value for name, value in list(globals().items())
         if name.startswith(("probe_", "write_puts", "write_refuses", "read_stops", "cidata_", "boot_", "keeper_", "stop_without",
                             "limits_", "mounts_bind", "mounts_again", "mounts_that", "user_is", "relay_without"))]
NEED_ROOT = {user_is_made_once}


def cases_of(plan, name):
    def with_guest(function, *arguments):
        guest = Guest(SHELLS[name])
        try:
            function(guest, *arguments)
        finally:
            guest.close()

    for function in CASES:
        title = f"{name}: {function.__name__}"
        if function in NEED_ROOT and os.geteuid() != 0:
            plan.skip(title, "needs root")
        else:
            plan.case(title, lambda: with_guest(function))
    for tool in ("socat", "python3", "perl", "nc"):
        title = f"{name}: relay by {tool}"
        if name == "busybox" and tool == "nc":
            plan.skip(title, "a busybox may prefer its own nc, which knows no Unix sockets")
        elif shutil.which(tool):
            plan.case(title, lambda: with_guest(relay_with, tool))
        else:
            plan.skip(title, f"no {tool} here")
    sshd = os.environ.get("LIMA_TEST_SSHD") or shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if sshd:
        plan.case(f"{name}: real sshd", lambda: with_guest(real_sshd_shows_the_nonce, sshd))
    else:
        plan.skip(f"{name}: real sshd", "no sshd here")


def main():
    tried = subprocess.run(ISOLATE + ["mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True)
    if tried.returncode != 0:
        print(f"1..0 # SKIP no namespaces here: {tried.stderr.decode(errors='replace').strip()}")
        sys.exit(77)
    plan = tap.Plan()
    for name in sys.argv[1:] or SHELLS:
        if shutil.which(SHELLS[name][0]):
            cases_of(plan, name)
        else:
            plan.skip(name, f"no {name} here")
    plan.end()


if __name__ == "__main__":
    main()
