#!/usr/bin/env python3
"""The life of a compute system in the double: states, handles, events, files (facts 2, 4, 10.2)."""
import json
import os
import queue
import socket
import uuid

from host import codes, document, main, refused, until

EXITED, CRASH_INITIATED, CRASH_REPORT, DISCONNECT = 1, 2, 3, 0x02000000
SHUTDOWN = json.dumps({"Mechanism": "IntegrationService", "Type": "Shutdown", "Force": False, "Reason": "test"})


def exit_event(client):
    while True:
        _, kind, data = client.event()
        if kind == EXITED:
            return data


def from_create_to_terminate(pc):
    vm, handle = pc.running()
    assert pc.status(handle) == "Running"
    pc.hcs.do("Pause", handle)
    assert pc.status(handle) == "Paused"
    pc.hcs.do("Resume", handle)
    assert pc.status(handle) == "Running"
    pc.hcs.do("Terminate", handle)
    found = exit_event(pc.hcs)
    assert found["Status"] == 0 and found["ExitType"] == "ForcedExit", found
    assert found["Attribution"][0]["SystemExit"] == {"Detail": "Terminate", "Initiator": "Client"}
    pc.hcs.close(handle)
    with refused(codes.HCS_SYSTEM_NOT_FOUND):
        pc.hcs.open(vm)
    assert pc.report()["systems"] == {}


def the_guest_shuts_down_when_it_is_asked(pc):
    _, handle = pc.running()
    pc.hcs.do("ShutDown", handle, options=SHUTDOWN)
    found = exit_event(pc.hcs)
    assert found["ExitType"] == "GracefulExit" and found["Attribution"][-1]["SystemExit"]["Initiator"] == "GuestOS", found


def shutdown_needs_the_service_in_the_document_and_the_guest(pc):
    vm = str(uuid.uuid4())
    _, handle = pc.running(vm, pc.kernel_document(vm, Services=None))
    with refused(codes.NOT_SUPPORTED):
        pc.hcs.do("ShutDown", handle, options=SHUTDOWN)
    with refused(codes.NOT_SUPPORTED):
        pc.hcs.do("ShutDown", handle)
    pc.settings(shutdown="refuse", shutdown_wait="10")
    _, other = pc.running()
    with refused(codes.HCS_INVALID_STATE):
        pc.hcs.do("ShutDown", other, options=SHUTDOWN)
    assert pc.status(other) == "Running"


def an_id_that_exists(pc):
    vm, _ = pc.running()
    with refused(codes.HCS_SYSTEM_ALREADY_EXISTS):
        pc.hcs.create(vm.upper(), document())


def an_id_is_free_when_the_last_handle_is_closed(pc):
    vm, handle = pc.running()
    other = pc.client()
    second = other.open(vm)
    pc.hcs.do("Terminate", handle)
    pc.hcs.close(handle)
    with refused(codes.HCS_SYSTEM_ALREADY_EXISTS):
        pc.hcs.create(vm, document())
    other.close(second)
    pc.hcs.create(vm, document())


def calls_in_the_wrong_state(pc):
    vm = str(uuid.uuid4())
    handle = pc.hcs.create(vm, pc.kernel_document(vm))
    for verb in ("Pause", "Resume", "Save", "ShutDown"):
        with refused(codes.HCS_INVALID_STATE):
            pc.hcs.do(verb, handle)
    pc.hcs.do("Start", handle)
    for verb in ("Start", "Resume", "Save"):
        with refused(codes.HCS_INVALID_STATE):
            pc.hcs.do(verb, handle)
    pc.hcs.do("Pause", handle)
    for verb in ("Start", "Pause", "ShutDown"):
        with refused(codes.HCS_INVALID_STATE):
            pc.hcs.do(verb, handle)


def calls_after_the_end(pc):
    _, handle = pc.running()
    pc.hcs.do("Terminate", handle)
    for verb in ("Start", "Pause", "Resume", "Save", "ShutDown", "Terminate", "GetProperties", "Modify"):
        with refused(codes.HCS_SYSTEM_ALREADY_STOPPED):
            pc.hcs.do(verb, handle)


def an_unknown_id(pc):
    with refused(codes.HCS_SYSTEM_NOT_FOUND):
        pc.hcs.open(str(uuid.uuid4()))


def a_second_process_finds_it(pc):
    vm, handle = pc.running()
    other = pc.client()
    found = other.run("HcsEnumerateComputeSystems", query=json.dumps({"Owners": ["lima"]}))
    assert [one["Id"] for one in found] == [vm] and found[0]["State"] == "Running" and found[0]["RuntimeId"] == vm, found
    assert other.run("HcsEnumerateComputeSystems", query=json.dumps({"Owners": ["wsl"]})) == []
    pc.hcs.leave()
    second = other.open(vm)
    assert other.do("GetProperties", second)["State"] == "Running"
    other.do("Terminate", second)
    assert exit_event(other)["ExitType"] == "ForcedExit"
    assert handle


def it_outlives_its_process_unless_the_document_says_so(pc):
    mortal = pc.client()
    vm = str(uuid.uuid4())
    text = pc.kernel_document(vm)
    text["ShouldTerminateOnLastHandleClosed"] = True
    handle = mortal.create(vm, text)
    mortal.do("Start", handle)
    lasting, _ = pc.running()
    pc.hcs.leave()
    assert pc.report()["systems"] == {vm: "Running", lasting: "Running"}
    mortal.leave()
    until(lambda: pc.report()["systems"] == {lasting: "Running"}, "the end of the one that is tied to its process")


def a_crash(pc):
    vm, handle = pc.running()
    pc.tell("crash", vm, "Kernel panic - not syncing: test")
    assert pc.hcs.event() == (handle, CRASH_INITIATED, None)
    _, kind, report = pc.hcs.event()
    assert kind == CRASH_REPORT and report["CrashLog"] == "Kernel panic - not syncing: test", report
    found = exit_event(pc.hcs)
    assert found["ExitType"] == "UnexpectedExit" and found["Attribution"][0]["WorkerExit"]["Detail"] == "GuestCrash", found


def the_service_goes_and_comes_back(pc):
    vm, handle = pc.running()
    pc.tell("disconnect")
    assert pc.hcs.event() == (handle, DISCONNECT, None)
    with refused(codes.HCS_SERVICE_DISCONNECT):
        pc.hcs.do("GetProperties", handle)
    second = pc.hcs.open(vm)
    assert pc.status(second) == "Running"
    pc.hcs.close(handle)


# Files.

def files_that_are_not_there_or_not_granted(pc):
    vm = str(uuid.uuid4())
    text = pc.kernel_document(vm)
    direct = text["VirtualMachine"]["Chipset"]["LinuxKernelDirect"]
    kernel = direct["KernelFilePath"]
    for path, code in ((str(pc.root / "none"), codes.FILE_NOT_FOUND), (str(pc.root / "no" / "where"), codes.PATH_NOT_FOUND),
                       (pc.file("secret"), codes.E_ACCESSDENIED)):
        direct["KernelFilePath"] = path
        handle = pc.hcs.create(vm, text)
        with refused(code, os.path.basename(path)):
            pc.hcs.do("Start", handle)
        assert exit_event(pc.hcs)["ExitType"] == "UnexpectedExit"
        pc.hcs.close(handle)
    direct["KernelFilePath"] = kernel
    pc.running(vm, text)


def a_grant_is_of_the_file_and_of_one_vm(pc):
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    text = pc.kernel_document(one)
    with refused(codes.E_ACCESSDENIED):
        pc.running(other, text)
    kernel = pc.root / "vmlinuz"
    os.rename(kernel, pc.root / "moved")
    kernel.write_bytes(b"another file of that name")
    with refused(codes.E_ACCESSDENIED):
        pc.running(one, text)
    os.rename(pc.root / "moved", kernel)
    pc.hcs.call("HcsRevokeVmAccess", system=one, path=str(pc.root / "initrd"))
    with refused(codes.E_ACCESSDENIED):
        pc.running(one, text)
    pc.hcs.call("HcsGrantVmGroupAccess", path=str(pc.root / "initrd"))
    pc.running(one, text)
    with refused(codes.FILE_NOT_FOUND):
        pc.grant(one, str(pc.root / "none"))


def with_disk(pc, vm, path, **attachment):
    scsi = {"disk": {"Attachments": {"0": {"Type": "VirtualDisk", "Path": path, **attachment}}}}
    return pc.kernel_document(vm, Devices={"Scsi": scsi})


def disks_that_windows_does_not_attach(pc):
    vm = str(uuid.uuid4())
    path = pc.disk("disk.vhdx", vm)
    for word in ("sparse", "compressed", "encrypted"):
        pc.mark(path, word)
        with refused(codes.VHD_SYSTEM_LIMITATION, word):
            pc.running(vm, with_disk(pc, vm, path))
    with refused(codes.VHD_PROVIDER_NOT_FOUND):
        pc.running(vm, with_disk(pc, vm, pc.file("disk.img", vm=vm)))
    with refused(codes.FILE_CORRUPT):
        pc.running(vm, with_disk(pc, vm, pc.file("bad.vhdx", b"no disk" * 1000, vm=vm)))
    pc.mark(path, "compressed")
    pc.running(vm, with_disk(pc, vm, path, SupportCompressedVolumes=True))


def a_disk_belongs_to_one_vm(pc):
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    path = pc.disk("disk.vhdx", one)
    pc.grant(other, path)
    _, handle = pc.running(one, with_disk(pc, one, path))
    with refused(codes.SHARING_VIOLATION):
        pc.running(other, with_disk(pc, other, path))
    pc.ended(handle)
    pc.running(other, with_disk(pc, other, path))


def every_disk_of_a_chain_must_be_granted_and_what_it_was(pc):
    vm = str(uuid.uuid4())
    parent = pc.disk("parent.vhdx", vm)
    child = pc.disk("child.vhdx", vm, parent=parent)
    pc.hcs.call("HcsRevokeVmAccess", system=vm, path=parent)
    with refused(codes.E_ACCESSDENIED, "parent.vhdx"):
        pc.running(vm, with_disk(pc, vm, child))
    pc.grant(vm, parent)
    _, handle = pc.running(vm, with_disk(pc, vm, child))
    pc.ended(handle)
    write_guid(parent)
    with refused(codes.VHD_PARENT_ID_MISMATCH):
        pc.running(vm, with_disk(pc, vm, child))
    os.unlink(parent)
    with refused(codes.VHD_PARENT_NOT_FOUND):
        pc.running(vm, with_disk(pc, vm, child))


def write_guid(path):
    """What every write to a VHDX does."""
    with open(path, "r+b") as file:
        for header in (1 << 16, 2 << 16):
            file.seek(header + 32)
            file.write(uuid.uuid4().bytes_le)


# What the host lacks.

def what_the_host_lacks(pc):
    vm = str(uuid.uuid4())
    text = pc.kernel_document(vm)
    pc.settings(feature="off")
    with refused(codes.HCS_SERVICE_NOT_AVAILABLE):
        pc.hcs.create(vm, text)
    pc.settings(hypervisor="off")
    handle = pc.hcs.create(vm, text)
    with refused(codes.HCS_HYPERV_NOT_INSTALLED):
        pc.hcs.do("Start", handle)
    pc.settings(service="stopped")
    with refused(codes.SERVER_UNAVAILABLE):
        pc.hcs.call("HcsGetServiceProperties")
    pc.settings(member="false", elevated="false")
    with refused(codes.HCS_ACCESS_DENIED):
        pc.hcs.call("HcsGetServiceProperties")
    pc.settings(memory="256")
    with refused(codes.NO_SYSTEM_RESOURCES):
        pc.hcs.do("Start", handle)
    pc.settings(processors="1")
    with refused(codes.E_INVALIDARG):
        pc.running()


def what_the_service_knows(pc):
    pc.settings(schema="2.4", nested="false")
    found = pc.hcs.call("HcsGetServiceProperties", query=json.dumps({"PropertyTypes": ["Basic"]}))
    assert {"Major": 2, "Minor": 4} in found["Properties"][0]["SupportedSchemaVersions"]
    assert {"Major": 2, "Minor": 5} not in found["Properties"][0]["SupportedSchemaVersions"]
    query = json.dumps({"PropertyQueries": {"ProcessorCapabilities": {}}})
    with refused(codes.HCS_INVALID_JSON):
        pc.hcs.call("HcsGetServiceProperties", query=query)
    pc.settings()
    found = pc.hcs.call("HcsGetServiceProperties", query=query)
    assert found["PropertyResponses"]["ProcessorCapabilities"]["Response"]["ProcessorFeatures"] == ["NestedVirt"]


# Saving.

def save(pc, handle, path):
    pc.hcs.do("Save", handle, options=json.dumps({"SaveType": "ToFile", "SaveStateFilePath": path}))


def state_file(pc, vm, name="state.vmrs"):
    path = str(pc.root / name)
    pc.hcs.call("HcsCreateEmptyRuntimeStateFile", path=path)
    pc.grant(vm, path)
    return path


def saved_and_restored(pc):
    vm = str(uuid.uuid4())
    disk = pc.disk("disk.vhdx", vm)
    text = with_disk(pc, vm, disk)
    _, handle = pc.running(vm, text)
    path = state_file(pc, vm)
    pc.hcs.do("Pause", handle)
    save(pc, handle, path)
    assert pc.status(handle) == "Paused"
    pc.ended(handle)
    text["VirtualMachine"]["RestoreState"] = {"SaveStateFilePath": path}
    other = json.loads(json.dumps(text))
    other["VirtualMachine"]["ComputeTopology"]["Processor"]["Count"] = 1
    with refused(codes.HCS_TERMINATED_DURING_START, "document"):
        pc.running(vm, other)
    _, handle = pc.running(vm, text)
    pc.ended(handle)
    write_guid(disk)
    with refused(codes.HCS_TERMINATED_DURING_START, "disks"):
        pc.running(vm, text)


def a_saved_state_goes_with_a_child_of_the_disk(pc):
    vm = str(uuid.uuid4())
    base = pc.disk("base.vhdx", vm)
    leaf = pc.disk("disk.vhdx", vm, parent=base)
    text = with_disk(pc, vm, leaf)
    _, handle = pc.running(vm, text)
    path = state_file(pc, vm)
    pc.hcs.do("Pause", handle)
    save(pc, handle, path)
    pc.ended(handle)
    frozen = str(pc.root / "frozen.vhdx")
    os.rename(leaf, frozen)
    pc.disk("disk.vhdx", vm, parent=frozen)
    text["VirtualMachine"]["RestoreState"] = {"SaveStateFilePath": path}
    _, handle = pc.running(vm, text)
    pc.ended(handle)
    with refused(codes.HCS_TERMINATED_DURING_START, "disks"):      # the disk was written to since
        pc.running(vm, text)


def what_cannot_be_saved(pc):
    vm = str(uuid.uuid4())
    _, handle = pc.running(vm, pc.kernel_document(vm, Devices={"Plan9": {}}))
    path = state_file(pc, vm)
    pc.hcs.do("Pause", handle)
    with refused(codes.NOT_SUPPORTED, "Plan9"):
        save(pc, handle, path)
    vm, handle = pc.running()
    pc.hcs.do("Pause", handle)
    with refused(codes.E_ACCESSDENIED):
        save(pc, handle, path)
    with refused(codes.FILE_NOT_FOUND):
        save(pc, handle, str(pc.root / "none.vmrs"))
    with refused(codes.E_INVALIDARG):
        pc.hcs.do("Save", handle)


# COM ports.

def com_port(pc, vm):
    return pc.kernel_document(vm, Devices={"ComPorts": {"0": {"NamedPipe": "\\\\.\\pipe\\lima-com1"}}})


def local(pc, name="lima-com1"):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(60)
    return sock, f"/proc/self/fd/{os.open(pc.state / 'pipes', os.O_PATH)}/{name}"


def read_line(sock):
    data = b""
    while not data.endswith(b"\n"):
        got = sock.recv(1)
        assert got, data
        data += got
    return data


def a_pipe_that_is_served_gets_all_from_the_first_byte(pc):
    server, path = local(pc)
    server.bind(path)
    server.listen()
    vm = str(uuid.uuid4())
    _, handle = pc.running(vm, com_port(pc, vm))
    console, _ = server.accept()
    console.settimeout(60)
    assert read_line(console) == b"stub guest: booted\r\n"
    console.sendall(b"echo me\n")
    assert read_line(console) == b"echo me\n"
    console.close()
    server.settimeout(0.3)
    try:
        server.accept()
        raise AssertionError("connected again")
    except TimeoutError:
        pass
    pc.hcs.do("Terminate", handle)


def without_a_server_the_vm_serves_and_clients_come_and_go(pc):
    vm = str(uuid.uuid4())
    pc.running(vm, com_port(pc, vm))
    for _ in range(2):
        client, path = local(pc)
        client.connect(path)
        client.sendall(b"hello\n")
        assert read_line(client) == b"hello\n"
        client.close()


# Modify.

def modify(pc, handle, path, request, settings=None):
    pc.hcs.do("Modify", handle, document=json.dumps({"ResourcePath": "VirtualMachine/" + path, "RequestType": request,
                                                     **({} if settings is None else {"Settings": settings})}))


def disks_come_and_go(pc):
    vm = str(uuid.uuid4())
    _, handle = pc.running(vm, pc.kernel_document(vm, Devices={"Scsi": {"disk": {}}}))
    path = pc.disk("extra.vhdx")
    what = {"Type": "VirtualDisk", "Path": path}
    with refused(codes.E_ACCESSDENIED):
        modify(pc, handle, "Devices/Scsi/disk/Attachments/1", "Add", what)
    pc.grant(vm, path)
    modify(pc, handle, "Devices/Scsi/disk/Attachments/1", "Add", what)
    with refused(codes.E_INVALIDARG):
        modify(pc, handle, "Devices/Scsi/disk/Attachments/1", "Add", what)
    modify(pc, handle, "Devices/Scsi/disk/Attachments/1", "Remove")
    with refused(codes.ELEMENT_NOT_FOUND):
        modify(pc, handle, "Devices/Scsi/disk/Attachments/1", "Remove")
    with refused(codes.ELEMENT_NOT_FOUND):
        modify(pc, handle, "Devices/Scsi/none/Attachments/1", "Add", what)
    with refused(codes.HCS_INVALID_JSON):
        modify(pc, handle, "Devices/Scsi/disk/Attachments/1", "Add", {"Type": "VirtualDisk"})
    with refused(codes.HCS_INVALID_JSON):
        modify(pc, handle, "Devices/Nonsense", "Add", what)


def shares_need_the_device(pc):
    vm = str(uuid.uuid4())
    _, handle = pc.running(vm, pc.kernel_document(vm, Devices={"Plan9": {}}))
    share = {"Name": "home", "AccessName": "home", "Path": str(pc.root), "Port": 50002, "Flags": 0}
    modify(pc, handle, "Devices/Plan9/Shares", "Add", share)
    with refused(codes.E_INVALIDARG):
        modify(pc, handle, "Devices/Plan9/Shares", "Add", share)
    modify(pc, handle, "Devices/Plan9/Shares", "Remove", {"Name": "home"})
    _, other = pc.running()
    with refused(codes.HCS_INVALID_STATE):
        modify(pc, other, "Devices/Plan9/Shares", "Add", share)


def memory_and_processor_limits(pc):
    _, handle = pc.running()
    modify(pc, handle, "ComputeTopology/Memory/SizeInMB", "Update", 1024)
    with refused(codes.HCS_INVALID_JSON):
        modify(pc, handle, "ComputeTopology/Memory/SizeInMB", "Update", {"SizeInMB": 1024})
    modify(pc, handle, "ComputeTopology/Processor/Limits", "Update", {"Weight": 200})
    with refused(codes.E_NOTIMPL):
        modify(pc, handle, "Devices/NetworkAdapters/a", "Update", {"EndpointId": str(uuid.uuid4())})


def nothing_more_is_said_to_who_has_closed(pc):
    vm, handle = pc.running()
    pc.hcs.close(handle)
    second = pc.client()
    again = second.open(vm)
    second.do("Terminate", again)
    exit_event(second)
    try:
        raise AssertionError(pc.hcs.events.get(timeout=0.2))
    except queue.Empty:
        pass


if __name__ == "__main__":
    main(__name__)
