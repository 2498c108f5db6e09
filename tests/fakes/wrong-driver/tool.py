"""The short-lived runs."""
import base64
import binascii
import json
import os
import sys

from machine import Machine
from wrong import wrong


def check(text):
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def without_unknown(value):
    """What a program that decodes into fixed types gives back."""
    if isinstance(value, dict):
        return {key: without_unknown(item) for key, item in value.items() if not key.startswith("xUnknown")}
    return value


def inspected(instance):
    status = "Running" if Machine(instance).pid() else "Stopped"
    if wrong("start/status-is-running"):
        status = "Stopped"
    if wrong("inspect/status-of-stopped"):
        status = "Running"
    if wrong("inspect/beside-a-server") and any(name.endswith(".sock") for name in os.listdir(instance["dir"])):
        status = "Broken"
    if wrong("inspect/echoes-unknown-keys"):
        instance = without_unknown(instance)
    if wrong("inspect/echoes-known-keys"):
        del instance["config"]["timezone"]
    if wrong("inspect/keeps-integers"):
        instance["disk"] = float(instance["disk"])
    answer = dict(instance, status=status)
    if status == "Running" and not wrong("inspect/status-of-stopped"):
        answer["driverPID"] = Machine(instance).pid()
    return answer


def inspect_status():
    try:
        text = json.loads(sys.stdin.read())
        answer = inspected(check(base64.b64decode(text, validate=True)))
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        print(f"--inspect-status: {error}", file=sys.stderr)
        return 0 if wrong("inspect/refuses-garbage", "inspect/refuses-bad-base64") else 1
    encoded = base64.b64encode(json.dumps(answer).encode()).decode()
    print(json.dumps(encoded.rstrip("=") if wrong("inspect/exact-form") else encoded))
    return 0


def fill(config, vm_type):
    if not wrong("pre-action/fills-types", "config/configure-fills-mount-type"):
        config.setdefault("mountType", "reverse-sshfs")
        config.setdefault("vmType", vm_type)
    return config


def pre_driver_action():
    try:
        request = check(sys.stdin.read())
        config = fill(request["config"], "wrong")
        if wrong("pre-action/any-file-path") and not os.path.isabs(request["filePath"]):
            raise ValueError("filePath is no path")
    except (ValueError, KeyError) as error:
        print(f"--pre-driver-action: {error}", file=sys.stderr)
        return 0 if wrong("pre-action/refuses-garbage") else 1
    if wrong("pre-action/echoes-config"):
        config.pop("timezone", None)
    print(json.dumps(config))
    return 0
