#!/usr/bin/env python3
"""Reads every #include of the tree against design.md section 2, and looks for platform #ifs.

usage: check.py [ROOT]      prints TAP, one line per rule; exit status 1 if a rule is broken
"""
import pathlib
import re
import sys

# What each part may include of ours (folders below core/, which is the include root), besides its own folder.
ARROWS = {
    "core/base": [],
    "core/os": ["base"],
    "core/data": ["base"],
    "core/driver": ["data", "os", "base"],
    "core/image": ["os", "base"],
    "core/vm": ["data", "os", "base"],
    "core/rpc": ["driver", "data", "os", "base"],
    "core/ctl": ["rpc", "driver", "data", "image", "os", "base"],
    "drivers": ["driver", "vm", "image", "data", "os", "base"],
    "posix": ["os", "base"],
    "win": ["os", "base"],
}
MAIN_OF_DRIVER = ["rpc"]        # only drivers/X/main.c starts the server
USERS_OF_WIN = ("wsl2", "hyperv")   # drivers of Windows: they may include those headers of win/ that are plain C
RECIPES = {"deps", "slirp"}     # folders of core/ that make third-party libraries
PARTS = ("base", "os", "data", "driver", "image", "vm", "rpc", "ctl")
LIBRARIES = {                   # who may know which third party
    "grpc": (re.compile(r"(grpc|grpc\+\+|absl)/"), {"core/rpc"}),
    "protobuf-c": (re.compile(r"protobuf-c/|.*\.pb-c\.h$|.*\.desc\.h$"), {"core/rpc"}),
    "jansson and libyaml": (re.compile(r"(jansson|yaml)\.h$"), {"core/data"}),
    "libslirp": (re.compile(r"slirp/"), {"drivers"}),
}
# Headers no portable part may see: what they offer is in core/os.
SYSTEM = re.compile(r"(unistd|fcntl|pthread|signal|dirent|poll|spawn|pwd|termios|windows|winsock2|ws2tcpip|afunix|winternl|winioctl|tlhelp32|"
                    r"bcrypt)\.h$|(sys|arpa|netinet|mach|linux)/")
PLATFORM = re.compile(r"^\s*#\s*(?:el)?if.*\b(_WIN32|_WIN64|__MINGW\w*|_MSC_VER|__CYGWIN__|__linux__|__linux|__APPLE__|__MACH__|"
                      r"__unix__|__unix|__FreeBSD__|TARGET_OS_\w+)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SHARED = "os/shared/"           # what both implementations of core/os need, and no part of the contract
OS_LIMIT = 60
FUNCTION = re.compile(r"^(?!\s|typedef|static|#|\}|/|\*)[A-Za-z_][\w \t*]*?\b\w+\(", re.M)


def part_of(path):
    """core/base/x.c -> core/base; drivers/qemu/x.c -> drivers; posix/x.c -> posix."""
    return "/".join(path.parts[:2]) if path.parts[0] == "core" else path.parts[0]


def sources(root):
    for top in ("core", "drivers", "posix", "win"):
        for path in sorted((root / top).rglob("*.[ch]")):
            relative = path.relative_to(root)
            if not RECIPES & set(relative.parts):
                yield relative, path.read_text(encoding="utf-8", errors="replace").splitlines()


def own_folder(path, name, root):
    """Beside the file, or in a folder above it inside the same part (posix/linux/x.c may use posix/x.h)."""
    depth = 1 if path.parts[0] in ("posix", "win") else 2
    return any((root / folder / name).exists() for folder in path.parents if len(folder.parts) >= depth)


def embedded(path, name, root):
    """guest_boot.h, which core/cmake/embed.cmake makes from guest/boot.sh beside the file."""
    return any(re.sub(r"\W", "_", f"{source.parent.name}_{source.stem}") + ".h" == name for source in (root / path.parent).glob("*/*"))


def is_plain(header, root, seen=()):
    """Whether a header of win/ includes no system header, nor does any header of win/ that it includes."""
    if header in seen or not (root / header).exists():
        return header in seen
    found = [INCLUDE.match(line) for line in (root / header).read_text(encoding="utf-8").splitlines()]
    names = [include.group(2) for include in found if include]
    return not any(SYSTEM.match(name) for name in names) and all(
        is_plain(f"win/{name}", root, (*seen, header)) for name in names if (root / "win" / name).exists())


def check_win(path, name, root):
    if path.parts[0] != "drivers" or path.parts[1] not in USERS_OF_WIN:
        return "arrows", f"only drivers/{' and drivers/'.join(USERS_OF_WIN)} include headers of win/"
    return None if is_plain(name, root) else ("arrows", "not a plain header of win/: it includes what Windows has")


def check_include(path, name, root):
    """The rule that is broken and why, or None."""
    part = part_of(path)
    allowed = ARROWS.get(part)
    if allowed is None:
        return "arrows", f"{part} is no part of the design"
    for library, (pattern, users) in LIBRARIES.items():
        if pattern.match(name):
            return None if part in users else ("libraries", f"only {', '.join(users)} may use {library}")
    target = name.split("/")[0]
    if name.startswith(SHARED) and part not in ("posix", "win", "core/os"):
        return "arrows", f"only posix/ and win/ include {SHARED}"
    if ".." in name.split("/"):
        return "arrows", "an include leaves its folder by '..'"
    if target == "win":
        return check_win(path, name, root)
    if target in ("drivers", "posix"):
        return "arrows", f"nobody includes {target}/"
    if target in PARTS and "/" in name:
        if part == "core/" + target or target in allowed:
            return None
        if part == "drivers" and path.name == "main.c" and target in MAIN_OF_DRIVER:
            return None
        return "arrows", f"{part} may include {', '.join(allowed) or 'nothing'}"
    return None


def check_system(path, name):
    if part_of(path) not in ("posix", "win") and SYSTEM.match(name):
        return "system headers", "the OS is behind core/os"
    return None


def check_file(path, lines, root):
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include:
            quote, name = include.groups()
            found = check_include(path, name, root) or check_system(path, name)
            if not found and quote == '"' and "/" not in name and not (own_folder(path, name, root) or embedded(path, name, root)):
                found = "arrows", "not in the file's own folder"
            if found:
                yield found[0], f"{path}:{number}: includes {name}: {found[1]}"
        if part_of(path) not in ("posix", "win") and PLATFORM.match(line):
            yield "platform #if", f"{path}:{number}: {line.strip()}: the build chooses the OS, not the preprocessor"


def os_functions(root):
    count = 0
    for header in sorted((root / "core/os").glob("*.h")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header.read_text(encoding="utf-8"), flags=re.S)
        text = re.sub(r"\{[^{}]*\}", "", text)
        count += len([f for f in FUNCTION.findall(text) if not f.startswith("__attribute__")])
    return count


def main(root):
    rules = {"arrows": [], "libraries": [], "system headers": [], "platform #if": [], "core/os is small": []}
    for path, lines in sources(root):
        for rule, text in check_file(path, lines, root):
            rules[rule].append(text)
    functions = os_functions(root)
    if functions >= OS_LIMIT:
        rules["core/os is small"].append(f"core/os: {functions} functions, must stay below {OS_LIMIT}")
    print(f"1..{len(rules)}")
    for number, (rule, broken) in enumerate(rules.items(), 1):
        print(f"{'not ok' if broken else 'ok'} {number} - {rule}" + (f" ({functions} functions)" if "small" in rule else ""))
        for text in broken:
            print(f"#   {text}")
    return 1 if any(rules.values()) else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
