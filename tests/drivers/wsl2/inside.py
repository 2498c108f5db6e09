#!/usr/bin/env python3
"""What the guest gets: wsl.conf, cidata, mounts, limits, Lima's boot script; and what the user is told of it."""
import contextlib

from place import AS_ROOT, QUICK, Computer, Instance, main, rootfs

IMAGE = rootfs()


def folder(pc, name, **files):
    path = pc.root / name
    path.mkdir(parents=True)
    for file, text in files.items():
        (path / file).write_text(text)
    return path


def mounts__in_place__read_only_unless_writable():
    with Computer() as pc:
        shared, kept = folder(pc, "it's $HOME & ü", hello="in"), folder(pc, "ro", hello="kept")
        vm = Instance(pc, image=IMAGE, mounts=[{"location": "C:/it's $HOME & ü", "mountPoint": "/srv/a 'b' $x", "writable": True},
                                               {"location": "C:\\ro", "mountPoint": "/srv/ro"}])
        vm.up()
        assert vm.in_guest("cat \"/srv/a 'b' \\$x/hello\" && echo out >\"/srv/a 'b' \\$x/reply\"") == "in"
        assert (shared / "reply").read_text() == "out\n"
        assert vm.in_guest("cat /srv/ro/hello; echo bad >/srv/ro/hello || echo refused").endswith("refused\n")
        assert (kept / "hello").read_text() == "kept"
        vm.stop()
        vm.start()      # … and again
        assert vm.in_guest("cat /srv/ro/hello") == "kept"
        vm.stop()


def mount_that_cannot_be_had__told__the_rest_works():
    with Computer() as pc:
        folder(pc, "there", hello="in")
        vm = Instance(pc, image=IMAGE, mounts=[{"location": "C:/none", "mountPoint": "/srv/none"}, {"location": "//server/x", "mountPoint": "/srv/x"},
                                               {"location": "C:/there", "mountPoint": "/srv/there"}])
        vm.up()
        assert vm.in_guest("cat /srv/there/hello") == "in"
        log = vm.log_text()
        assert "mount of 'C:\\none' on '/srv/none' failed" in log and "mount of '\\\\server\\x' on '/srv/x' failed" in log, log
        vm.stop()


@contextlib.contextmanager
def started_with_conf(conf, **config):
    """An instance whose image has this wsl.conf; `there` is a folder of Windows."""
    with Computer() as pc:
        folder(pc, "there", hello="in")
        vm = Instance(pc, image=IMAGE, **config)
        vm.create()
        vm.in_guest(f"printf '{conf}' >/etc/wsl.conf")
        pc.wsl("--terminate", vm.distro)
        vm.start()
        yield vm


THERE = [{"location": "C:/there", "mountPoint": "/srv/there"}]


def automount_with_another_root__mounts_all_the_same():
    with started_with_conf("[automount]\\nroot=/drives/\\n", mounts=THERE) as vm:
        assert vm.in_guest("cat /srv/there/hello /drives/c/there/hello") == "inin"
        vm.stop()


def automount_off__boots_and_says_what_is_missing():
    with started_with_conf("[automount]\\nenabled=false\\n[interop]\\nenabled=false\\n", mounts=THERE) as vm:
        assert " lima-" in vm.banner()
        assert "on '/srv/there' failed" in vm.log_text()    # the stand-in's kernel has no drvfs
        vm.stop()


def wsl_conf__ours_added__the_images_kept__once():
    with started_with_conf("# of the image\\r\\n[network]\\r\\nhostname = old # name\\r\\n[user]\\r\\ndefault=root\\r\\n") as vm:
        conf = vm.in_guest("cat /etc/wsl.conf; stat -c %a /etc/wsl.conf; ls /etc/wsl.conf*")
        assert "# of the image\n[network]\n# name\nhostname = lima-dev\n[user]\ndefault=root\n" in conf.replace("\r", ""), conf
        assert "appendWindowsPath=false" in conf and conf.endswith("644\n/etc/wsl.conf\n"), conf
        assert vm.in_guest("hostname") == "lima-dev\n"
        vm.stop()
        written = vm.log_text().count("booting it again")
        vm.start()
        assert vm.log_text().count("booting it again") == written
        vm.stop()


def cidata__any_names__private():
    with Computer() as pc:
        names = {"a b/ü 'x' $y.txt": "one", "n" * 120: "two", "deep/" * 12 + "file": "three"}
        vm = Instance(pc, image=IMAGE, files=names)
        vm.up()
        for name, text in names.items():
            quoted = name.replace("'", "'\\''")
            assert vm.in_guest(f"cat '/mnt/lima-cidata/{quoted}'") == text
        assert vm.in_guest("stat -c %a /mnt/lima-cidata; ls -A /mnt/lima-cidata | grep -c complete || true") == "700\n0\n"
        vm.stop()


def failing_boot_script__told_with_its_last_words__instance_runs_on():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE, files={"boot/90-user.sh": "#!/bin/sh\necho the package is gone\nexit 67\n"})
        (vm.dir / "cidata/boot/90-user.sh").chmod(0o755)
        session = vm.up()
        vm.booted()
        log = vm.log_text()
        assert "boot script ended with status 1" in log and "boot script: the package is gone" in log, log
        assert vm.status() == "Running" and len(session.events) == 1
        assert "the package is gone" in vm.in_guest("cat /var/log/lima-init.log")
        vm.stop()
        assert session.last()["success"]


def plain_mode__user_can_log_in():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE, plain=True)
        vm.up()
        vm.booted()
        if AS_ROOT:
            assert vm.ssh("sudo id -u && id -un").split() == ["0", "lima"]
        assert vm.in_guest("id -u lima; stat -c %a ~lima/.ssh/authorized_keys").split()[1] == "600"
        assert vm.in_guest("cat /run/lima-boot-done").startswith("iid-")
        vm.stop()


def hosts_of(vm):
    return [line for line in vm.in_guest("cat /etc/hosts").splitlines() if "internal" in line or "box" in line]


NAMES = {"enabled": True, "hosts": {"host.docker.internal": "host.lima.internal", "box": "10.1.2.3", "six.box": "::1", "a b": "10.0.0.1"}}


def nat__host_is_the_gateway():
    with Computer(wslconfig=QUICK.replace("vmIdleTimeout=1500", "vmIdleTimeout=60000")) as pc:
        vm = Instance(pc, image=IMAGE, hostResolver=NAMES)
        vm.create()
        vm.in_guest("ip route add default via 172.20.0.1 dev lo onlink")
        vm.start()
        vm.booted()
        assert hosts_of(vm) == ["172.20.0.1 host.lima.internal # lima", "172.20.0.1 host.docker.internal # lima", "10.1.2.3 box # lima"], hosts_of(vm)
        assert vm.guest_env()["LIMA_CIDATA_SLIRP_GATEWAY"] == "172.20.0.1" and vm.guest_env()["LIMA_CIDATA_SLIRP_DNS"] == "192.168.5.3"
        assert "host.lima.internal is 172.20.0.1 in the guest (networking mode nat)" in vm.log_text()
        vm.stop()
        vm.start()
        vm.booted()
        assert len(hosts_of(vm)) == 3, hosts_of(vm)
        vm.stop()


def mirrored__host_is_the_guest_itself():
    with Computer(wslconfig=QUICK.replace("[general]", "networkingMode=mirrored\n[general]")) as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up()
        vm.booted()
        assert hosts_of(vm) == ["127.0.0.1 host.lima.internal # lima"], hosts_of(vm)
        vm.stop()


def no_network__host_leads_nowhere__told():
    with Computer(wslconfig=QUICK.replace("[general]", "networkingMode=none\n[general]")) as pc:
        vm = Instance(pc, image=IMAGE, hostResolver=NAMES)
        vm.up()
        vm.booted()
        assert hosts_of(vm) == ["10.1.2.3 box # lima"], hosts_of(vm)
        assert "host.lima.internal leads nowhere: in networking mode none" in vm.log_text()
        vm.stop()


def cpus_and_memory__effective_values_are_told():
    with Computer(wslconfig="[wsl2]\nprocessors=1\nmemory=512MB\nnonsense\nvmIdleTimeout=1500\n[general]\ninstanceIdleTimeout=1000\n"
                            "[standin]\nrelayInterval=100\n") as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up()
        log = vm.log_text()
        assert "cpus: 2 cannot be given to one WSL distribution; all of them share 1 (as .wslconfig says)" in log, log
        assert "memory: 1.0 GiB cannot be given" in log and "share 0.5 GiB" in log, log
        vm.stop()


if __name__ == "__main__":
    main([case for name, case in list(globals().items()) if "__" in name and not name.startswith("__") and callable(case)])
