"""HcsModifyComputeSystem: what can be changed while a VM runs (facts 3.7). A change of a VM that has not been started goes into its
document only."""
from . import codes, plan as plans, schema
from .codes import Failure


def need_settings(system, settings, kind):
    if settings is None:
        raise Failure(codes.HCS_INVALID_JSON, "'Settings' are missing")
    schema.check(settings, kind, system.version, "Settings")


def need_request(request, *known):
    if request not in known:
        raise Failure(codes.E_NOTIMPL, f"'RequestType': {request} is not implemented here")


def absent(words):
    return Failure(codes.ELEMENT_NOT_FOUND, f"{words}: Element not found.")


def attachment(system, request, settings, session, controller, lun):
    need_request(request, "Add", "Remove")
    controllers = system.devices.get("Scsi", {})
    if controller not in controllers:
        raise absent(f"controller '{controller}'")
    luns = controllers[controller].setdefault("Attachments", {})
    if request == "Remove":
        if lun not in luns:
            raise absent(f"attachment {lun}")
        if system.machine:
            system.machine.detach_disk(controller, lun)
            found = next(one for one in system.plan.attached if (one.controller, one.lun) == (controller, lun))
            system.plan.attached.remove(found)
            system.service.uses.remove(system.id, found.host)
        del luns[lun]
        return
    need_settings(system, settings, schema.ATTACHMENT)
    if lun in luns or not lun.isdigit() or int(lun) > 63:
        raise Failure(codes.E_INVALIDARG, f"attachment {lun} is taken, or no LUN")
    if system.machine:
        found = plans.attach(system, controller, lun, settings)
        system.machine.attach_disk(controller, lun, settings, found)
        system.plan.attached.append(found)
        system.service.uses.add(system.id, found)
    luns[lun] = settings


def adapter(system, request, settings, session, name):
    need_request(request, "Add", "Remove")
    adapters = system.devices.setdefault("NetworkAdapters", {})
    if request == "Remove":
        if name not in adapters:
            raise absent(f"network adapter '{name}'")
        system.service.networks.detach(system.runtime_id, adapters[name]["EndpointId"].lower())
        if system.machine:
            system.machine.detach_adapter(name)
        del adapters[name]
        return
    need_settings(system, settings, schema.ADAPTER)
    if name in adapters:
        raise Failure(codes.HCN_ENDPOINT_ALREADY_ATTACHED, f"network adapter '{name}' is there")
    endpoint = system.service.networks.attach(settings["EndpointId"], settings.get("MacAddress"), system.runtime_id)
    if system.machine:
        system.machine.attach_adapter(name, endpoint)
    adapters[name] = settings


def share(system, request, settings, session):
    need_request(request, "Add", "Remove", "Update")
    if "Plan9" not in system.devices:
        raise Failure(codes.HCS_INVALID_STATE, "the document has no Plan9 device")
    need_settings(system, settings, {"Name": schema.of(str, needed=True)} if request == "Remove" and len(settings or {}) == 1 else schema.PLAN9_SHARE)
    shares = system.devices["Plan9"].setdefault("Shares", [])
    same = [one for one in shares if one["Name"] == settings["Name"]]
    if request == "Add" and same:
        raise Failure(codes.E_INVALIDARG, f"share '{settings['Name']}' is there")
    if request != "Add" and not same:
        raise absent(f"share '{settings['Name']}'")
    added = [(settings, plans.files.found(system.paths, settings["Path"]))] if request != "Remove" else []
    if system.machine:
        for one, _ in added:
            system.machine.share(one)
        system.plan.shares = [(one, host) for one, host in system.plan.shares if one not in same] + added
    system.devices["Plan9"]["Shares"] = [one for one in shares if one not in same] + [one for one, _ in added]


def hv_service(system, request, settings, session, guid):
    need_request(request, "Update", "Remove")
    table = system.devices.setdefault("HvSocket", {}).setdefault("HvSocketConfig", {}).setdefault("ServiceTable", {})
    if request == "Remove":
        if guid not in table:
            raise absent(f"service {guid}")
        del table[guid]
        return
    need_settings(system, settings, schema.HV_SERVICE)
    schema.check({guid: settings}, schema.HV_SERVICES, system.version, "ServiceTable")
    table[guid] = settings


def memory(system, request, settings, session):
    need_request(request, "Update")
    need_settings(system, settings, schema.U64)
    if settings % 2:
        raise Failure(codes.HCS_INVALID_JSON, "'SizeInMB': must be a multiple of 2")
    if system.machine:
        system.machine.set_memory(settings)
    system.machine_document["ComputeTopology"]["Memory"]["SizeInMB"] = settings


def limits(system, request, settings, session):
    need_request(request, "Update")
    need_settings(system, settings, {name: schema.TOPOLOGY["Processor"].kind[name] for name in ("Limit", "Weight", "Reservation", "MaximumFrequencyMHz")})
    system.machine_document["ComputeTopology"]["Processor"].update(settings)


def elsewhere(system, request, settings, session):
    raise codes.Mistake("this ResourcePath is not in the double")


DEVICES = "VirtualMachine/Devices/"
PATHS = [
    (DEVICES + r"Scsi/([^/]+)/Attachments/([^/]+)", attachment), (DEVICES + r"NetworkAdapters/([^/]+)", adapter), (DEVICES + r"Plan9/Shares", share),
    (DEVICES + r"HvSocket/HvSocketConfig/ServiceTable/([^/]+)", hv_service), ("VirtualMachine/ComputeTopology/Memory/SizeInMB", memory),
    ("VirtualMachine/ComputeTopology/Processor/Limits", limits), ("VirtualMachine/ComputeTopology/Gpu", elsewhere),
    (DEVICES + r"(?:ComPorts|VirtualPMem|VirtualPci|FlexibleIov|SharedMemory|VirtualSmb)/.*", elsewhere)]
