#!/usr/bin/env python3
"""Makes the MSI from a staged tree, with wixl and msibuild of Debian's msitools.

package.py --product product.json --stage DIR --out FILE.msi [--code FILE] [--version V]

The WiX source says what the package is; this adds the staged files (one component each, named by its path for ever), the
tables of tables/ and the few cells that wixl does not fill. The same stage gives the same bytes: codes come from content, all
times are $SOURCE_DATE_EPOCH or one fixed day. Prints the product code, or writes it into a file.
Not done here: building, staging (CMakeLists.txt), signing.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid
import xml.sax.saxutils as saxutils

HERE = pathlib.Path(__file__).resolve().parent
SPACE = uuid.UUID("e0449236-70b4-4ca3-be25-68afcfd02ce0")   # of all names below; never changes
FIXED_DAY = 1767225600                                      # 2026-01-01
SDK = ("include/", "lib/", "share/doc/lima-drivers/example/")
SUMMARY_FORMAT = uuid.UUID("f29f85e0-4ff9-1068-ab91-08002b27b3d9").bytes_le
ROOT_CLASS = uuid.UUID("000c1084-0000-0000-c000-000000000046").bytes_le


def code(name):
    return str(uuid.uuid5(SPACE, name)).upper()


def identifier(path):
    """A key of the package's tables: up to 72 letters, digits, '_' and '.', stable and distinct for each path."""
    return re.sub(r"\W", "_", path, flags=re.ASCII)[-48:] + "." + hashlib.sha256(path.encode()).hexdigest()[:12]


class Stage:
    """The staged tree: relative paths, sorted, and which feature has each."""

    def __init__(self, folder):
        self.folder = folder
        self.files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())
        if not self.files:
            raise SystemExit(f"installer: nothing is staged in '{folder}'")

    def digest(self):
        total = hashlib.sha256()
        for name in self.files:
            total.update(f"{name}\0{hashlib.sha256((self.folder / name).read_bytes()).hexdigest()}\n".encode())
        return total.hexdigest()

    def folders(self):
        """(folder, one file below it), deeper ones first."""
        below = {}
        for name in self.files:
            for parent in pathlib.PurePosixPath(name).parents:
                below.setdefault(parent.as_posix(), name)
        return sorted(((f, n) for f, n in below.items() if f != "."), key=lambda item: (-item[0].count("/"), item[0]))


def short_name(long):
    """The 8.3 name that the tables want beside a longer one."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,8}(\.[A-Za-z0-9_-]{1,3})?", long):
        return long
    suffix = re.sub(r"\W", "", pathlib.PurePosixPath(long).suffix, flags=re.ASCII)[:3].upper()
    return hashlib.sha256(long.encode()).hexdigest()[:8].upper() + ("." + suffix if suffix else "")


def feature(name):
    return "Sdk" if name.startswith(SDK) else "Drivers"


def directory(name):
    return "INSTALLDIR" if name == "." else "d." + identifier(name)


def files_wxs(stage):
    """The WiX fragment of all files."""
    quote = saxutils.quoteattr

    def inside(folder, indent):
        for name in stage.files:
            if pathlib.PurePosixPath(name).parent.as_posix() == folder:
                key = identifier(name)
                yield f'{indent}<Component Id="c.{key}" Guid="{code("file:" + name)}" Win64="yes">'
                yield f'{indent}  <File Id="f.{key}" Name={quote(name.rsplit("/", 1)[-1])} Source={quote("stage/" + name)} KeyPath="yes"/>'
                yield f"{indent}</Component>"
        for child in sorted(f for f, _ in stage.folders() if pathlib.PurePosixPath(f).parent.as_posix() == folder):
            yield f'{indent}<Directory Id="{directory(child)}" Name={quote(child.rsplit("/", 1)[-1])}>'
            yield from inside(child, indent + "  ")
            yield f"{indent}</Directory>"

    lines = ['<?xml version="1.0" encoding="utf-8"?>', '<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi"><Fragment>',
             '  <DirectoryRef Id="INSTALLDIR">', *inside(".", "    "), "  </DirectoryRef>"]
    for group in ("Drivers", "Sdk"):
        lines.append(f'  <ComponentGroup Id="{group}Files">')
        lines += [f'    <ComponentRef Id="c.{identifier(name)}"/>' for name in stage.files if feature(name) == group]
        lines.append("  </ComponentGroup>")
    return "\n".join(lines + ["</Fragment></Wix>", ""])


def remove_file_idt(stage):
    """Each folder goes with its last file; Windows' folder of a user's programs goes if it is empty."""
    rows = [("r." + identifier(folder), "c." + identifier(name), directory(folder)) for folder, name in stage.folders()]
    rows += [("r.InstallDir", "c." + identifier(stage.files[0]), "INSTALLDIR"), ("r.UserPrograms", "UserScope", "USERPROGRAMS")]
    table = ["FileKey\tComponent_\tFileName\tDirProperty\tInstallMode", "s72\ts72\tL255\ts72\ti2", "RemoveFile\tFileKey"]
    return "\r\n".join(table + [f"{key}\t{component}\t\t{folder}\t2" for key, component, folder in rows] + [""])


def upgrade_idt(upgrade_code, version):
    """Older ones, and another build of this version, are replaced, with the same features; a newer one is only found."""
    table = ["UpgradeCode\tVersionMin\tVersionMax\tLanguage\tAttributes\tRemove\tActionProperty", "s38\tS20\tS20\tS255\ti4\tS255\ts72",
             "Upgrade\tUpgradeCode\tVersionMin\tVersionMax\tLanguage\tAttributes"]
    migrate, detect_only, with_minimum, with_maximum = 1, 2, 256, 512
    rows = [f"{{{upgrade_code}}}\t0.0.0\t{version}\t\t{migrate + with_minimum + with_maximum}\t\tLIMA_OLDER",
            f"{{{upgrade_code}}}\t{version}\t\t\t{detect_only}\t\tLIMA_NEWER"]
    return "\r\n".join(table + rows + [""])


def cells(stage, version):
    """What wixl leaves empty: scopes, the 64-bit view of the registry, versions of programs, properties that pass to the service."""
    for component in ("UserScope", "UserPath"):
        yield f"UPDATE `Component` SET `Condition` = 'NOT LIMA_MACHINE' WHERE `Component` = '{component}'"
    for component in ("MachineScope", "MachinePath"):
        yield f"UPDATE `Component` SET `Condition` = 'LIMA_MACHINE' WHERE `Component` = '{component}'"
    yield "UPDATE `RegLocator` SET `Type` = 18"
    public = "INSTALLDIR;LIMA_OLDER;LIMA_NEWER;LIMA_USER_DIR;LIMA_USER_PRODUCT;LIMA_MACHINE_DIR;LIMA_MACHINE_PRODUCT"
    yield f"INSERT INTO `Property` (`Property`, `Value`) VALUES ('SecureCustomProperties', '{public}')"
    yield "UPDATE `Feature` SET `Attributes` = 8"                                         # never advertised
    yield "UPDATE `Feature` SET `Attributes` = 24 WHERE `Feature` = 'Drivers'"            # nor left out
    for folder in ["INSTALLDIR", *(f for f, _ in stage.folders())]:
        long = "lima-drivers" if folder == "INSTALLDIR" else folder.rsplit("/", 1)[-1]
        if short_name(long) != long:
            key = folder if folder == "INSTALLDIR" else directory(folder)
            yield f"UPDATE `Directory` SET `DefaultDir` = '{short_name(long)}|{long}' WHERE `Directory` = '{key}'"
    for name in stage.files:
        key, long = "f." + identifier(name), name.rsplit("/", 1)[-1]
        if short_name(long) != long:
            yield f"UPDATE `File` SET `FileName` = '{short_name(long)}|{long}' WHERE `File` = '{key}'"
        if name.endswith(".exe"):
            yield f"UPDATE `File` SET `Version` = '{version}.0', `Language` = '1033' WHERE `File` = '{key}'"
            yield f"DELETE FROM `MsiFileHash` WHERE `File_` = '{key}'"


def run(*command):
    """Both tools print warnings and go on: whatever they print on stderr is an error."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8"))
    if done.returncode or done.stderr.strip():
        raise SystemExit(f"installer: {command[0]}: exit status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")


def set_times(path, seconds):
    """The times of creation and saving in the summary: wixl writes today's."""
    data = bytearray(path.read_bytes())
    section = data.find(SUMMARY_FORMAT)
    if section < 28 or data.count(SUMMARY_FORMAT) != 1:
        raise SystemExit(f"installer: '{path}' has no summary information where it is looked for")
    start = section - 28 + struct.unpack_from("<I", data, section + 16)[0]
    count = struct.unpack_from("<I", data, start + 4)[0]
    stamp = struct.pack("<IQ", 0x40, (seconds + 11644473600) * 10_000_000)
    found = 0
    for index in range(count):
        kind, offset = struct.unpack_from("<II", data, start + 8 + 8 * index)
        if kind in (12, 13):
            if data[start + offset:start + offset + 4] != stamp[:4]:
                raise SystemExit(f"installer: '{path}': the summary's times are not where they are looked for")
            data[start + offset:start + offset + 12] = stamp
            found += 1
    if found != 2:
        raise SystemExit(f"installer: '{path}': the summary has {found} of 2 times")
    path.write_bytes(data)


def definitions(product, digest, version):
    names = {"Name": product["name"], "Publisher": product["publisher"], "Version": version, "Homepage": product["homepage"],
             "UpgradeCode": product["upgradeCode"], "ProductCode": code(f"product:{version}:{digest}"), "PackageCode": code(f"package:{version}:{digest}")}
    for component in ("UserScope", "MachineScope", "UserPath", "MachinePath"):
        names[component + "Guid"] = code("component:" + component)
    return names


def recipe():
    """What else shapes the package."""
    parts = [HERE / "package.py", HERE / "lima-drivers.wxs", *sorted((HERE / "tables").glob("*.idt"))]
    return b"".join(part.read_bytes() for part in parts)


def copy_stage(source, target, seconds):
    shutil.copytree(source, target)
    for path in target.rglob("*"):
        os.utime(path, (seconds, seconds))


def build(product, folder, out, version):
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", FIXED_DAY))
    with tempfile.TemporaryDirectory(prefix="lima-msi.") as work:
        work = pathlib.Path(work)
        copy_stage(folder, work / "stage", seconds)
        stage = Stage(work / "stage")
        digest = hashlib.sha256(stage.digest().encode() + json.dumps(product, sort_keys=True).encode() + recipe()).hexdigest()
        names = definitions(product, digest, version)
        (work / "files.wxs").write_text(files_wxs(stage))
        (work / "RemoveFile.idt").write_text(remove_file_idt(stage), newline="")
        (work / "Upgrade.idt").write_text(upgrade_idt(product["upgradeCode"], version), newline="")
        package = work / "package.msi"
        defines = [text for name, value in names.items() for text in ("-D", f"{name}={value}")]
        run("wixl", "-a", "x64", *defines, "-o", package, HERE / "lima-drivers.wxs", work / "files.wxs")
        for table in [*sorted((HERE / "tables").glob("*.idt")), *work.glob("*.idt")]:
            run("msibuild", package, "-i", table)
        queries = [text for query in cells(stage, version) for text in ("-q", query)]
        run("msibuild", package, *queries)
        run("msibuild", package, "-s", f"{product['name']} {version}", product["publisher"], "x64;1033", "{%s}" % names["PackageCode"])
        set_times(package, seconds)
        shutil.copyfile(package, out)
    return names["ProductCode"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--product", type=pathlib.Path, required=True)
    parser.add_argument("--stage", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--code", type=pathlib.Path, help="file for the product code")
    parser.add_argument("--version", help="instead of the product's: for tests of upgrades")
    args = parser.parse_args()
    product = json.loads(args.product.read_text())
    version = args.version or product["version"]
    if not re.fullmatch(r"(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\.(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\.\d{1,4}", version):
        raise SystemExit(f"installer: '{version}' is no version that Windows Installer can compare: N.N.N is")
    product_code = build(product, args.stage, args.out, version)
    if args.code:
        args.code.write_text(product_code)
    else:
        print(product_code)


if __name__ == "__main__":
    sys.exit(main())
