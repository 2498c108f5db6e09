#!/usr/bin/env python3
"""Which documents of compute systems the double refuses, and by which code (facts 3, 10.2)."""
import copy
import json

from host import codes, document, dumps, main, refused

BAD = codes.HCS_INVALID_JSON
VM = "5a3f8c1e-0000-4000-8000-000000000001"


def refuses(pc, text, words=""):
    with refused(BAD, words):
        pc.hcs.create(VM, text)


def changed(path, value, base=None):
    """A document in which one member is another; the path's parts are keys."""
    found = copy.deepcopy(base or document())
    at = found
    for key in path[:-1]:
        at = at.setdefault(key, {})
    at[path[-1]] = value
    return found


def a_whole_one_is_taken(pc):
    devices = {
        "Scsi": {"disk": {"Attachments": {"0": {"Type": "VirtualDisk", "Path": "C:\\vm\\disk.vhdx", "CachingMode": "Cached"}}},
                 "cidata": {"Attachments": {"0": {"Type": "Iso", "Path": "C:\\vm\\cidata.iso", "ReadOnly": True}}}},
        "NetworkAdapters": {"a": {"EndpointId": VM, "MacAddress": "52-55-55-12-34-56"}},
        "HvSocket": {"HvSocketConfig": {"DefaultBindSecurityDescriptor": "D:P(A;;FA;;;SY)", "DefaultConnectSecurityDescriptor": "D:P(A;;FA;;;SY)",
                                        "ServiceTable": {"0000c350-facb-11e6-bd58-64006a7986d3": {"AllowWildcardBinds": False}}}},
        "ComPorts": {"0": {"NamedPipe": "\\\\.\\pipe\\lima-com1"}}, "Plan9": {}}
    uefi = {"UseUtc": True, "Uefi": {"Console": "ComPort1", "StopOnBootFailure": True,
                                     "BootThis": {"DeviceType": "ScsiDrive", "DevicePath": "disk", "DiskNumber": 0}}}
    handle = pc.hcs.create(VM, document({"Devices": devices, "Chipset": uefi,
                                         "GuestState": {"GuestStateFilePath": "C:\\a.vmgs", "RuntimeStateFilePath": "C:\\a.vmrs"}}))
    assert pc.status(handle) == "Created"


def no_json(pc):
    refuses(pc, "{", "no JSON")
    refuses(pc, "[]")
    refuses(pc, "")


def without_a_schema_version(pc):
    refuses(pc, document(SchemaVersion=None), "SchemaVersion")
    refuses(pc, document(SchemaVersion={"Major": 2}), "Minor")
    refuses(pc, document(SchemaVersion="2.1"), "SchemaVersion")


def a_version_newer_than_the_service(pc):
    pc.settings(schema="2.3")
    refuses(pc, document(SchemaVersion={"Major": 2, "Minor": 4}), "newest")
    refuses(pc, document(SchemaVersion={"Major": 3, "Minor": 0}))
    refuses(pc, document(SchemaVersion={"Major": 1, "Minor": 0}))


def unknown_properties(pc):
    refuses(pc, document(Surprise=1), "'Surprise'")
    refuses(pc, changed(["VirtualMachine", "Devices", "Floppy"], {}), "'VirtualMachine.Devices.Floppy'")
    refuses(pc, changed(["VirtualMachine", "ComputeTopology", "Memory", "sizeInMB"], 512), "sizeInMB")


def properties_newer_than_the_document(pc):
    for minor, path, value in (
            (0, ["Chipset", "UseUtc"], True), (1, ["ComputeTopology", "Memory", "EnableColdDiscardHint"], True),
            (1, ["Chipset", "Uefi", "StopOnBootFailure"], True), (4, ["Services"], {}), (4, ["Version"], {"Major": 9, "Minor": 0}),
            (2, ["Chipset", "Uefi", "ApplySecureBootTemplate"], "Skip"), (0, ["GuestState"], {})):
        old = document({"Services": None, "ComputeTopology": {"Memory": {"SizeInMB": 512}, "Processor": {"Count": 1}}},
                       SchemaVersion={"Major": 2, "Minor": minor})
        if minor == 0:
            pc.settings()
            refuses(pc, changed(["VirtualMachine", *path], value, old), "is of schema")
            continue
        text = changed(["VirtualMachine", *path], value, old)
        refuses(pc, text, "is of schema")
        text["SchemaVersion"]["Minor"] = minor + 1
        handle = pc.hcs.create(VM, text)
        pc.hcs.do("Terminate", handle)
        pc.hcs.close(handle)


def wrong_types(pc):
    for path, value in ((["ShouldTerminateOnLastHandleClosed"], "true"), (["Owner"], 5), (["VirtualMachine", "StopOnReset"], 1),
                        (["VirtualMachine", "ComputeTopology", "Memory", "SizeInMB"], "512"),
                        (["VirtualMachine", "ComputeTopology", "Memory", "SizeInMB"], 512.0),
                        (["VirtualMachine", "ComputeTopology", "Processor", "Count"], -1),
                        (["VirtualMachine", "ComputeTopology", "Processor", "Count"], True), (["VirtualMachine", "Devices"], []),
                        (["VirtualMachine", "Devices", "Plan9"], None), (["VirtualMachine", "Chipset", "Uefi", "Console"], "Com1"),
                        (["VirtualMachine", "Devices", "ComPorts"], {"0": {"NamedPipe": "C:\\pipe"}}),
                        (["VirtualMachine", "Devices", "ComPorts"], {"2": {"NamedPipe": "\\\\.\\pipe\\x"}}),
                        (["VirtualMachine", "Devices", "HvSocket"], {"HvSocketConfig": {"ServiceTable": {"{0000c350-facb-11e6-bd58-64006a7986d3}": {}}}}),
                        (["VirtualMachine", "Devices", "NetworkAdapters"], {"a": {"EndpointId": VM, "MacAddress": "52:55:55:12:34:56"}}),
                        (["VirtualMachine", "Devices", "NetworkAdapters"], {"a": {"EndpointId": VM, "MacAddress": "52-55-55-ab-cd-ef"}}),
                        (["VirtualMachine", "Devices", "Scsi"], {"a": {"Attachments": {"64": {"Type": "Iso", "Path": "C:\\x.iso"}}}}),
                        (["VirtualMachine", "Devices", "Scsi"], {str(number): {} for number in range(5)})):
        refuses(pc, changed(path, value))


def both_kinds_of_boot_or_none(pc):
    kernel = {"KernelFilePath": "C:\\vmlinuz"}
    refuses(pc, document({"Chipset": {"Uefi": {}, "LinuxKernelDirect": kernel}}), "exactly one")
    refuses(pc, document({"Chipset": {}}), "exactly one")


def memory_that_is_odd_or_missing(pc):
    refuses(pc, changed(["VirtualMachine", "ComputeTopology", "Memory"], {"SizeInMB": 511}), "multiple of 2")
    refuses(pc, changed(["VirtualMachine", "ComputeTopology", "Memory"], {}), "SizeInMB")
    refuses(pc, changed(["VirtualMachine", "ComputeTopology", "Memory"], {"SizeInMB": 512, "EnableDeferredCommit": True}), "AllowOvercommit")


def a_boot_drive_that_is_not_there(pc):
    refuses(pc, changed(["VirtualMachine", "Chipset", "Uefi", "BootThis"], {"DeviceType": "ScsiDrive", "DevicePath": "disk", "DiskNumber": 0}),
            "BootThis")


def refusals_leave_no_system(pc):
    refuses(pc, document(Surprise=1))
    assert pc.report()["systems"] == {}
    pc.hcs.create(VM, document())


def refusals_may_come_from_the_call_itself(pc):
    pc.settings(refusals="call")
    answers = pc.hcs.begin("HcsCreateComputeSystem", system=VM, document=dumps(document(Surprise=1)), handle=70)
    _, fields = answers.get(timeout=60)
    assert int(fields["hr"]) == BAD
    event = json.loads(fields["result"])["ErrorEvents"][0]
    assert "Surprise" in event["Message"], event


def the_document_of_a_refusal_has_what_the_real_one_has(pc):
    answers = pc.hcs.begin("HcsCreateComputeSystem", system=VM, document="{}", handle=70)
    assert int(answers.get(timeout=60)[1]["hr"]) == 0
    _, fields = answers.get(timeout=60)
    found = json.loads(fields["result"])
    assert found["Error"] == BAD - (1 << 32) and {"ErrorMessage", "ErrorEvents", "Attribution"} <= set(found), found
    assert {"Message", "Provider", "EventId", "Flags", "Source", "Data"} == set(found["ErrorEvents"][0])


if __name__ == "__main__":
    main(__name__)
