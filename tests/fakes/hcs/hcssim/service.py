"""The services vmcompute and hns: who calls, what is to go wrong, and which call does what."""
import contextlib
import json
import os
import signal
import threading
import time
import traceback

from standin import agents, protocol
from standin.hostpath import Paths
from standin.rules import later

from . import codes, faults, files, plan as plans, schema, systems, wire
from .codes import Failure, Mistake
from .disks import Disks
from .hvsocket import Broker
from .networks import Networks
from .state import State

SHOWN = 2000        # characters of an argument in calls.log
EVENTS = {"exited": wire.EXITED, "crash initiated": wire.CRASH_INITIATED, "crash report": wire.CRASH_REPORT,
          "disconnect": wire.SERVICE_DISCONNECT}


class Agents(agents.Agents):
    def hold_read(self, path):
        """As what a VM only reads: others may read it too, and nobody write, rename or delete it."""
        self.order("hold-read", [("path", path)])

    def pipe(self, name, port):
        """True: somebody serves the pipe, and the agent is its client."""
        return self.order("pipe", [("name", name), ("port", port)])


class Session:
    """One DLL of one process."""

    def __init__(self, service, channel, hello):
        self.service = service
        self.channel = channel
        self.kind = hello["kind"][0]
        self.pid = int(hello.get("pid", ["0"])[0])
        self.windows = hello["system"] == ["windows"]
        self.env = {name[4:]: values[0] for name, values in hello.items() if name.startswith("env.")}
        drives = {name[6:]: values[0] for name, values in hello.items() if name.startswith("drive.")}
        if not self.windows:
            drives = {"c": service.state.path("c")}
        self.paths = Paths(self.windows, hello.get("cwd", ["/"])[0], drives)
        self.handles = {}           # number: System; None: the service has gone since

    def send(self, kind, **fields):
        with contextlib.suppress(protocol.Gone):
            self.channel.send(kind, wire.pack(**fields))

    def kill(self):
        """The process, at once. Windows' numbers of processes mean others here."""
        if self.windows:
            self.send(wire.KILL)
        else:
            os.kill(self.pid, signal.SIGKILL)

    def system(self, fields):
        number = int(fields["handle"])
        if number not in self.handles:
            raise Mistake(f"handle {number} is not known")
        if self.handles[number] is None:
            raise Failure(codes.HCS_SERVICE_DISCONNECT, "The handle to the compute system is no longer valid.")
        return self.handles[number]


class Service:
    def __init__(self, folder):
        self.state = State(folder)
        self.state.forget()
        self.lock = threading.RLock()
        self.disk_lock = threading.RLock()      # no chain changes while a VM takes it; before `lock`
        self.systems = {}           # id in lower case: System
        self.sessions = set()
        self.agents = Agents()
        self.uses = plans.Uses()
        self.faults = faults.Faults(self.state)
        self.networks = Networks(self.state)
        self.disks = Disks(self.state, self.uses.in_use)
        self.broker = Broker(self)
        system = systems.System
        self.of_systems = {
            "HcsStartComputeSystem": system.start, "HcsShutDownComputeSystem": system.shut_down, "HcsTerminateComputeSystem": system.terminate,
            "HcsPauseComputeSystem": system.pause, "HcsResumeComputeSystem": system.resume, "HcsSaveComputeSystem": system.save,
            "HcsGetComputeSystemProperties": system.query, "HcsModifyComputeSystem": system.modify}
        self.tracked = {"HcsCreateComputeSystem": self.create, "HcsEnumerateComputeSystems": self.enumerate}
        self.plain = {
            "HcsOpenComputeSystem": self.open, "HcsCloseComputeSystem": self.close, "HcsGetServiceProperties": self.properties,
            "HcsCreateEmptyGuestStateFile": self.new_guest_state, "HcsCreateEmptyRuntimeStateFile": self.new_runtime_state,
            "HcsGrantVmAccess": self.grant, "HcsRevokeVmAccess": self.revoke, "HcsGrantVmGroupAccess": self.grant, "HcsRevokeVmGroupAccess": self.revoke}

    def newest(self):
        return tuple(int(part) for part in self.state.setting("schema").split("."))

    # Sessions.

    def serve(self, channel, hello):
        session = Session(self, channel, hello)
        with self.lock:
            self.sessions.add(session)
        try:
            while True:
                kind, payload = channel.receive()
                if kind != wire.CALL:
                    raise Mistake(f"frame {kind}")
                threading.Thread(target=self.call, args=(session, wire.unpack(payload)), daemon=True).start()
        finally:                    # the process has ended: its handles are closed
            with self.lock:
                self.sessions.discard(session)
            for number in list(session.handles):
                self.drop_handle(session, number)

    def call(self, session, fields):
        began, answer = time.time(), {}
        try:
            answer = self.answer(session, fields)
        except Failure as failure:
            answer = {"hr": failure.code, "result": failure.document(), "error": failure.record()}
        except Exception as error:      # pylint: disable=broad-exception-caught
            answer = {"hr": codes.E_FAIL, "mistake": told(fields.get("call"), error)}
        if answer is None:          # has been given already, or never will be
            return
        if session.kind == "virtdisk" and answer["hr"]:
            answer["hr"] = Failure(answer["hr"], "").win32()
        self.log(session, fields, began, answer["hr"])
        session.send(wire.RETURN, id=fields["id"], **answer)

    def log(self, session, fields, began, code, later_code=None):
        entry = {"time": round(began, 3), "ms": round((time.time() - began) * 1000), "pid": session.pid, "call": fields["call"],
                 "arguments": {name: value[:SHOWN] for name, value in fields.items() if name not in ("id", "call")}, "hr": None if code is None else f"{code:#010x}"}
        if later_code is not None:
            entry["ended"] = f"{later_code:#010x}"
        self.state.log("calls.log", entry)

    def answer(self, session, fields):
        name = fields["call"]
        with self.lock:
            system = session.handles.get(int(fields["handle"])) if "handle" in fields else None
        about = system.id if system else fields.get("system") or fields.get("guid")
        rules = self.faults.wanted(session.env, name, about)
        faults.pause(rules, "delay")
        if "kill" in rules:
            session.kill()
        if "hang" in rules or "kill" in rules:
            self.log(session, fields, time.time(), None)
            return None
        if "disconnect" in rules:
            self.disconnect()
        for what in ("exit", "crash"):
            if what in rules and system:
                later(rules[what], lambda what=what: self.strike(system, what))
        faults.raise_if(rules, "fail")
        self.need_rights(name)
        if name in self.of_systems or name in self.tracked:
            return self.begin(session, fields, rules)
        result = self.perform_plain(session, fields)
        faults.raise_if(rules, "fail-later")
        faults.raise_if(rules, "fail-after")
        return {"hr": 0, **result}

    def perform_plain(self, session, fields):
        name = fields["call"]
        if name in self.plain:
            return self.plain[name](fields, session) or {}
        if name in self.networks.calls:
            return self.networks.calls[name](fields)
        if name in self.disks.calls:
            with self.disk_lock:
                return self.disks.calls[name](fields, session.paths)
        raise Mistake(f"{name} is not in the double")

    def need_rights(self, name):
        elevated, member = self.state.is_on("elevated"), self.state.is_on("member")
        if name.startswith("Hcn"):
            if not self.state.is_on("hns"):
                raise Failure(codes.SERVER_UNAVAILABLE, "The RPC server is unavailable.")
            if not elevated:
                raise Failure(codes.E_ACCESSDENIED, "Access is denied.")
        if name.startswith("Hcs") and name != "HcsCloseComputeSystem":
            if not self.state.is_on("service"):
                raise Failure(codes.SERVER_UNAVAILABLE, "The RPC server is unavailable.")
            if not elevated and not member and "VmAccess" not in name and "VmGroupAccess" not in name:
                raise Failure(codes.HCS_ACCESS_DENIED, "The user is not authorized to perform this operation.")

    # Calls that an operation tracks.

    def begin(self, session, fields, rules):
        """Returns at once; the rest goes on in this thread, after the call's return."""
        began, name = time.time(), fields["call"]
        early = self.state.setting("refusals") == "call"
        try:
            work = self.prepare(session, fields)
            if early:
                self.look_ahead(session, fields)
        except Failure as failure:
            if early or failure.code == codes.HCS_SERVICE_DISCONNECT:
                raise
            work = fail_with(failure)
        self.log(session, fields, began, 0)
        session.send(wire.RETURN, id=fields["id"], hr=0)
        if "never" in rules:
            return None
        try:
            code, result, mistake = *self.ended(work, rules), None
        except Exception as error:      # pylint: disable=broad-exception-caught
            code, result, mistake = codes.E_FAIL, None, told(name, error)
        if "never-done" in rules:
            return None
        if code:
            self.log(session, {**fields, "call": name + " (end)"}, began, 0, code)
        session.send(wire.DONE, id=fields["id"], handle=fields.get("handle"), hr=code, result=result, mistake=mistake)
        return None

    @staticmethod
    def ended(work, rules):
        try:
            faults.pause(rules, "delay-later")
            faults.raise_if(rules, "fail-later")
            result = work() or {}
            faults.raise_if(rules, "fail-after")
            return 0, result.get("result")
        except Failure as failure:
            return failure.code, failure.document()

    def prepare(self, session, fields):
        """What is looked at before the call returns."""
        name = fields["call"]
        if name in self.of_systems:
            system = session.system(fields)

            def work():
                with system.turn:
                    return self.of_systems[name](system, fields, session)
            return work
        return self.tracked[name](fields, session)

    def look_ahead(self, session, fields):
        """With refusals=call: what the state alone tells."""
        states = {"Start": ("Created",), "Pause": ("Running",), "Resume": ("Paused",), "Save": ("Paused",), "ShutDown": ("Running",),
                  "Terminate": ("Created", "Running", "Paused")}
        verb = fields["call"].removeprefix("Hcs").removesuffix("ComputeSystem")
        if verb in states:
            session.system(fields).need(*states[verb])
        if verb == "Create":
            self.need_new(fields["system"])
            systems.read_system(fields["document"], self.newest())

    def create(self, fields, session):
        session.handles[int(fields["handle"])] = None
        return lambda: self.create_now(fields, session)

    def create_now(self, fields, session):
        name = fields["system"]
        self.need_new(name)
        system = systems.System(self, session, name, fields["document"])
        with self.lock:
            self.need_new(name)
            self.systems[name.lower()] = system
            self.add_handle(session, int(fields["handle"]), system)

    def need_new(self, name):
        if not self.state.is_on("feature"):
            raise Failure(codes.HCS_SERVICE_NOT_AVAILABLE, "The operation could not be started as a required feature is not installed.")
        with self.lock:
            if name.lower() in self.systems:
                raise Failure(codes.HCS_SYSTEM_ALREADY_EXISTS, f"A virtual machine or container with the specified identifier ({name}) already exists.")

    def enumerate(self, fields, _session):
        query = systems.read(fields.get("query") or "{}", schema.SYSTEM_QUERY, self.newest())

        def fits(one):
            return (("Owners" not in query or one.owner in query["Owners"]) and ("Ids" not in query or one.id in query["Ids"])
                    and ("Names" not in query or one.id in query["Names"]) and ("Types" not in query or "VirtualMachine" in query["Types"]))
        with self.lock:
            found = [one.properties() for one in self.systems.values() if fits(one)]
        return lambda: {"result": json.dumps(found)}

    # Handles.

    def add_handle(self, session, number, system):
        session.handles[number] = system
        system.handles.add((session, number))
        system.show()

    def open(self, fields, session):
        with self.lock:
            system = self.systems.get(fields["system"].lower())
            if not system or system.status == "Stopped":
                raise Failure(codes.HCS_SYSTEM_NOT_FOUND, "A virtual machine or container with the specified identifier does not exist.")
            self.add_handle(session, int(fields["handle"]), system)

    def close(self, fields, session):
        self.drop_handle(session, int(fields["handle"]))

    def drop_handle(self, session, number):
        with self.lock:
            system = session.handles.pop(number, None)
            if not system:
                return
            system.handles.discard((session, number))
            system.show()
            last = not system.handles
        if last and system.mortal and system.status != "Stopped":
            with system.turn:
                system.end_now()
        self.tidy(system)

    def tidy(self, system):
        """One that has stopped is forgotten with its last handle."""
        with self.lock:
            if system.status == "Stopped":
                self.broker.end(system.runtime_id)
            if system.status == "Stopped" and not system.handles and self.systems.get(system.id.lower()) is system:
                del self.systems[system.id.lower()]
                self.state.show("systems", system.id, None)

    def by_runtime_id(self, runtime_id):
        with self.lock:
            return next((one for one in self.systems.values() if one.runtime_id == runtime_id), None)

    def tell(self, system, event, data):
        with self.lock:
            handles = list(system.handles)
        for session, number in handles:
            session.send(wire.EVENT, handle=number, type=EVENTS[event], data=data)

    def disconnect(self):
        """vmcompute is restarted: VMs go on, every handle is dead."""
        with self.lock:
            dead = [(session, number, system) for session in self.sessions for number, system in session.handles.items() if system]
            for session, number, system in dead:
                session.handles[number] = None
                system.handles.discard((session, number))
        for session, number, _ in dead:
            session.send(wire.EVENT, handle=number, type=wire.SERVICE_DISCONNECT)
        for system in {system for _, _, system in dead}:
            system.show()
            self.tidy(system)

    # The service and files.

    def properties(self, fields, _session):
        query = systems.read(fields.get("query") or "{}", schema.SERVICE_QUERY, self.newest())
        if "PropertyQueries" in query:
            features = ["NestedVirt"] if self.state.is_on("nested") else []
            return {"result": json.dumps({"PropertyResponses": {"ProcessorCapabilities": {"Response": {"ProcessorFeatures": features}}}})}
        basic = {"SupportedSchemaVersions": [{"Major": 1, "Minor": 0}] + [{"Major": 2, "Minor": minor} for minor in range(self.newest()[1] + 1)]}
        return {"result": json.dumps({"Properties": [basic for _ in query.get("PropertyTypes", ["Basic"])]})}

    @staticmethod
    def new_guest_state(fields, session):
        files.new_file(session.paths, fields["path"], systems.EMPTY_GUEST_STATE)

    @staticmethod
    def new_runtime_state(fields, session):
        files.new_file(session.paths, fields["path"], systems.EMPTY_RUNTIME_STATE)

    def grant(self, fields, session):
        host = files.found(session.paths, fields["path"])
        files.grant(host, fields.get("system", files.EVERYONE))
        self.state.log("grants.log", {"path": host, "vm": fields.get("system", files.EVERYONE)})

    @staticmethod
    def revoke(fields, session):
        files.revoke(files.found(session.paths, fields["path"]), fields.get("system", files.EVERYONE))

    # What tests do to VMs, and ask.

    @staticmethod
    def strike(system, what, words="Kernel panic - not syncing: Attempted to kill init!"):
        if system.machine and system.status in ("Running", "Paused"):
            if what == "crash":
                system.machine.crash(words)
            else:
                system.machine.end("UnexpectedExit", "PowerOff", "UnexpectedExit", "Internal")

    def report(self):
        """What is there: what a test that has tidied up must not leave."""
        with self.lock:
            granted = []
            with contextlib.suppress(OSError), open(self.state.path("grants.log"), encoding="utf-8") as file:
                for entry in map(json.loads, file):
                    if entry["vm"].lower() in files.words_of(entry["path"], files.GRANTS) and entry not in granted:
                        granted.append(entry)
            return {"systems": {one.id: one.status for one in self.systems.values()}, "networks": sorted(self.networks.networks),
                    "endpoints": sorted(self.networks.endpoints), "grants": granted, "pipes": sorted(os.listdir(self.state.path("pipes"))),
                    "listeners": sorted(f"{vm} {port}" for vm, port in self.broker.listeners),
                    "handles": sum(len(one.handles) for one in self.systems.values())}

    def shutdown(self):
        for system in list(self.systems.values()):
            if system.machine and system.status != "Stopped":
                system.machine.terminate()

    def reset(self):
        """As a computer that was just switched on, with the settings there are now."""
        self.disconnect()
        for system in list(self.systems.values()):
            with system.turn:
                if system.status != "Stopped":
                    system.end_now()
                self.tidy(system)
        self.state.forget()
        self.faults = faults.Faults(self.state)
        self.networks.begin()


def told(call, error):
    """What is no behaviour of Windows: a mistake of the test, or a bug here, which daemon.log has too."""
    if not isinstance(error, Mistake):
        traceback.print_exc()
    return f"{call}: {type(error).__name__}: {error}"


def fail_with(failure):
    def work():
        raise failure
    return work
