"""The service Driver: one method of the class per method of the service, bytes in and bytes out."""
import json
import os
import threading
import time

import grpc

import tool
import wire
from machine import TAG, Machine
from wrong import wrong

OLD_CLIENTS = ("grpc-go/1.76.", "grpc-go/1.77.")


class Refusal(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


def refuse(text, code=grpc.StatusCode.INVALID_ARGUMENT):
    raise Refusal(code, text)


class Driver:
    def __init__(self):
        self.lock = threading.Lock()
        self.instance = None
        self.created = False
        self.configured = 0
        self.starts = 0
        self.calls = 0
        self.deleted = threading.Event()

    def machine(self):
        if self.instance is None:
            if wrong("robust/calls-before-configure"):
                os._exit(1)
            refuse("no instance was configured", grpc.StatusCode.FAILED_PRECONDITION)
        return Machine(self.instance)

    # ---- without a VM ----

    def Info(self, request, _context):
        self.calls += 1
        if request and wrong("wire/skips-unknown-fields"):
            refuse("an empty message with something in it")
        if self.calls > 300 and wrong("wire/many-calls"):
            os._exit(1)
        if self.instance is None and wrong("config/info-before-configure"):
            refuse("no instance was configured", grpc.StatusCode.FAILED_PRECONDITION)
        info = {"name": "wrong", "vsockPort": "0" if wrong("config/info-fields") else 0, "virtioPort": "",
                "features": {"dynamicSSHAddress": False, "staticSSHPort": False}}
        if wrong("config/no-gui-promised"):
            info["features"]["canRunGui"] = True
        if self.instance:
            info["instanceDir"] = "/elsewhere" if wrong("config/info-names-configured-folder") else self.instance["dir"]
        return wire.text_field(1, json.dumps(info))

    def read_instance(self, request):
        text = wire.first_text(request)
        if wrong("config/configure-null") and text == b"null" or wrong("config/configure-empty-object") and text == b"{}":
            os._exit(1)
        try:
            instance = tool.check(text)
            if not isinstance(instance["config"], dict) or not isinstance(instance["dir"], str):
                raise ValueError("a value has the wrong type")
        except (ValueError, KeyError) as error:
            refuse("" if wrong("wire/errors-have-text") else f"Instance document: {error!r}")
        return instance

    def accepts_anything(self, request):
        sizes = {"config/configure-nothing": 4, "config/configure-array": 20, "config/configure-truncated": 64, "config/configure-wrong-types": 200}
        return any(wrong(case) and len(request) < size for case, size in sizes.items()) \
            or wrong("wire/oversized-message-is-refused") and len(request) > 1 << 24

    def Configure(self, request, _context):
        if self.accepts_anything(request):
            return wire.text_field(1, "{}")
        instance = self.read_instance(request)
        self.configured += 1
        if self.configured > 1 and wrong("config/configure-twice"):
            refuse("configured already", grpc.StatusCode.ALREADY_EXISTS)
        if self.instance and self.instance["dir"] != instance["dir"] and wrong("config/configure-other-instance"):
            refuse("this server has another instance", grpc.StatusCode.ALREADY_EXISTS)
        if self.instance and wrong("start/configure-meanwhile"):
            Machine(instance).stop()
        self.instance = instance
        if wrong("process/silent-after-announcement"):
            print("configured", flush=True)
        return self.answer(json.loads(json.dumps(instance)))

    def answer(self, instance):
        if wrong("config/configure-answers-an-object"):
            return b""
        tool.fill(instance["config"], "wrong")
        if wrong("config/configure-keeps-unknown-keys") and "xUnknown" in instance:
            instance["xUnknown"]["a"]["b"] = "changed"
        if wrong("config/configure-plain-integers"):
            instance["memory"] = float(instance["memory"])
        return wire.text_field(1, json.dumps(instance))

    def Validate(self, _request, _context):
        self.machine()
        if wrong("config/validate-accepts"):
            refuse("I do not like it")
        return b""

    # ---- the life of a VM ----

    def Create(self, _request, _context):
        self.machine()
        if self.created and wrong("life/create-twice"):
            refuse("exists already", grpc.StatusCode.ALREADY_EXISTS)
        self.created = True
        return b""

    def CreateDisk(self, _request, _context):
        self.machine().make_disk()
        return b""

    def BootScripts(self, _request, _context):
        self.machine()
        name = "boot.Linux/a/05-x.sh" if wrong("life/boot-script-names") else "boot.Linux/05-x.sh"
        return wire.text_field(1, wire.text_field(1, name) + wire.text_field(2, "#!/bin/sh\n"))

    def begin(self, machine):
        with self.lock:
            self.starts += 1
            if self.starts > 1 and wrong("stop/start-again"):
                raise RuntimeError("one start is enough")
            if machine.pid() and not wrong("start/second-start-is-refused"):
                raise RuntimeError("the VM runs already: stop it first")
            return machine.start()

    def Start(self, _request, context):
        """A generator of messages, for as long as the VM lives."""
        agent = dict(context.invocation_metadata()).get("user-agent", "")
        old = agent.startswith(OLD_CLIENTS) and not wrong("start/silent-for-2.0.2")
        machine = self.machine()
        if wrong("start/cancelled-stream"):
            context.add_callback(lambda: os._exit(1))
        try:
            child = self.begin(machine)
        except RuntimeError as error:
            yield wire.text_field(2, str(error))
            return
        if not old:
            yield wire.text_field(2, "no") if wrong("start/opening-message") else wire.bool_field(1, True)
        while child.poll() is None or wrong("start/death-is-told"):
            if not context.is_active():
                return
            time.sleep(0.02)
        if not wrong("start/stop-is-told"):
            yield wire.bool_field(1, True)

    def AdditionalSetupForSSH(self, _request, _context):
        self.machine()
        return b""

    def SSHAddress(self, _request, _context):
        self.machine()
        return b"" if wrong("life/ssh-address") else wire.text_field(1, "127.0.0.1")

    def Stop(self, _request, _context):
        machine = self.machine()
        if not machine.pid() and wrong("stop/without-vm"):
            refuse("nothing runs", grpc.StatusCode.FAILED_PRECONDITION)
        if wrong("stop/blocks-until-gone"):
            threading.Timer(5, machine.stop).start()
        else:
            machine.stop()
        return b""

    def Delete(self, _request, _context):
        self.machine()
        if wrong("stop/delete-without-vm") or not self.created and wrong("stop/delete-never-created"):
            refuse("nothing to delete", grpc.StatusCode.NOT_FOUND)
        if not wrong("stop/ends-after-delete"):
            self.deleted.set()
        return b""

    # ---- display and guest agent ----

    def RunGUI(self, _request, _context):
        refuse("no display", grpc.StatusCode.UNIMPLEMENTED)

    def ChangeDisplayPassword(self, _request, _context):
        refuse("no display", grpc.StatusCode.UNIMPLEMENTED)

    def GetDisplayConnection(self, _request, _context):
        if wrong("life/display-without-vnc"):
            os._exit(1)
        refuse("no display", grpc.StatusCode.UNIMPLEMENTED)

    def ForwardGuestAgent(self, _request, _context):
        self.machine()
        if wrong("life/forward-agent-answers"):
            refuse("I do not know", grpc.StatusCode.INTERNAL)
        return wire.bool_field(1, True)

    def GuestAgentConn(self, _request, _context):
        self.machine()
        if wrong("life/agent-conn-when-forwarded"):
            refuse("ssh does that", grpc.StatusCode.FAILED_PRECONDITION)
        return b""

    # ---- snapshots ----

    def checked_tag(self, request):
        tag = wire.first_text(request).decode()
        taken = {"snapshots/empty-tag-is-refused": not tag, "snapshots/option-like-tag-is-refused": tag.startswith("-"),
                 "snapshots/quoted-tag-is-refused": '"' in tag, "snapshots/long-tag-is-refused": len(tag) > 128}
        if not TAG.fullmatch(tag) and not any(wrong(case) and fits for case, fits in taken.items()):
            refuse("a tag is 1 to 128 letters, digits, dots, dashes and underscores")
        return tag

    def known_tag(self, request):
        tag, machine = self.checked_tag(request), self.machine()
        if tag not in machine.tags() and not wrong("snapshots/unknown-tag-is-an-error"):
            refuse(f"no snapshot '{tag}'", grpc.StatusCode.NOT_FOUND)
        return tag, machine

    def CreateSnapshot(self, request, _context):
        tag, machine = self.checked_tag(request), self.machine()
        if machine.pid() and wrong("snapshots/of-a-running-vm"):
            machine.keep(machine.tags() + [tag])
            refuse("the VM runs", grpc.StatusCode.FAILED_PRECONDITION)
        machine.keep(machine.tags() + [tag])
        return b""

    def ApplySnapshot(self, request, _context):
        if wrong("snapshots/all-or-none"):
            refuse("not yet", grpc.StatusCode.UNIMPLEMENTED)
        self.known_tag(request)
        return b""

    def DeleteSnapshot(self, request, _context):
        tag, machine = self.known_tag(request)
        machine.keep([one for one in machine.tags() if one != tag])
        return b""

    def ListSnapshots(self, _request, _context):
        return wire.text_field(1, self.machine().listing())


def forget_vm(folder):
    """A driver that starts afresh and does not know what ran before."""
    for name in os.listdir(folder):
        if name.endswith(".pid"):
            os.unlink(os.path.join(folder, name))

