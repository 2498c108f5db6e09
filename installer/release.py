#!/usr/bin/env python3
"""What a release has beside the MSI: the same tree as a zip, winget and scoop manifests, checksums.

release.py --product product.json --stage DIR --msi FILE --code FILE --out DIR

Everything comes from product.json and from the bytes of MSI and zip; the same input gives the same output. winget: the three files of
schema 1.6. scoop: one file, which takes the zip. Publishing them is done by hand.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import sys
import time
import zipfile

FIXED_DAY = 1767225600      # 2026-01-01
SCHEMA = "1.6.0"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_zip(stage, out, top):
    """Sorted, with one time for all and no owner's bits."""
    moment = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", FIXED_DAY)))[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(p for p in stage.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(f"{top}/{path.relative_to(stage).as_posix()}", moment)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes())


def yaml(value, indent=""):
    """Lines of YAML for maps, lists and scalars; every text is quoted, as JSON quotes it."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield f"{indent}{key}:"
            yield from yaml(item, indent + "  ")
        elif isinstance(item, list):
            yield f"{indent}{key}:"
            for one in item:
                yield from yaml_item(one, indent)
        else:
            yield f"{indent}{key}: {json.dumps(item, ensure_ascii=False)}"


def yaml_item(one, indent):
    if not isinstance(one, dict):
        yield f"{indent}- {json.dumps(one, ensure_ascii=False)}"
        return
    first, *rest = yaml(one, indent + "  ")
    yield f"{indent}- {first.lstrip()}"
    yield from rest


def winget(product, msi, product_code):
    """{kind: document}"""
    head = {"PackageIdentifier": product["identifier"], "PackageVersion": product["version"]}

    def tail(kind):
        return {"ManifestType": kind, "ManifestVersion": SCHEMA}

    installer = {"Architecture": "x64", "InstallerType": "msi", "InstallerUrl": f"{product['downloads']}/{msi.name}", "InstallerSha256": sha256(msi).upper(),
                 "ProductCode": f"{{{product_code}}}", "AppsAndFeaturesEntries": [{
                     "DisplayName": product["name"], "Publisher": product["publisher"], "DisplayVersion": product["version"],
                     "ProductCode": f"{{{product_code}}}", "UpgradeCode": f"{{{product['upgradeCode']}}}", "InstallerType": "msi"}]}
    location = 'INSTALLDIR="<INSTALLPATH>"'
    return {
        "version": {**head, "DefaultLocale": "en-US", **tail("version")},
        "installer": {
            **head, "Platform": ["Windows.Desktop"], "MinimumOSVersion": "10.0.17763.0", "InstallModes": ["interactive", "silent", "silentWithProgress"],
            "UpgradeBehavior": "install", "Commands": ["limadrv"], "Installers": [
                {**installer, "Scope": "user", "InstallerSwitches": {"InstallLocation": location}},
                {**installer, "Scope": "machine", "InstallerSwitches": {"InstallLocation": location, "Custom": "ALLUSERS=1"},
                 "ElevationRequirement": "elevationRequired"}],
            **tail("installer")},
        "defaultLocale": {
            **head, "PackageLocale": "en-US", "Publisher": product["publisher"], "PublisherUrl": product["homepage"], "PackageName": product["name"],
            "PackageUrl": product["homepage"], "License": product["licence"], "ShortDescription": product["summary"], "Description": product["description"],
            "Moniker": product["file"], "Tags": ["lima", "limactl", "linux", "virtual-machine", "wsl2", "hyper-v"], **tail("defaultLocale")},
    }


# env_set would replace what the user has in it. Get-EnvVar and Set-EnvVar are scoop's.
OTHER_ENTRIES = ['$ours = "$dir\\libexec\\lima"',
                 "$others = @((Get-EnvVar -Name LIMA_DRIVERS_PATH -Global:$global) -split ';' | Where-Object { $_ -and $_ -ne $ours })"]


def set_entries(value):
    return f"Set-EnvVar -Name LIMA_DRIVERS_PATH -Value (({value}) -join ';') -Global:$global"


def scoop(product, archive):
    top = archive.stem
    return {
        "version": product["version"], "description": product["summary"], "homepage": product["homepage"], "license": product["licence"],
        "architecture": {"64bit": {"url": f"{product['downloads']}/{archive.name}", "hash": sha256(archive), "extract_dir": top}},
        "bin": "bin\\limadrv.exe", "post_install": [*OTHER_ENTRIES, set_entries("$others + $ours")],
        "post_uninstall": [*OTHER_ENTRIES, set_entries("$others")],
    }


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("product", "stage", "msi", "code", "out"):
        parser.add_argument("--" + name, type=pathlib.Path, required=True)
    args = parser.parse_args()
    product = json.loads(args.product.read_text())
    archive = args.msi.with_suffix(".zip")
    make_zip(args.stage, archive, archive.stem)
    shutil.rmtree(args.out, ignore_errors=True)
    names = {"version": "", "installer": ".installer", "defaultLocale": ".locale.en-US"}
    for kind, document in winget(product, args.msi, args.code.read_text()).items():
        text = f"# yaml-language-server: $schema=https://aka.ms/winget-manifest.{kind}.{SCHEMA}.schema.json\n" + "\n".join(yaml(document)) + "\n"
        write(args.out / "winget" / f"{product['identifier']}{names[kind]}.yaml", text)
    write(args.out / "scoop" / f"{product['file']}.json", json.dumps(scoop(product, archive), indent=4) + "\n")
    sums = sorted([args.msi, archive, *args.msi.parent.glob("*.cdx.json")])
    write(args.msi.parent / "SHA256SUMS", "".join(f"{sha256(path)}  {path.name}\n" for path in sums))


if __name__ == "__main__":
    sys.exit(main())
