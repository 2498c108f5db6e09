#!/usr/bin/env python3
"""The guest's user and her uid, from limactl's side: each of its processes loads the configuration anew, with 1000 as the uid."""
from place import Computer, Instance, main, rootfs

IMAGE = rootfs()


def uid_seen_by_a_new_limactl(vm):
    vm.doc["config"]["user"]["uid"] = 1000
    vm.configure()
    return vm.doc["config"]["user"]["uid"]


def uid_nobody_chose__one_of_its_own__at_every_stage():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.start_driver()
        own = vm.doc["config"]["user"]["uid"]
        assert own >= 2000, own
        vm.create()
        assert uid_seen_by_a_new_limactl(vm) == own, "imported, never booted"
        vm.start()
        vm.booted()
        assert vm.in_guest("id -u lima").strip() == str(own)
        assert uid_seen_by_a_new_limactl(vm) == own, "running"
        vm.stop()
        vm.end_driver()
        vm.start_driver()
        assert uid_seen_by_a_new_limactl(vm) == own, "booted once"
        vm.start()
        vm.stop()
        assert uid_seen_by_a_new_limactl(vm) == own, "booted twice"


def uid_that_the_user_chose__stays():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE, user={"name": "lima", "uid": 1000, "home": "/home/lima.guest", "shell": "/bin/sh"})
        vm.up()
        vm.booted()
        assert vm.in_guest("id -u lima").strip() == "1000"
        vm.stop()


def instance_of_limas_own_driver__keeps_its_users_uid():
    with Computer() as pc:
        vm = Instance(pc)
        pc.wsl("--import", vm.distro, vm.dir, IMAGE, "--version", "2")
        vm.in_guest("useradd -m -d /home/lima.guest -u 1000 lima || adduser -D -h /home/lima.guest -u 1000 lima")
        pc.wsl("--terminate", vm.distro)
        vm.up()
        assert uid_seen_by_a_new_limactl(vm) == 1000
        assert vm.in_guest("id -u lima").strip() == "1000"
        vm.stop()
        assert uid_seen_by_a_new_limactl(vm) == 1000


def uid_of_somebody_else_in_the_image__start_says_whose():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE, user={"name": "lima", "uid": 1000, "home": "/home/lima.guest", "shell": "/bin/sh"})
        vm.create()
        vm.in_guest("useradd -u 1000 ubuntu || adduser -D -u 1000 ubuntu")
        pc.wsl("--terminate", vm.distro)
        vm.write_env()
        vm.fails("Start", "uid 1000 belongs to 'ubuntu'", "user.uid")
        assert vm.status() == "Stopped"


def foreign_name__inspect_says_whose_folder():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        pc.wsl("--import", vm.distro, pc.root / "other", IMAGE, "--version", "2")
        vm.start_driver()
        assert vm.status() == "Broken"


if __name__ == "__main__":
    main([case for name, case in list(globals().items()) if "__" in name and not name.startswith("__") and callable(case)])
