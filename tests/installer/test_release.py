#!/usr/bin/env python3
"""The package and what is released with it, looked at without installing: tables, bytes, manifests, checksums, bill of materials.

test_release.py INSTALLER_DIR          INSTALLER_DIR: the build's installer/; prints TAP

The public schemas are taken from the folder $LIMA_SCHEMAS if it is named and holds them: winget's manifest.KIND.1.6.0.json, scoop's
scoop.json, CycloneDX' bom-1.5.schema.json with spdx.schema.json and jsf-0.82.schema.json.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings
import zipfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
import tap  # noqa: E402

INSTALLER = pathlib.Path(sys.argv[1]).resolve()
SCHEMAS = pathlib.Path(os.environ.get("LIMA_SCHEMAS") or "/nonexistent")
STAGE = INSTALLER / "stage"
PRODUCT = json.loads((INSTALLER / "product.json").read_text()) if STAGE.is_dir() else {"version": "", "identifier": ""}
NAME = f"lima-drivers-{PRODUCT['version']}"
MSI = INSTALLER / f"{NAME}-x64.msi"
ZIP = INSTALLER / f"{NAME}-x64.zip"
WINGET = {kind: INSTALLER / "manifests/winget" / f"{PRODUCT['identifier']}{middle}.yaml"
          for kind, middle in (("version", ""), ("installer", ".installer"), ("defaultLocale", ".locale.en-US"))}
SCOOP = INSTALLER / "manifests/scoop/lima-drivers.json"
SBOM = INSTALLER / f"{NAME}.cdx.json"


def table(name, msi=MSI):
    lines = subprocess.run(["msiinfo", "export", str(msi), name], capture_output=True, text=True, check=True).stdout.splitlines()
    columns = lines[0].split("\t")
    return [dict(zip(columns, line.split("\t"))) for line in lines[3:]]


def staged():
    return sorted(p.relative_to(STAGE).as_posix() for p in STAGE.rglob("*") if p.is_file())


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def long_name(cell):
    return cell.rpartition("|")[2]


def paths_in_package():
    """{path below the installation folder: row of the table File}, by following the folders up."""
    folders = {row["Directory"]: row for row in table("Directory")}
    components = {row["Component"]: row for row in table("Component")}
    found = {}
    for file in table("File"):
        folder, parts = components[file["Component_"]]["Directory_"], [long_name(file["FileName"])]
        while folder != "INSTALLDIR":
            parts.insert(0, long_name(folders[folder]["DefaultDir"]))
            folder = folders[folder]["Directory_Parent"]
        found["/".join(parts)] = file
    return found


def every_file_once():
    packed = paths_in_package()
    assert sorted(packed) == staged(), set(packed) ^ set(staged())
    assert len({f["Component_"] for f in packed.values()}) == len(packed), "two files share a component"
    for path, file in packed.items():
        assert int(file["FileSize"]) == (STAGE / path).stat().st_size, path


def names_that_windows_takes():
    short = {}
    for cell in [r["FileName"] for r in table("File")]:
        name = cell.partition("|")[0]
        stem, _, suffix = name.partition(".")
        assert 1 <= len(stem) <= 8 and len(suffix) <= 3, name
        assert len(long_name(cell)) < 200 and not set(long_name(cell)) & set('<>:"|?*\\/'), cell
        short.setdefault(name, set()).add(long_name(cell))
    assert all(len(names) == 1 for names in short.values()), "one short name for several files"


def programs_have_versions():
    for path, file in paths_in_package().items():
        wanted = PRODUCT["version"] + ".0" if path.endswith(".exe") else ""
        assert file["Version"] == wanted, f"{path}: version '{file['Version']}'"
    versioned = {f["File"] for f in table("File") if f["Version"]}
    assert not versioned & {h["File_"] for h in table("MsiFileHash")}, "a file with a version has a hash, too"


def no_program_runs():
    kinds = {row["Action"]: int(row["Type"]) for row in table("CustomAction")}
    assert kinds and set(kinds.values()) == {51}, f"other than setting a property: {kinds}"


def identity():
    properties = {row["Property"]: row["Value"] for row in table("Property")}
    assert properties["UpgradeCode"] == "{FA756E28-56EC-4858-B915-655007100194}", "the upgrade code must never change"
    assert properties["ProductCode"] == "{%s}" % (INSTALLER / "product-code").read_text()
    assert properties["ProductVersion"] == PRODUCT["version"] and "ALLUSERS" not in properties
    assert properties["REBOOT"] == "ReallySuppress" and properties["MSIRESTARTMANAGERCONTROL"] == "Disable"
    components = {row["Component"]: row["ComponentId"] for row in table("Component")}
    assert components["UserScope"] == "{1C117446-4C09-5A2E-BF78-1484BFF44AE4}", "components must never change"
    summary = subprocess.run(["msiinfo", "suminfo", str(MSI)], capture_output=True, text=True, check=True).stdout
    assert "Template: x64;1033" in summary and "Source: 10 (a)" in summary, summary     # compressed, needs no elevation


def upgrades():
    rows = {row["ActionProperty"]: row for row in table("Upgrade")}
    assert rows["LIMA_OLDER"]["Attributes"] == str(1 + 256 + 512) and rows["LIMA_OLDER"]["VersionMax"] == PRODUCT["version"], rows
    assert rows["LIMA_NEWER"]["Attributes"] == "2" and rows["LIMA_NEWER"]["VersionMin"] == PRODUCT["version"], rows
    refused = [row for row in table("LaunchCondition") if row["Condition"] == "NOT LIMA_NEWER"]
    assert refused and "newer version" in refused[0]["Description"] and "Remove it first" in refused[0]["Description"], refused
    steps = {row["Action"]: int(row["Sequence"]) for row in table("InstallExecuteSequence")}
    assert steps["InstallInitialize"] < steps["RemoveExistingProducts"] < steps["InstallFiles"], "outside of what a failure rolls back"
    assert "MigrateFeatureStates" in steps


def same_bytes_again():
    with tempfile.TemporaryDirectory(prefix="lima release ü.") as work:
        work = pathlib.Path(work)
        subprocess.run([sys.executable, str(SOURCE / "installer/package.py"), "--product", str(INSTALLER / "product.json"), "--stage", str(STAGE),
                        "--out", str(work / MSI.name), "--code", str(work / "code")], check=True, cwd=work)
        assert (work / MSI.name).read_bytes() == MSI.read_bytes(), "another MSI from the same tree"
        subprocess.run([sys.executable, str(SOURCE / "installer/release.py"), "--product", str(INSTALLER / "product.json"), "--stage", str(STAGE),
                        "--msi", str(work / MSI.name), "--code", str(work / "code"), "--out", str(work / "manifests")], check=True, cwd=work)
        assert (work / ZIP.name).read_bytes() == ZIP.read_bytes(), "another zip from the same tree"


def other_content_other_codes():
    with tempfile.TemporaryDirectory(prefix="lima-release.") as work:
        stage = pathlib.Path(work) / "stage"
        (stage / "bin").mkdir(parents=True)
        codes = set()
        for content in ("one", "two"):
            (stage / "bin/limadrv.exe").write_text(content)
            out = pathlib.Path(work) / "x.msi"
            codes.add(subprocess.run([sys.executable, str(SOURCE / "installer/package.py"), "--product", str(INSTALLER / "product.json"), "--stage",
                                      str(stage), "--out", str(out)], check=True, capture_output=True, text=True).stdout)
        assert len(codes) == 2, codes


def zip_is_the_tree():
    with zipfile.ZipFile(ZIP) as archive:
        top = ZIP.stem + "/"
        assert sorted(archive.namelist()) == [top + name for name in staged()]
        for name in staged():
            assert archive.read(top + name) == (STAGE / name).read_bytes(), name


def winget_documents():
    import yaml
    return {kind: yaml.safe_load(path.read_text()) for kind, path in WINGET.items()}


def winget_is_true():
    documents = winget_documents()
    assert {(d["PackageIdentifier"], d["PackageVersion"]) for d in documents.values()} == {(PRODUCT["identifier"], PRODUCT["version"])}
    for installer in documents["installer"]["Installers"]:
        assert installer["InstallerSha256"] == sha256(MSI).upper() and installer["InstallerUrl"].endswith("/" + MSI.name)
        assert installer["ProductCode"] == "{%s}" % (INSTALLER / "product-code").read_text()
        assert (installer["Scope"] == "machine") == ("ALLUSERS=1" in json.dumps(installer["InstallerSwitches"]))
    assert {i["Scope"] for i in documents["installer"]["Installers"]} == {"user", "machine"}


def scoop_is_true():
    document = json.loads(SCOOP.read_text())
    part = document["architecture"]["64bit"]
    assert document["version"] == PRODUCT["version"] and part["hash"] == sha256(ZIP) and part["url"].endswith("/" + ZIP.name)
    assert part["extract_dir"] + "/" + document["bin"].replace("\\", "/") in zipfile.ZipFile(ZIP).namelist()


def sums_are_true():
    lines = [line.split("  ") for line in (INSTALLER / "SHA256SUMS").read_text().splitlines()]
    assert sorted(name for _, name in lines) == sorted([MSI.name, ZIP.name, SBOM.name])
    for digest, name in lines:
        assert digest == sha256(INSTALLER / name), name


def sources():
    lines = [line for part in ("deps", "slirp") for line in (SOURCE / "core" / part / "sources.txt").read_text().splitlines()]
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    known = json.loads((SOURCE / "installer/bundled.json").read_text())
    return [row for row in rows if known[row[0]].get("ships", True)]


def bill_is_whole():
    document = json.loads(SBOM.read_text())
    told = {r["hashes"][0]["content"] for c in document["components"] for r in c.get("externalReferences", [])}
    assert told == {row[2] for row in sources()}, "checksums differ from core/deps/sources.txt and core/slirp/sources.txt"
    names = {c["name"] for c in document["components"]}
    assert names == {row[0] for row in sources()} | {"gcc-runtime-libraries", "mingw-w64-runtime"}, names
    assert all(c["version"] and c["licenses"] for c in document["components"])


def licences_installed():
    folder = STAGE / "share/doc/lima-drivers/licences"
    for package in {row[0] for row in sources()} | {"gcc", "mingw-w64"}:
        texts = list(folder.glob(f"{package}.*txt"))
        assert texts and all(t.stat().st_size > 300 for t in texts), package
    assert (STAGE / "share/doc/lima-drivers/LICENSE.txt").read_text() == (SOURCE / "LICENSE").read_text()


def check_schema(name, document):
    import jsonschema
    schema = json.loads((SCHEMAS / name).read_text())
    store = {f"http://cyclonedx.org/schema/{p.name}": json.loads(p.read_text()) for p in SCHEMAS.glob("*.schema.json")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver.from_schema(schema, store=store)).validate(document)


def schemas(plan):
    cases = [(f"winget {kind}", f"manifest.{kind}.1.6.0.json", lambda kind=kind: winget_documents()[kind]) for kind in WINGET]
    cases += [("scoop", "scoop.json", lambda: json.loads(SCOOP.read_text())), ("bill of materials", "bom-1.5.schema.json", lambda: json.loads(SBOM.read_text()))]
    for what, name, read in cases:
        title = f"{what} fits its public schema"
        if not (SCHEMAS / name).is_file():
            plan.skip(title, f"$LIMA_SCHEMAS holds no {name}")
        elif not has("jsonschema") or not has("yaml"):
            plan.skip(title, "no Python package jsonschema or yaml")
        else:
            plan.case(title, lambda name=name, read=read: check_schema(name, read()))


def has(module):
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def main():
    if not MSI.exists():
        print(f"1..0 # SKIP no MSI at {MSI}: the build had no wixl and msibuild (Debian: wixl, msitools)")
        sys.exit(77)
    plan = tap.Plan()
    plan.case("package: each staged file once, in a component of its own", every_file_once)
    plan.case("package: names that Windows takes, short ones distinct", names_that_windows_takes)
    plan.case("package: programs have this version, other files a hash", programs_have_versions)
    plan.case("package: no custom action runs anything", no_program_runs)
    plan.case("package: codes that never change, 64 bits, per user without elevation", identity)
    plan.case("package: older replaced within the transaction, newer refused with a text", upgrades)
    plan.case("package and zip: the same bytes from the same tree, elsewhere", same_bytes_again)
    plan.case("package: other content has another product code", other_content_other_codes)
    plan.case("zip: the staged tree", zip_is_the_tree)
    if has("yaml"):
        plan.case("winget: version, checksum and codes are the package's", winget_is_true)
    else:
        plan.skip("winget: version, checksum and codes are the package's", "no Python package yaml")
    plan.case("scoop: version, checksum and paths are the zip's", scoop_is_true)
    plan.case("SHA256SUMS is true", sums_are_true)
    plan.case("bill of materials: every bundled package with version, licence and checksums", bill_is_whole)
    plan.case("licence texts of all of them are installed", licences_installed)
    schemas(plan)
    plan.end()


if __name__ == "__main__":
    main()
