#!/usr/bin/env python3
"""The wsl2 driver's life cycle against the stand-in: import, boot, SSH, stop, again, removal."""
import re
import signal

from place import AS_ROOT, Computer, Instance, main, rootfs, until

IMAGE = rootfs()


def create_start_ssh_stop_start_delete():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        session = vm.up()
        assert vm.status() == "Running"
        assert pc.running() == ["lima-dev"]
        assert re.match(r"SSH-2.0-.* lima-[0-9a-f]{32}", banner := vm.banner()), banner
        vm.booted()
        if AS_ROOT:
            assert vm.ssh("sudo id -u && id -un").split() == ["0", "lima"]
            vm.ssh("echo kept >~/file")
        vm.stop()
        assert session.last() == {"success": True, "error": ""}, session.events
        assert vm.status() == "Stopped"
        assert pc.running() == []
        session = vm.start()
        if AS_ROOT:
            assert vm.ssh("cat ~/file") == "kept\n"
        assert " bytes of script)" in vm.log_text() and "printf" not in vm.log_text(), "the log names scripts"
        vm.stop()
        vm.call("Delete")
        assert pc.registered() == []
        assert not (vm.dir / "ext4.vhdx").exists()


if __name__ == "__main__":
    main([create_start_ssh_stop_start_delete])
