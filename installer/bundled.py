#!/usr/bin/env python3
"""What of others is inside our programs: their licence texts, and a bill of materials.

bundled.py --sources sources.txt… --archives DIR --compiler CC --product product.json --licences DIR --sbom FILE

The lists are core/deps/sources.txt and core/slirp/sources.txt, so nothing can be bundled and missing here: a package that bundled.json does not know is an
error. Texts are taken from the source packages themselves, as Debian has them. The compiler's own libraries, which are linked in
too, are told with the texts that came with the compiler. The bill is CycloneDX 1.5, the same bytes each time.
Not here: what is used and not shipped (the compiler, test libraries, Python).
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
FIXED_DAY = 1767225600      # 2026-01-01
# Where Debian and MSYS2 keep the texts of the compiler's libraries.
COMPILER_TEXTS = {
    "mingw-w64": ["/usr/share/doc/mingw-w64-common/copyright", "$MINGW_PREFIX/share/licenses/crt/COPYING"],
    "gcc": ["/usr/share/doc/gcc-mingw-w64-base/copyright", "$MINGW_PREFIX/share/licenses/gcc-libs/COPYING.RUNTIME"],
}


def fail(text):
    raise SystemExit(f"installer: {text}")


def read_sources(paths):
    """{package: (version, {file: SHA-256})}"""
    found = {}
    for line in (line for path in paths for line in path.read_text().splitlines()):
        if line.strip() and not line.startswith("#"):
            package, version, digest, file = line.split()
            found.setdefault(package, (version, {}))[1][file] = digest
    return found


def shipped(sources):
    known = json.loads((HERE / "bundled.json").read_text())
    unknown = sources.keys() - known.keys()
    if unknown:
        fail(f"the lists of sources have {sorted(unknown)}, bundled.json does not: say their licence there, and which files hold its text")
    return {name: known[name] for name in sorted(sources) if known[name].get("ships", True)}


def read_member(archive, wanted):
    """The text of a file of a tar archive, by its path below the archive's one folder (or from the top)."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and wanted in (member.name, member.name.partition("/")[2]):
                return tar.extractfile(member).read().decode("utf-8", errors="replace")
    return fail(f"'{archive}' has no file '{wanted}': bundled.json names it as a licence text")


def original(files):
    return next(f for f in files if ".orig.tar." in f and not f.endswith(".asc"))


def write_licences(sources, packages, archives, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()

    def write(name, text):
        (folder / name).write_text(text.replace("\r\n", "\n"), encoding="utf-8", newline="\r\n")

    for name, about in packages.items():
        files = sources[name][1]
        for wanted in about["texts"]:
            write(f"{name}.{wanted.replace('/', '.').removesuffix('.txt')}.txt", read_member(archives / original(files), wanted))
        debian = next(f for f in files if ".debian.tar." in f)
        write(f"{name}.debian.copyright.txt", read_member(archives / debian, "debian/copyright"))
    for name, places in COMPILER_TEXTS.items():
        found = [p for p in map(os.path.expandvars, places) if os.path.isfile(p)]
        if not found:
            fail(f"no licence text of {name} at any of {places}: reinstall the compiler's packages, or name its place in bundled.py")
        write(f"{name}.txt", pathlib.Path(found[0]).read_text(encoding="utf-8", errors="replace"))


def compiler_versions(compiler):
    gcc = subprocess.run([compiler, "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    macros = subprocess.run([compiler, "-E", "-dM", "-include", "_mingw.h", "-x", "c", os.devnull], capture_output=True, text=True, check=True).stdout
    version = [re.search(rf"__MINGW64_VERSION_{part} (\d+)", macros) for part in ("MAJOR", "MINOR", "BUGFIX")]
    return gcc, ".".join(m.group(1) for m in version if m)


def pool(package):
    return package[:4] if package.startswith("lib") else package[0]


def library(name, version, about):
    debian_version, files = version
    upstream = re.sub(r"^\d+:|-[^-]*$|\.dfsg(?=-|$)", "", re.sub(r"-[^-]*$", "", debian_version))
    purl = f"pkg:deb/debian/{name}@{urllib.parse.quote(debian_version, safe='')}?arch=source"
    component = {
        "type": "library", "bom-ref": purl, "name": name, "version": upstream, "purl": purl, "licenses": [{"license": {"id": about["licence"]}}],
        "externalReferences": [
            {"type": "distribution", "url": f"https://deb.debian.org/debian/pool/main/{pool(name)}/{name}/{file}",
             "hashes": [{"alg": "SHA-256", "content": digest}]} for file, digest in sorted(files.items())],
    }
    patches = sorted(p.name for p in (HERE.parent / "core/deps/patches" / name).glob("*.patch"))
    if patches:
        component["pedigree"] = {"patches": [{"type": "unofficial", "diff": {"url": f"core/deps/patches/{name}/{patch}"}} for patch in patches]}
    if about.get("parts"):
        component["components"] = [{"type": "library", "bom-ref": f"{purl}#{part}", "name": part, "licenses": [{"license": {"id": licence}}]}
                                   for part, licence in sorted(about["parts"].items())]
    return component


def runtime(name, version, expression):
    return {"type": "library", "bom-ref": f"pkg:generic/{name}@{version}", "name": name, "version": version, "purl": f"pkg:generic/{name}@{version}",
            "licenses": [{"expression": expression}]}


def bill(product, sources, packages, compiler):
    gcc, mingw = compiler_versions(compiler)
    components = [library(name, sources[name], about) for name, about in packages.items()]
    components += [runtime("gcc-runtime-libraries", gcc, "GPL-3.0-or-later WITH GCC-exception-3.1"), runtime("mingw-w64-runtime", mingw, "ZPL-2.1")]
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", FIXED_DAY))
    ours = f"pkg:generic/{product['file']}@{product['version']}"
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": ours, "name": product["file"], "version": product["version"], "purl": ours,
                          "description": product["summary"], "licenses": [{"license": {"id": product["licence"]}}]},
        },
        "components": components,
        "dependencies": [{"ref": ours, "dependsOn": [c["bom-ref"] for c in components]}, *({"ref": c["bom-ref"]} for c in components)],
    }
    document["serialNumber"] = "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True)))
    return document


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sources", type=pathlib.Path, nargs="+", required=True)
    for name in ("archives", "product", "licences", "sbom"):
        parser.add_argument("--" + name, type=pathlib.Path, required=True)
    parser.add_argument("--compiler", required=True)
    args = parser.parse_args()
    sources = read_sources(args.sources)
    packages = shipped(sources)
    write_licences(sources, packages, args.archives, args.licences)
    document = bill(json.loads(args.product.read_text()), sources, packages, args.compiler)
    args.sbom.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
