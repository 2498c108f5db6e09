"""Documents of compute systems, property by property with the schema version that brought it (facts 3.3 to 3.6).

Strict: what is unknown, newer than the document's SchemaVersion, or of another type is refused, though a real service may
ignore it (facts 3.3). A property's description is `of(type, since)`; an object is a dict of those, a map `Map(key pattern,
type)`, an array `[type]`.
"""
import re

from .codes import HCS_INVALID_JSON, Failure

GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
V20, V21, V22, V23, V24, V25, V26, V27 = ((2, minor) for minor in range(8))
BUILDS = {V20: 17763, V21: 17763, V22: 18362, V23: 19041, V24: 20348, V25: 20348, V26: 22000, V27: 22621}


class Map:
    def __init__(self, keys, value, most=None):
        self.keys, self.value, self.most = re.compile(f"(?:{keys})\\Z"), value, most


class Pattern:
    def __init__(self, text):
        self.text = re.compile(f"(?:{text})\\Z")


class Number:
    def __init__(self, low, high):
        self.low, self.high = low, high


class of:   # pylint: disable=invalid-name
    """A property: its type, since when, whether it must be there."""

    def __init__(self, kind, since=V20, needed=False):
        self.kind, self.since, self.needed = kind, since, needed


U16, U32, U64 = Number(0, 0xFFFF), Number(0, 0xFFFFFFFF), Number(0, (1 << 64) - 1)
EMPTY = {}
ANY = object()
VERSION = {"Major": of(U32, needed=True), "Minor": of(U32, needed=True)}
SDDL = Pattern(r"(O:\S+)?(G:\S+)?D:.*")
HV_SERVICE = {"BindSecurityDescriptor": of(SDDL), "ConnectSecurityDescriptor": of(SDDL), "AllowWildcardBinds": of(bool), "Disabled": of(bool)}
HV_SERVICES = Map(GUID, HV_SERVICE)
ATTACHMENT = {
    "Type": of({"VirtualDisk", "Iso", "PassThru"}, needed=True), "Path": of(str, needed=True), "ReadOnly": of(bool),
    "CachingMode": of({"Uncached", "Cached", "ReadOnlyCached"}, V21), "SupportCompressedVolumes": of(bool, V23),
    "AlwaysAllowSparseFiles": of(bool, V26), "SupportEncryptedFiles": of(bool, V26)}
SCSI = Map(r".{1,64}", {"Attachments": of(Map(r"[0-9]|[1-5][0-9]|6[0-3]", ATTACHMENT)), "DisableInterruptBatching": of(bool, V24)}, most=4)
ADAPTER = {"EndpointId": of(Pattern(GUID), needed=True), "MacAddress": of(Pattern(r"([0-9A-F]{2}-){5}[0-9A-F]{2}")),
           "InstanceId": of(Pattern(GUID), V24), "IovSettings": of(ANY, V24), "DisableInterruptBatching": of(bool, V24),
           "ConnectionState": of({"Default", "Disabled", "Enabled"}, V24)}
COM_PORT = {"NamedPipe": of(Pattern(r"\\\\\.\\pipe\\.+")), "OptimizeForDebugger": of(bool)}
PLAN9_SHARE = {"Name": of(str, needed=True), "AccessName": of(str), "Path": of(str, needed=True), "Port": of(U32, needed=True),
               "Flags": of(U32, V21), "AllowedFiles": of([str], V21)}
SMB_SHARE = {"Name": of(str, needed=True), "Path": of(str, needed=True), "Options": of(ANY), "AllowedFiles": of([str])}
PMEM = {"HostPath": of(str, needed=True), "ReadOnly": of(bool), "ImageFormat": of({"Vhd1", "Vhdx"})}
DEVICES = {
    "ComPorts": of(Map("[01]", COM_PORT), V21), "Scsi": of(SCSI), "NetworkAdapters": of(Map(r".{1,64}", ADAPTER)),
    "VirtioSerial": of({"Ports": of(Map(r"\d+", {"Name": of(str), "NamedPipe": of(Pattern(r"\\\\\.\\pipe\\.+")), "ConsoleSupport": of(bool, V26)}))}, V22),
    "HvSocket": of({"HvSocketConfig": of({"DefaultBindSecurityDescriptor": of(SDDL), "DefaultConnectSecurityDescriptor": of(SDDL),
                                          "ServiceTable": of(HV_SERVICES)})}, V21),
    "Plan9": of({"Shares": of([PLAN9_SHARE])}), "VirtualSmb": of({"Shares": of([SMB_SHARE]), "DirectFileMappingInMB": of(U64)}, V21),
    "VirtualPMem": of({"Devices": of(Map(r"\d+", PMEM)), "MaximumCount": of(Number(0, 128)), "MaximumSizeBytes": of(U64),
                       "Backing": of({"Virtual", "Physical"})}),
    "FlexibleIov": of(Map(GUID, {"EmulatorId": of(Pattern(GUID)), "HostingModel": of({"Internal", "External", "ExternalRestricted"}),
                                 "Configuration": of([str])}), V21),
    "VirtualPci": of(Map(GUID, ANY), V23), "VideoMonitor": of(ANY), "EnhancedModeVideo": of(ANY), "Keyboard": of(EMPTY), "Mouse": of(EMPTY),
    "Battery": of(EMPTY), "GuestCrashReporting": of(ANY), "SharedMemory": of({"Regions": of([ANY])}, V21)}
CHIPSET = {
    "Uefi": of({
        "BootThis": of({"DeviceType": of({"ScsiDrive", "VmbFs", "Network", "File"}, needed=True), "DevicePath": of(str, needed=True),
                        "DiskNumber": of(U16), "OptionalData": of(str), "VmbFsRootPath": of(str, V21)}),
        "Console": of({"Default", "Disabled", "ComPort1", "ComPort2"}), "EnableDebugger": of(bool), "SecureBootTemplateId": of(Pattern(GUID)),
        "ApplySecureBootTemplate": of({"Skip", "Apply"}, V23), "StopOnBootFailure": of(bool, V22)}),
    "LinuxKernelDirect": of({"KernelFilePath": of(str, needed=True), "InitRdPath": of(str), "KernelCmdLine": of(str)}, V22),
    "UseUtc": of(bool, V21), "IsNumLockDisabled": of(bool), "BaseBoardSerialNumber": of(str), "ChassisSerialNumber": of(str),
    "ChassisAssetTag": of(str), "EnableHibernation": of(bool, V25), "FirmwareFile": of(ANY, V25),
    "SystemInformation": of({name: of(str) for name in ("Manufacturer", "ProductName", "Version", "SerialNumber", "UUID", "SKUNumber", "Family")}, V24)}
TOPOLOGY = {
    "Memory": of({
        "SizeInMB": of(U64, V21, needed=True), "AllowOvercommit": of(bool, V21), "EnableDeferredCommit": of(bool, V21),
        "EnableHotHint": of(bool), "EnableColdHint": of(bool), "EnableColdDiscardHint": of(bool, V22),
        "BackingPageSize": of({"Small", "Large"}, V22), "PinBackingPages": of(bool, V22), "ForbidSmallBackingPages": of(bool, V22),
        "FaultClusterSizeShift": of(U32, V24), "DirectMapFaultClusterSizeShift": of(U32, V24), "LowMmioGapInMB": of(U64, V23),
        "HighMmioBaseInMB": of(U64, V23), "HighMmioGapInMB": of(U64, V23), "HostingProcessNameSuffix": of(str, V26)}, needed=True),
    "Processor": of({
        "Count": of(U32, needed=True), "Limit": of(Number(0, 100000), V21), "Weight": of(Number(0, 10000), V21), "Reservation": of(U64, V24),
        "MaximumFrequencyMHz": of(U32, V24), "ExposeVirtualizationExtensions": of(bool), "EnablePerfmonPmu": of(bool, V22),
        "EnablePerfmonPebs": of(bool, V22), "EnablePerfmonLbr": of(bool, V22), "EnablePerfmonIpt": of(bool, V22),
        "EnablePerfmonArchPmu": of(bool, V25), "CpuGroup": of(ANY, V25), "ProcessorFeatureSet": of(ANY, V25)}, needed=True),
    "Gpu": of(ANY, V23), "Compatibility": of(ANY, V27)}
MACHINE = {
    "Version": of(VERSION, V25), "StopOnReset": of(bool), "Chipset": of(CHIPSET, needed=True), "ComputeTopology": of(TOPOLOGY, needed=True),
    "Devices": of(DEVICES),
    "Services": of({"Heartbeat": of(EMPTY), "Shutdown": of(EMPTY), "Timesync": of(EMPTY),
                    "KvpExchange": of({"EnableHostOSInfoKvpItems": of(bool), "EntriesToBeAdded": of(ANY), "EntriesToBeRemoved": of([str])})}, V25),
    "GuestState": of({"GuestStateFilePath": of(str), "RuntimeStateFilePath": of(str), "ForceTransientState": of(bool)}, V21),
    "RestoreState": of({"SaveStateFilePath": of(str), "TemplateSystemId": of(str, V21)}),
    "StorageQoS": of({"IopsMaximum": of(U64), "BandwidthMaximum": of(U64)}, V21), "GuestConnection": of(ANY, V21), "RegistryChanges": of(ANY),
    "SecuritySettings": of({"EnableTpm": of(bool), "Isolation": of(ANY)}, V25),
    "DebugOptions": of({name: of(str) for name in ("BugcheckSavedStateFileName", "BugcheckNoCrashdumpSavedStateFileName",
                                                   "TripleFaultSavedStateFileName", "FirmwareDumpFileName", "ShutdownOrResetSavedStateFileName")}, V25)}
SYSTEM = {"SchemaVersion": of(VERSION, needed=True), "Owner": of(str), "ShouldTerminateOnLastHandleClosed": of(bool),
          "HostingSystemId": of(str), "VirtualMachine": of(MACHINE, needed=True)}

SHUTDOWN = {"Mechanism": of({"GuestConnection", "IntegrationService"}, V25), "Type": of({"Shutdown", "Hibernate", "Reboot"}, V25),
            "Force": of(bool, V25), "Reason": of(str, V25)}
PAUSE = {"SuspensionLevel": of({"Suspend", "MemoryLow", "MemoryMedium", "MemoryHigh"}),
         "HostedNotification": of({"Reason": of({"None", "Save", "Template"}, needed=True)})}
SAVE = {"SaveType": of({"ToFile", "AsTemplate"}), "SaveStateFilePath": of(str)}
MODIFY = {"ResourcePath": of(str, needed=True), "RequestType": of({"Add", "Remove", "Update"}), "Settings": of(ANY), "GuestRequest": of(ANY)}
PROPERTY_QUERY = {"PropertyTypes": of([{"Memory", "Statistics", "GuestMemory", "GuestConnection", "ICHeartbeatStatus", "ProcessList",
                                        "TerminateOnLastHandleClosed", "SharedMemoryRegion", "CpuGroup", "Basic"}]), "Queries": of(ANY, V25)}
SYSTEM_QUERY = {"Ids": of([str]), "Names": of([str]), "Types": of([{"Container", "VirtualMachine"}]), "Owners": of([str])}
SERVICE_QUERY = {"PropertyTypes": of([{"Basic", "Memory", "CpuGroup", "ProcessorTopology", "CacheAllocation", "CacheMonitoring"}]),
                 "PropertyQueries": of(ANY, V25)}


def check(value, kind, version, path="", code=HCS_INVALID_JSON):
    """Raises Failure at the first thing that does not fit."""
    def refuse(words):
        raise Failure(code, f"'{path or 'document'}': {words}")

    if kind is ANY:
        return
    if isinstance(kind, dict):
        check_object(value, kind, version, path, code, refuse)
    elif isinstance(kind, Map):
        check_map(value, kind, version, path, code, refuse)
    elif isinstance(kind, list):
        if not isinstance(value, list):
            refuse("must be an array")
        for number, item in enumerate(value):
            check(item, kind[0], version, f"{path}[{number}]", code)
    elif isinstance(kind, set):
        if value not in [*kind]:
            refuse(f"must be one of {', '.join(sorted(kind))}")
    elif isinstance(kind, Pattern):
        if not isinstance(value, str) or not kind.text.match(value):
            refuse(f"is not of the form {kind.text.pattern[3:-3]}")
    elif isinstance(kind, Number):
        if not isinstance(value, int) or isinstance(value, bool) or not kind.low <= value <= kind.high:
            refuse(f"must be a number from {kind.low} to {kind.high}")
    elif not isinstance(value, kind):
        refuse("must be true or false" if kind is bool else "must be a string")


def check_object(value, kind, version, path, code, refuse):
    if not isinstance(value, dict):
        refuse("must be an object")
    for name, item in value.items():
        inner = f"{path}.{name}" if path else name
        if name not in kind:
            raise Failure(code, f"'{inner}': unknown property")
        if kind[name].since > version:
            raise Failure(code, f"'{inner}' is of schema {'.'.join(map(str, kind[name].since))}, the document says {'.'.join(map(str, version))}")
        check(item, kind[name].kind, version, inner, code)
    for name, item in kind.items():
        if item.needed and name not in value:
            raise Failure(code, f"'{path}.{name}'".replace("'.", "'") + ": is missing")


def check_map(value, kind, version, path, code, refuse):
    if not isinstance(value, dict):
        refuse("must be an object")
    if kind.most is not None and len(value) > kind.most:
        refuse(f"has {len(value)} members, {kind.most} is the most")
    for name, item in value.items():
        inner = f"{path}.{name}"
        if not kind.keys.match(name):
            raise Failure(code, f"'{inner}': '{name}' is no key for this")
        check(item, kind.value, version, inner, code)
