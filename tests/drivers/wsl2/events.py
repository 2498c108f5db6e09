#!/usr/bin/env python3
"""What happens to a running instance from outside: shutdowns, deaths of one process after the other, a second instance."""
import fcntl
import os
import signal

from place import AS_ROOT, Computer, Instance, main, one_booted, rootfs, until

IMAGE = rootfs()


def check_usable(vm):
    """It starts, is reached, and stops: whatever was done to it before."""
    session = vm.start()
    assert vm.status() == "Running"
    assert " lima-" in vm.banner()
    vm.stop()
    assert session.last()["success"], session.events
    assert vm.status() == "Stopped"


def external_shutdown__start_stream_says_so__next_start_works():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        session = vm.up()
        pc.wsl("--shutdown")
        last = session.last()
        assert not last["success"] and "wsl --shutdown" in last["error"] and "limactl start dev" in last["error"], last
        assert vm.status() == "Stopped"
        check_usable(vm)


def external_shutdown__told_before_a_blocked_service_is_asked():
    """The service would be asked for 40 s."""
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        session = vm.up(LIMA_WSL_TIMEOUT_PERCENT="1000")
        vm.booted()
        with open(pc.state / "lock", "a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            pc.wsl("--shutdown", "--force")
            until(lambda: len(session.events) > 1, "the message", 20)
        assert not session.last()["success"] and "wsl --shutdown" in session.last()["error"], session.events
        check_usable(vm)


def external_terminate__is_an_error__next_start_works():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        session = vm.up()
        pc.wsl("--terminate", vm.distro)
        assert not session.last()["success"]
        check_usable(vm)


def keeper_killed__is_an_error__distribution_is_put_down():
    with one_booted(IMAGE) as (pc, vm, session):
        os.kill(int((vm.dir / "wsl2.keeper").read_text().split()[0]), signal.SIGKILL)
        assert not session.last()["success"]
        until(lambda: pc.running() == [], "the distribution's end")
        check_usable(vm)


def driver_killed__guest_stops_by_itself__new_driver_starts_it():
    with one_booted(IMAGE) as (pc, vm, _):
        vm.end_driver(signal.SIGKILL)
        until(lambda: pc.running() == [], "the distribution's end")
        assert vm.status() == "Stopped"
        vm.start_driver()
        check_usable(vm)


def driver_killed__what_boot_scripts_left_running_ends_too():
    """A guest agent without systemd: a process that came by way of wsl.exe and would keep the distribution alive for ever."""
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE, files={"boot/25-agent.sh": "#!/bin/sh\nsetsid sh -c 'trap : TERM; while :; do sleep 1; done' >/dev/null 2>&1 </dev/null &\n"})
        (vm.dir / "cidata/boot/25-agent.sh").chmod(0o755)
        vm.up()
        vm.booted()
        vm.end_driver(signal.SIGKILL)
        until(lambda: pc.running() == [], "the distribution's end")
        assert vm.status() == "Stopped"


def driver_killed__new_driver_at_once__takes_over_the_leftover():
    with Computer(wslconfig="[general]\ninstanceIdleTimeout=600000\n") as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up()
        vm.booted()
        vm.end_driver(signal.SIGKILL)
        vm.start_driver()
        check_usable(vm)


def driver_told_to_end__guest_stops_cleanly():
    with one_booted(IMAGE) as (pc, vm, _):
        vm.end_driver()
        until(lambda: pc.running() == [], "the distribution's end")
        assert vm.status() == "Stopped"


def client_of_start_gone__instance_is_stopped():
    with one_booted(IMAGE) as (pc, vm, session):
        session.cancel()
        until(lambda: pc.running() == [], "the distribution's end")
        check_usable(vm)


def two_instances__own_ports__stopping_one_leaves_the_other():
    with Computer() as pc:
        one, two = Instance(pc, "one", image=IMAGE), Instance(pc, "two", image=IMAGE)
        one_session, two_session = one.up(), two.up()
        assert sorted(pc.running()) == ["lima-one", "lima-two"]
        assert one.banner() != two.banner()
        assert one.doc["config"]["user"]["uid"] != two.doc["config"]["user"]["uid"]
        if AS_ROOT:
            one.booted()
            two.booted()
            assert (one.ssh("hostname"), two.ssh("hostname")) == ("lima-one\n", "lima-two\n")
        one.stop()
        assert one_session.last()["success"]
        assert (one.status(), two.status()) == ("Stopped", "Running")
        assert " lima-" in two.banner()
        pc.wsl("--shutdown")
        assert not two_session.last()["success"]
        one.call("Delete")
        assert pc.registered() == ["lima-two"]


def deleted_right_after_create__nothing_left():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        assert vm.status() == "Stopped"
        vm.call("Delete")
        assert pc.registered() == [] and not (vm.dir / "ext4.vhdx").exists()


def deleted_while_running__nothing_left():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        session = vm.up()
        vm.call("Delete")
        assert session.last()["success"], session.events
        assert pc.registered() == [] and not (vm.dir / "ext4.vhdx").exists()


def another_shell_in_the_distribution__stop_ends_it():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.up()
        vm.stop()
        vm.in_guest("true")                 # as a user's terminal
        until(lambda: vm.status() == "Stopped" or pc.running(), "a state")
        vm.stop()
        assert vm.status() == "Stopped"


if __name__ == "__main__":
    main([external_shutdown__start_stream_says_so__next_start_works, external_shutdown__told_before_a_blocked_service_is_asked, external_terminate__is_an_error__next_start_works,
          keeper_killed__is_an_error__distribution_is_put_down, driver_killed__guest_stops_by_itself__new_driver_starts_it,
          driver_killed__what_boot_scripts_left_running_ends_too,
          driver_killed__new_driver_at_once__takes_over_the_leftover, driver_told_to_end__guest_stops_cleanly,
          client_of_start_gone__instance_is_stopped, two_instances__own_ports__stopping_one_leaves_the_other,
          deleted_right_after_create__nothing_left, deleted_while_running__nothing_left, another_shell_in_the_distribution__stop_ends_it])
