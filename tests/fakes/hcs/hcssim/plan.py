"""What a document asks of this host, looked up when the VM starts: files (there, granted, attachable), chains of disks,
endpoints."""
import dataclasses
import hashlib
import json
import re

from . import codes, disks, files
from .codes import Failure


@dataclasses.dataclass
class Attached:
    """A disk or ISO at a place of a SCSI controller."""
    controller: str
    lun: str
    attachment: dict
    host: str
    chain: list         # vhdx.Disk, the disk first; empty for an ISO

    @property
    def writable(self):
        return bool(self.chain) and not self.attachment.get("ReadOnly")


@dataclasses.dataclass
class Plan:
    """All that was looked up."""
    kernel: str = None
    initrd: str = None
    guest_state: str = None
    restore: str = None
    attached: list = dataclasses.field(default_factory=list)
    adapters: dict = dataclasses.field(default_factory=dict)     # name: Endpoint
    shares: list = dataclasses.field(default_factory=list)       # (share, host folder)
    pmem: list = dataclasses.field(default_factory=list)         # (device, host path)


def granted(system, path):
    host = files.found(system.paths, path)
    files.need_access(host, path, system.id)
    return host


def attach(system, controller, lun, attachment):
    """One attachment, with every file of its chain granted and free."""
    path = attachment["Path"]
    if attachment["Type"] == "PassThru":
        raise Failure(codes.E_ACCESSDENIED, f"'{path}': the double has no physical disks")
    host = granted(system, path)
    if attachment["Type"] == "Iso":
        found = Attached(controller, lun, attachment, host, [])
    else:
        allowed = [word for word, name in disks.ALLOWED.items() if attachment.get(name)]
        chain = disks.chain(system.paths, path, allowed)
        for disk in chain[1:]:
            files.need_access(disk.host, disk.named, system.id)
        found = Attached(controller, lun, attachment, host, chain)
    writes = system.service.uses
    if writes.conflicts(found, system.id):
        raise Failure(codes.SHARING_VIOLATION, f"'{path}': The process cannot access the file because it is being used by another process.",
                      detail="ColdStartFailure")
    return found


def make(system):
    machine = system.machine_document
    plan = Plan()
    direct = machine["Chipset"].get("LinuxKernelDirect")
    if direct:
        plan.kernel = granted(system, direct["KernelFilePath"])
        plan.initrd = granted(system, direct["InitRdPath"]) if direct.get("InitRdPath") else None
    state = machine.get("GuestState", {})
    if state.get("GuestStateFilePath"):
        plan.guest_state = granted(system, state["GuestStateFilePath"])
    if state.get("RuntimeStateFilePath"):
        granted(system, state["RuntimeStateFilePath"])
    restore = machine.get("RestoreState", {}).get("SaveStateFilePath")
    plan.restore = granted(system, restore) if restore else None
    devices = machine.get("Devices", {})
    for controller, content in devices.get("Scsi", {}).items():
        for lun, attachment in content.get("Attachments", {}).items():
            plan.attached.append(attach(system, controller, lun, attachment))
    if len({one.host for one in plan.attached if one.writable}) != len([one for one in plan.attached if one.writable]):
        raise Failure(codes.SHARING_VIOLATION, "a disk is attached twice", detail="ColdStartFailure")
    for device in devices.get("VirtualPMem", {}).get("Devices", {}).values():
        plan.pmem.append((device, granted(system, device["HostPath"])))
    for share in devices.get("Plan9", {}).get("Shares", []):
        plan.shares.append((share, files.found(system.paths, share["Path"])))
    for name, adapter in devices.get("NetworkAdapters", {}).items():
        plan.adapters[name] = system.service.networks.attach(adapter["EndpointId"], adapter.get("MacAddress"), system.runtime_id)
    return plan


def fingerprint(machine, attached):
    """What must be the same when a saved state is restored (facts 4.2): the devices, and what is on the disks."""
    hardware = {name: value for name, value in machine.items() if name not in ("RestoreState", "DebugOptions", "GuestState", "Services")}
    text = re.sub(r'"NamedPipe": "[^"]*"', "", json.dumps(hardware, sort_keys=True))
    contents = sorted((one.controller, one.lun, disks.content_of(one.chain) if one.chain else one.host) for one in attached)
    return {"document": hashlib.sha256(text.encode()).hexdigest(), "disks": contents}


class Uses:
    """Which files running VMs have: a written disk belongs to one, others may be read by many."""

    def __init__(self):
        self.plans = {}         # system id: {host: whether it is written to}

    def add(self, system_id, found):
        held = self.plans.setdefault(system_id, {})
        held[found.host] = found.writable
        for disk in found.chain[1:]:
            held.setdefault(disk.host, False)

    def remove(self, system_id, host=None):
        if host is None:
            self.plans.pop(system_id, None)
        else:
            self.plans.get(system_id, {}).pop(host, None)

    def in_use(self, host):
        return any(host in held for held in list(self.plans.values()))

    def conflicts(self, found, system_id):
        for other, held in list(self.plans.items()):
            if other != system_id and found.host in held and (found.writable or held[found.host]):
                return True
            if other != system_id and any(held.get(disk.host) for disk in found.chain[1:]):
                return True
        return False
