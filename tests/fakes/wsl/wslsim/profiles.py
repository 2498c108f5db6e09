"""Versions of WSL and what differs between them (facts 10.5)."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    name: str
    version: str
    utf8: bool = True                   # knows WSL_UTF8
    codes: bool = True                  # prints Wsl/… codes
    hex_codes: bool = False             # Windows' own errors as numbers
    english_label: bool = False         # "Error code:" in every language
    default_code: bool = False          # a code line for "no default distribution"
    state_words: bool = False           # translated words in the STATE column
    mount_context: str = "MountDisk"
    linux_check: bool = True            # WSL_E_NOT_A_LINUX_DISTRO
    manage: bool = True                 # --manage, --install --from-file
    export_format: bool = True
    distribution_id: bool = True
    version_verb: bool = True
    wslinfo: bool = True                # the program is there
    vm_id: bool = True                  # wslinfo --vm-id
    consomme: str = "consomme"          # the word for user-mode networking
    shared_cgroups: bool = True         # the uid trap
    line_end: str = "\r\n"


OLD = {"linux_check": False, "vm_id": False, "mount_context": "MountVhd", "consomme": "virtioproxy"}
ALL = {one.name: one for one in (
    Profile("inbox", "10.0.19045", utf8=False, codes=False, english_label=True, state_words=True, manage=False, export_format=False,
            distribution_id=False, version_verb=False, wslinfo=False, line_end="\r\r\n", **OLD),
    Profile("0.64", "0.64.0", hex_codes=True, english_label=True, default_code=True, manage=False, wslinfo=False,
            **OLD),
    Profile("2.0", "2.0.14", default_code=True, manage=False, **OLD),
    Profile("2.4", "2.4.13", default_code=True, **OLD),
    Profile("2.5.7", "2.5.7", vm_id=False, mount_context="MountVhd", consomme="virtioproxy"),
    Profile("2.6", "2.6.3", mount_context="MountVhd", consomme="virtioproxy"),
    Profile("2.9", "2.9.4"),
    Profile("2.9.5", "2.9.5", shared_cgroups=False),
)}
DEFAULT = "2.9"
