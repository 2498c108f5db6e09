"""QEMU's command line for what a document asks (facts 10.3)."""
import ipaddress
import os
import re
import shlex
import shutil
import sys

from .codes import Mistake

PROGRAM = "qemu-system-x86_64"
FIRMWARE, VARIABLES = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
HCSSIMD = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "hcssimd")
VSOCK_SERVICE = re.compile(r"([0-9a-f]{8})-facb-11e6-bd58-64006a7986d3\Z", re.I)
PLAIN_NET = ipaddress.ip_network("10.0.2.0/24")      # of a VM without an adapter: for hvsockets only
PLAIN_MAC = "52:55:0a:00:02:0f"
SPARE_PORTS = 4


def find_program():
    found = shutil.which(PROGRAM)
    if not found:
        raise Mistake(f"machine=qemu needs {PROGRAM}, which is not installed")
    return found


def value(text):
    """In an option of QEMU a comma is doubled."""
    return str(text).replace(",", ",,")


def machine(system, state, plan):
    """The computer itself, without devices."""
    document = system.machine_document
    words = ["-nodefaults", "-no-user-config", "-display", "none", "-machine", f"q35,accel={state.setting('accel')}",
             "-cpu", state.setting("cpu"), "-m", f"{system.memory}M", "-smp", str(system.processors), "-name", value(system.id),
             "-uuid", system.runtime_id, "-device", "virtio-rng-pci", "-device", "pvpanic"]
    words += ["-rtc", "base=utc" if document["Chipset"].get("UseUtc") else "base=localtime"]
    for number in range(SPARE_PORTS):
        words += ["-device", f"pcie-root-port,id=spare{number},chassis={number + 1}"]
    if document.get("StopOnReset"):
        words.append("-no-reboot")
    return words + (kernel(document, plan) if plan.kernel else firmware(system, plan))


def kernel(document, plan):
    words = ["-kernel", plan.kernel, "-append", document["Chipset"]["LinuxKernelDirect"].get("KernelCmdLine", "")]
    return words + (["-initrd", plan.initrd] if plan.initrd else [])


def firmware(system, plan):
    """The variables lie in the guest-state file, or in one that goes with the VM."""
    variables = plan.guest_state or os.path.join(system.folder(), "variables")
    if not os.path.exists(variables) or os.path.getsize(variables) != os.path.getsize(VARIABLES):
        shutil.copyfile(VARIABLES, variables)
    return ["-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE}", "-drive", f"if=pflash,format=raw,file={value(variables)}"]


def disks(system, plan, export):
    """One controller each; its name in QEMU is c0, c1 …, a drive's c0l3. `export(name, found)`: its socket."""
    words = []
    boot = system.machine_document["Chipset"].get("Uefi", {}).get("BootThis", {})
    for number, name in enumerate(controllers(system)):
        words += ["-device", f"virtio-scsi-pci,id=c{number}"]
        for found in [one for one in plan.attached if one.controller == name]:
            drive = f"c{number}l{found.lun}"
            source = f"driver=nbd,server.type=unix,server.path={export(drive, found)}" if found.chain else f"format=raw,file={value(found.host)}"
            words += ["-drive", f"if=none,id={drive},{source}" + ("" if found.writable else ",readonly=on")]
            first = boot.get("DevicePath") == name and str(boot.get("DiskNumber", 0)) == found.lun
            kind = "scsi-hd" if found.chain else "scsi-cd"
            words += ["-device", f"{kind},bus=c{number}.0,lun={found.lun},drive={drive},id=d{drive}" + (",bootindex=1" if first else "")]
    return words


def controllers(system):
    return list(system.devices.get("Scsi", {}))


def network(name, endpoint, forwards, guest_forwards):
    """Options of a netdev. forwards: (host address, port, guest port); guest_forwards: (port, command)."""
    subnet, guest = (endpoint.network.subnet, endpoint.ip) if endpoint else (PLAIN_NET, PLAIN_NET[15])
    gateway = endpoint.network.gateway if endpoint else PLAIN_NET[2]
    options = {"type": "user", "id": name, "net": subnet, "host": gateway, "dhcpstart": guest, "dns": subnet[-3]}
    text = ",".join(f"{key}={item}" for key, item in options.items() if key != "type")
    for address, port, guest_port in forwards:
        text += f",hostfwd=tcp:{address}:{port}-{guest}:{guest_port}"
    for port, command in guest_forwards:
        text += f",guestfwd=tcp:{meeting_point(endpoint)}:{port}-cmd:{value(command)}"
    return "user," + text


def meeting_point(endpoint):
    """Where the guest finds the host's hvsockets, by TCP."""
    return str(endpoint.network.subnet[-4] if endpoint else PLAIN_NET[100])


def hvsocket_ports(system):
    """Services of the document, and where shares are served."""
    table = system.devices.get("HvSocket", {}).get("HvSocketConfig", {}).get("ServiceTable", {})
    found = [VSOCK_SERVICE.match(guid) for guid in table]
    ports = {int(one.group(1), 16) for one in found if one} | {share["Port"] for share in system.devices.get("Plan9", {}).get("Shares", [])}
    return sorted(port for port in ports if 0 < port < 65536)


def sockets(system, point, listened):
    """What the guest is told of them: the meeting point, and at which ports who listens (tests/guest/vsock-bridge)."""
    host = [port for port in hvsocket_ports(system) if port in listened]
    guest = [port for port in hvsocket_ports(system) if port not in listened]
    said = {"hvsocket": point, "host-ports": " ".join(map(str, host)), "guest-ports": " ".join(map(str, guest))}
    words = ["-smbios", f"type=11,value=hcssim.hvsocket={point}"]
    for name, text in said.items():
        words += ["-fw_cfg", f"name=opt/hcssim.{name},string={text or '-'}"]
    return words


def guest_command(state, system, port):
    return " ".join(shlex.quote(word) for word in (sys.executable, "-I", HCSSIMD, "guest", state.folder, system.runtime_id, str(port)))


def pmem(plan):
    if plan.pmem:
        raise Mistake("VirtualPMem is not in the double's QEMU back end")
    return []
