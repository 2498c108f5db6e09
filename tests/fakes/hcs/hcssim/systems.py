"""Compute systems: their documents, their life (facts 2.7, 3, 4)."""
import hashlib
import json
import os
import re
import threading
import time
import uuid

from . import codes, comports, files, modify, plan as plans, qemu, schema, stub
from .codes import Failure

NAMESPACE = uuid.UUID("cab70344-facb-41e4-b5e5-ab6592283e6e")
SAVED = b"hcssim-state "                # begins a runtime-state file; a line of JSON, then the machine's own
EMPTY_GUEST_STATE, EMPTY_RUNTIME_STATE = b"hcssim-vmgs\n", b"hcssim-vmrs\n"
NO_SAVE = ("Plan9", "VirtualSmb", "VirtualPci")


def read(text, kind, version):
    """A document; version: what it may use."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Failure(codes.HCS_INVALID_JSON, f"The document is no JSON: {error}") from error
    schema.check(value, kind, version)
    return value


def read_system(text, newest):
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Failure(codes.HCS_INVALID_JSON, f"The document is no JSON: {error}") from error
    declared = value.get("SchemaVersion") if isinstance(value, dict) else None
    schema.check(declared, schema.VERSION, (2, 0), "SchemaVersion")
    version = declared["Major"], declared["Minor"]
    if not (2, 0) <= version <= newest:
        raise Failure(codes.HCS_INVALID_JSON, f"'SchemaVersion': {version[0]}.{version[1]} is not supported, the newest is {newest[0]}.{newest[1]}")
    schema.check(value, schema.SYSTEM, version)
    check_machine(value["VirtualMachine"])
    return value, version


def check_machine(machine):
    def refuse(words):
        raise Failure(codes.HCS_INVALID_JSON, words)

    chipset, topology = machine["Chipset"], machine["ComputeTopology"]
    if ("Uefi" in chipset) == ("LinuxKernelDirect" in chipset):
        refuse("'VirtualMachine.Chipset': exactly one of Uefi and LinuxKernelDirect")
    memory = topology["Memory"]
    if memory["SizeInMB"] % 2 or not memory["SizeInMB"]:
        refuse("'SizeInMB': must be a multiple of 2")
    if memory.get("EnableDeferredCommit") and not memory.get("AllowOvercommit"):
        refuse("'EnableDeferredCommit': needs AllowOvercommit")
    if not topology["Processor"]["Count"]:
        refuse("'Processor.Count': must not be 0")
    boot = chipset.get("Uefi", {}).get("BootThis")
    if boot and boot["DeviceType"] == "ScsiDrive":
        luns = machine.get("Devices", {}).get("Scsi", {}).get(boot["DevicePath"], {}).get("Attachments", {})
        if str(boot.get("DiskNumber", 0)) not in luns:
            refuse(f"'BootThis': there is no drive {boot['DevicePath']}/{boot.get('DiskNumber', 0)}")


def runtime_id_of(name):
    """Facts 6.4."""
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return str(uuid_of_utf16(name))


def uuid_of_utf16(name):
    digest = hashlib.sha1(NAMESPACE.bytes + name.upper().encode("utf-16-le")).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


class System:
    """One VM. Its calls are serialised by `turn`; what its machine says by itself comes in between."""

    def __init__(self, service, session, name, text):
        self.service, self.state = service, service.state
        self.id = name
        self.paths = session.paths
        self.document, self.version = read_system(text, service.newest())
        self.machine_document = self.document["VirtualMachine"]
        self.owner = self.document.get("Owner", "")
        self.runtime_id = runtime_id_of(name)
        self.mortal = self.document.get("ShouldTerminateOnLastHandleClosed", False)
        self.status = "Created"
        self.exit = None            # document of the exit event
        self.handles = set()        # (session, number)
        self.turn = threading.RLock()
        self.machine = None
        self.plan = None
        self.ports = {}
        self.created = time.time()
        self.saved = False
        self.agents_hold = []
        self.show()

    # What it looks like.

    @property
    def memory(self):
        return self.machine_document["ComputeTopology"]["Memory"]["SizeInMB"]

    @property
    def processors(self):
        return self.machine_document["ComputeTopology"]["Processor"]["Count"]

    @property
    def devices(self):
        return self.machine_document.setdefault("Devices", {})

    def folder(self):
        return self.state.path("vms", self.runtime_id)

    def show(self):
        self.state.show("systems", self.id, {
            "id": self.id, "runtime": self.runtime_id, "owner": self.owner, "state": self.status, "handles": len(self.handles), "exit": self.exit,
            "processes": sorted({session.pid for session, _ in self.handles}), "document": self.document})

    def properties(self):
        return {"Id": self.id, "SystemType": "VirtualMachine", "RuntimeOsType": "Linux", "Name": self.id, "Owner": self.owner,
                "RuntimeId": self.runtime_id, "State": self.status}

    # Life.

    def need(self, *states):
        if self.status == "Stopped":
            raise Failure(codes.HCS_SYSTEM_ALREADY_STOPPED, "The virtual machine or container exited.")
        if self.status not in states:
            raise Failure(codes.HCS_INVALID_STATE,
                          f"The requested virtual machine or container operation is not valid in the current state ({self.status}).")

    def start(self, _fields, session):
        self.need("Created")
        try:
            self.power_on(session)
        except Failure as failure:
            if failure.code != codes.HCS_HYPERV_NOT_INSTALLED:
                self.gone("UnexpectedExit", failure.detail or "ColdStartFailure", "UnexpectedExit", "Internal", failure.code)
            raise
        return {}

    def power_on(self, session):
        setting = self.state.setting
        if not self.state.is_on("hypervisor"):
            raise Failure(codes.HCS_HYPERV_NOT_INSTALLED, "The virtual machine could not be started because a required feature is not installed.")
        if self.memory > int(setting("memory")):
            raise Failure(codes.NO_SYSTEM_RESOURCES, f"Not enough memory in the system to start the virtual machine ({self.memory} MB).")
        if self.processors > int(setting("processors")):
            raise Failure(codes.E_INVALIDARG, f"{self.processors} processors are more than this computer has ({setting('processors')}).")
        if self.machine_document["ComputeTopology"]["Processor"].get("ExposeVirtualizationExtensions") and not self.state.is_on("nested"):
            raise Failure(codes.NOT_SUPPORTED, "Nested virtualization is not supported on this computer.")
        time.sleep(self.state.seconds("start-delay"))
        with self.service.disk_lock, self.service.lock:
            self.plan = plans.make(self)
            for found in self.plan.attached:
                self.service.uses.add(self.id, found)
        saved = self.open_saved() if self.plan.restore else None
        self.hold_files(session)
        os.makedirs(self.folder(), exist_ok=True)
        self.join_ports(session)
        self.machine = (qemu if setting("machine") == "qemu" else stub).Machine(self, self.state, self.gone)
        for found in self.plan.attached:
            if found.writable and found.chain[0].is_child:
                self.service.disks.has_changed(found.chain[0])
        self.machine.start(self.plan, self.ports, saved)
        if self.status == "Created":        # it may have ended at once
            self.status = "Running"
        self.show()

    def hold_files(self, session):
        """Under Wine others meet a file that is in use."""
        if not session.windows:
            return
        self.service.agents.ensure(session.channel, wait_answer=False)
        for found in self.plan.attached:
            if found.writable:
                if not self.service.agents.free(found.host):
                    raise Failure(codes.SHARING_VIOLATION, f"'{found.attachment['Path']}': The process cannot access the file because it is being "
                                  "used by another process.", detail="ColdStartFailure")
                self.service.agents.hold(found.host)
            for host in ([] if found.writable else [found.host]) + [disk.host for disk in found.chain[1:]]:
                self.service.agents.hold_read(host)
                self.agents_hold.append(host)
            if found.writable:
                self.agents_hold.append(found.host)

    def join_ports(self, session):
        wanted = {number: port for number, port in self.devices.get("ComPorts", {}).items() if port.get("NamedPipe")}
        for number, port in wanted.items():
            one = self.ports[number] = comports.ComPort(port["NamedPipe"], os.path.join(self.folder(), f"com{int(number) + 1}.log"))
            if session.windows:
                one.join_agent(self.service.agents)
            else:
                one.join_local(self.state.path("pipes"))

    def gone(self, kind, worker, detail, initiator, status=0):
        """The machine has ended, by itself or by us: once."""
        with self.service.lock:
            if self.status == "Stopped":
                return
            self.status = "Stopped"
            self.service.networks.detach(self.runtime_id)
            self.service.uses.remove(self.id)
            held, self.agents_hold = self.agents_hold, []
        for host in held:
            self.service.agents.release(host)
        for port in self.ports.values():
            port.close()
        attribution = [{"SystemExit": {"Detail": detail, "Initiator": initiator}}]
        if worker:
            attribution.insert(0, {"WorkerExit": {"ExitCode": codes.signed(status), "Type": kind, "Detail": worker, "Initiator": initiator}})
        self.exit = {"Status": codes.signed(status), "ExitType": kind, "Attribution": attribution}
        self.show()
        self.service.tell(self, "exited", json.dumps(self.exit))
        self.service.tidy(self)

    def crashed(self, words):
        report = {"CrashType": "KernelPanic", "SystemId": self.id, "CrashParameters": [0, 0, 0, 0, len(words)], "CrashLog": words, "Status": 0}
        self.service.tell(self, "crash initiated", None)
        self.service.tell(self, "crash report", json.dumps(report))

    def terminate(self, _fields, _session):
        self.need("Created", "Running", "Paused")
        self.end_now()
        return {}

    def end_now(self):
        if self.machine:
            self.machine.terminate()
        self.gone("ForcedExit", None, "Terminate", "Client")

    def shut_down(self, fields, _session):
        self.need("Running")
        options = read(fields.get("options") or "{}", schema.SHUTDOWN, self.version)
        mechanism = options.get("Mechanism", "GuestConnection")
        offered = "Shutdown" in self.machine_document.get("Services", {})
        if mechanism != "IntegrationService" or not offered:
            raise Failure(codes.NOT_SUPPORTED, f"The request is not supported: the virtual machine has no {mechanism} for it.")
        self.machine.shut_down(options.get("Type", "Shutdown"))
        return {}

    def pause(self, fields, _session):
        self.need("Running")
        read(fields.get("options") or "{}", schema.PAUSE, self.version)
        self.machine.pause()
        self.status = "Paused"
        self.show()
        return {}

    def resume(self, _fields, _session):
        self.need("Paused")
        self.machine.resume()
        self.status = "Running"
        self.show()
        return {}

    def save(self, fields, _session):
        self.need("Paused")
        options = read(fields.get("options") or "{}", schema.SAVE, self.version)
        hindrance = [name for name in NO_SAVE if name in self.devices] + ["Gpu" for _ in [0] if "Gpu" in self.machine_document["ComputeTopology"]]
        if hindrance:
            raise Failure(codes.NOT_SUPPORTED, f"The virtual machine cannot be saved: device {hindrance[0]} does not support it.")
        if options.get("SaveType", "ToFile") != "ToFile":
            raise codes.Mistake("SaveType AsTemplate is not in the double")
        path = options.get("SaveStateFilePath") or self.machine_document.get("GuestState", {}).get("RuntimeStateFilePath")
        if not path:
            raise Failure(codes.E_INVALIDARG, "no file to save to")
        host = plans.granted(self, path)
        if files.in_drive_root(path):
            raise Failure(codes.E_ACCESSDENIED, f"'{path}': access denied in the root of a drive")
        time.sleep(self.state.seconds("save-delay"))
        head = json.dumps({"id": self.id, **plans.fingerprint(self.machine_document, self.plan.attached)}).encode()
        with open(host, "wb") as file:
            file.write(SAVED + head + b"\n")
            file.flush()
            self.machine.save(file)
        return {}

    def open_saved(self):
        """The saved state: a file at the place where the machine's own begins."""
        with open(self.plan.restore, "rb") as file:
            head = file.readline()
            own = file.read() if self.state.setting("machine") == "stub" else len(head)
        if not head.startswith(SAVED):
            raise Failure(codes.FILE_CORRUPT, f"'{self.plan.restore}' holds no saved state", detail="RestoreStartFailure")
        then = json.loads(head[len(SAVED):])
        now = json.loads(json.dumps(plans.fingerprint(self.machine_document, self.plan.attached)))
        for what in ("document", "disks"):
            if then[what] != now[what]:
                raise Failure(codes.HCS_TERMINATED_DURING_START, f"The saved state cannot be restored: the virtual machine's {what} changed since.",
                              detail="RestoreStartFailure")
        return own

    def query(self, fields, _session):
        self.need("Created", "Running", "Paused")
        query = read(fields.get("query") or "{}", schema.PROPERTY_QUERY, self.service.newest())
        found = self.properties()
        if "Memory" in query.get("PropertyTypes", []):
            found["Memory"] = {"VirtualMachineMemory": {"AvailableMemory": self.memory, "AssignedMemory": self.memory, "DmOperationInProgress": False}}
        if "Statistics" in query.get("PropertyTypes", []):
            found["Statistics"] = {"ContainerStartTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.created)), "Uptime100ns": 0}
        return {"result": json.dumps(found)}

    def modify(self, fields, session):
        self.need("Created", "Running", "Paused")
        if not fields.get("document"):
            raise Failure(codes.HCS_INVALID_JSON, "no document")
        request = read(fields["document"], schema.MODIFY, self.version)
        for pattern, change in modify.PATHS:
            found = re.fullmatch(pattern, request["ResourcePath"])
            if found:
                change(self, request.get("RequestType", "Update"), request.get("Settings"), session, *found.groups())
                self.show()
                return {}
        raise Failure(codes.HCS_INVALID_JSON, f"'ResourcePath': {request['ResourcePath']} is not known")
