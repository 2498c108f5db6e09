#!/usr/bin/env python3
"""QEMU's firmware on empty disks: boot by UEFI, devices that come and go, saving. No guest is needed."""
import json
import os
import shutil
import uuid

from host import codes, document, main, refused, skip_all, until

for tool in ("qemu-system-x86_64", "qemu-img", "qemu-nbd", "setpriv"):
    if not shutil.which(tool):
        skip_all(f"no {tool}")
FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
if not os.path.exists(FIRMWARE):
    skip_all(f"no {FIRMWARE}")


def booted(pc, vm, **devices):
    """(handle, document): a VM whose firmware finds nothing to boot and says so on COM1."""
    state = str(pc.root / "vm.vmgs")
    pc.hcs.call("HcsCreateEmptyGuestStateFile", path=state)
    iso = pc.file("cidata.iso", bytes(1 << 20))
    pc.grant(vm, state, iso)
    disk = pc.disk("disk.vhdx", vm)
    scsi = {"disk": {"Attachments": {"0": {"Type": "VirtualDisk", "Path": disk}}},
            "cidata": {"Attachments": {"0": {"Type": "Iso", "Path": iso, "ReadOnly": True}}}}
    text = document({
        "Chipset": {"Uefi": {"Console": "ComPort1", "BootThis": {"DeviceType": "ScsiDrive", "DevicePath": "disk", "DiskNumber": 0}}},
        "ComputeTopology": {"Memory": {"SizeInMB": 256}, "Processor": {"Count": 1}},
        "Devices": {"Scsi": scsi, "ComPorts": {"0": {"NamedPipe": "\\\\.\\pipe\\com1"}}, **devices},
        "GuestState": {"GuestStateFilePath": state}})
    handle = pc.hcs.create(vm, text)
    pc.hcs.do("Start", handle)
    return handle, text


def says(pc, vm, words):
    path = pc.state / "vms" / vm / "com1.log"
    until(lambda: path.exists() and words in path.read_bytes(), words)


def modify(pc, handle, path, request, settings=None):
    pc.hcs.do("Modify", handle, document=json.dumps({"ResourcePath": "VirtualMachine/Devices/" + path, "RequestType": request,
                                                     **({} if settings is None else {"Settings": settings})}))


def the_firmware_speaks_on_com1_and_keeps_its_variables(pc):
    vm = str(uuid.uuid4())
    handle, _ = booted(pc, vm)
    says(pc, vm, b"BdsDxe")
    pc.ended(handle)
    assert (pc.root / "vm.vmgs").stat().st_size == os.path.getsize("/usr/share/OVMF/OVMF_VARS_4M.fd")


def devices_come_and_go(pc):
    vm = str(uuid.uuid4())
    handle, _ = booted(pc, vm)
    extra = pc.disk("extra.vhdx", vm)
    modify(pc, handle, "Scsi/disk/Attachments/3", "Add", {"Type": "VirtualDisk", "Path": extra})
    modify(pc, handle, "NetworkAdapters/n", "Add", {"EndpointId": pc.endpoint(pc.network()), "MacAddress": "52-55-55-12-34-56"})
    modify(pc, handle, "Scsi/disk/Attachments/3", "Remove")
    modify(pc, handle, "Scsi/disk/Attachments/0", "Remove")
    assert pc.status(handle) == "Running"
    pc.ended(handle)


def saved_and_restored_on_a_vhdx(pc):
    vm = str(uuid.uuid4())
    handle, text = booted(pc, vm)
    says(pc, vm, b"BdsDxe")
    state = str(pc.root / "state.vmrs")
    pc.hcs.call("HcsCreateEmptyRuntimeStateFile", path=state)
    pc.grant(vm, state)
    pc.hcs.do("Pause", handle)
    pc.hcs.do("Save", handle, options=json.dumps({"SaveStateFilePath": state}))
    pc.ended(handle)
    text["VirtualMachine"]["RestoreState"] = {"SaveStateFilePath": state}
    handle = pc.hcs.create(vm, text)
    pc.hcs.do("Start", handle)
    assert pc.status(handle) == "Running"
    pc.ended(handle)
    with open(state, "r+b") as file:
        file.truncate(file.seek(0, 2) // 2)
    with refused(codes.HCS_TERMINATED_DURING_START):
        pc.running(vm, text)


def a_vm_that_is_killed_has_ended_unexpectedly(pc):
    vm = str(uuid.uuid4())
    booted(pc, vm)
    os.kill(int((pc.state / "vms" / vm / "pid").read_text()), 9)
    _, kind, data = pc.hcs.event()
    assert kind == 1 and data["ExitType"] == "UnexpectedExit", data


def three_at_once(pc):
    network = pc.network()
    running = []
    for number in range(3):
        vm = str(uuid.uuid4())
        end = pc.endpoint(network, MacAddress=f"52-55-55-12-34-5{number}")
        disk = pc.disk(f"disk{number}.vhdx", vm)
        text = document({"ComputeTopology": {"Memory": {"SizeInMB": 128}, "Processor": {"Count": 1}},
                         "Devices": {"Scsi": {"disk": {"Attachments": {"0": {"Type": "VirtualDisk", "Path": disk}}}},
                                     "NetworkAdapters": {"n": {"EndpointId": end}}}})
        handle = pc.hcs.create(vm, text)
        pc.hcs.do("Start", handle)
        running.append(handle)
    for handle in running:
        pc.ended(handle)
    assert pc.report()["systems"] == {}


if __name__ == "__main__":
    main(__name__, machine="qemu")
