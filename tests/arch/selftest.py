#!/usr/bin/env python3
"""Shows that check.py can fail: one small tree per violation, and one that is fine. Prints TAP."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("check.py")
FINE = {
    "core/base/err.h": "", "core/os/file.h": '#include "base/err.h"\nbool lima_file_read(const char *path);\n',
    "core/data/json.c": "#include <jansson.h>\n", "core/rpc/server.c": '#include <grpc/grpc.h>\n#include "driver/driver.h"\n',
    "drivers/qemu/main.c": '#include "rpc/serve.h"\n#include "argv.h"\n', "drivers/qemu/argv.h": "",
    "win/registry.h": '#include <stdint.h>\n#include "base/err.h"\n', "win/wait.h": "#include <windows.h>\n",
    "win/sly.h": '#include "wait.h"\n', "drivers/wsl2/a.c": '#include "win/registry.h"\n#include "guest_boot_up.h"\n',
    "drivers/wsl2/guest/boot-up.sh": "",
    "core/os/shared/shared.c": '#include "os/shared/shared.h"\n',
    "posix/file.c": '#include "os/file.h"\n#include "os/shared/shared.h"\n#include <unistd.h>\n#ifdef __linux__\n#endif\n',
}
BROKEN = [      # (what, rule, file, content)
    ("base includes os", "arrows", "core/base/a.c", '#include "os/file.h"\n'),
    ("os header includes data", "arrows", "core/os/a.h", '#include "data/json.h"\n'),
    ("data includes driver", "arrows", "core/data/a.c", '#include "driver/driver.h"\n'),
    ("driver includes rpc", "arrows", "core/driver/a.c", '#include "rpc/serve.h"\n'),
    ("rpc includes ctl", "arrows", "core/rpc/a.c", '#include "ctl/main.h"\n'),
    ("image includes data", "arrows", "core/image/a.c", '#include "data/json.h"\n'),
    ("a driver's file other than main.c includes rpc", "arrows", "drivers/qemu/a.c", '#include "rpc/serve.h"\n'),
    ("a driver includes another driver", "arrows", "drivers/vz/a.c", '#include "../qemu/argv.h"\n'),
    ("a driver includes another driver's header by name", "arrows", "drivers/vz/a.c", '#include "argv.h"\n'),
    ("posix includes data", "arrows", "posix/a.c", '#include "data/json.h"\n'),
    ("core includes posix", "arrows", "core/driver/a.c", '#include "posix/private.h"\n'),
    ("core includes win", "arrows", "core/driver/a.c", '#include "win/registry.h"\n'),
    ("a driver that is not of Windows includes win", "arrows", "drivers/qemu/a.c", '#include "win/registry.h"\n'),
    ("a driver includes a header of win with Windows in it", "arrows", "drivers/wsl2/b.c", '#include "win/wait.h"\n'),
    ("a driver includes Windows through a header of win", "arrows", "drivers/wsl2/b.c", '#include "win/sly.h"\n'),
    ("a driver includes a header of win that is not there", "arrows", "drivers/hyperv/b.c", '#include "win/none.h"\n'),
    ("a driver includes a script that is not there", "arrows", "drivers/wsl2/b.c", '#include "guest_none.h"\n'),
    ("a driver includes what posix and win share", "arrows", "drivers/qemu/a.c", '#include "os/shared/shared.h"\n'),
    ("an unknown part", "arrows", "core/extra/a.c", '#include "base/err.h"\n'),
    ("ctl uses gRPC", "libraries", "core/ctl/a.c", "#include <grpc/grpc.h>\n"),
    ("a driver uses generated messages", "libraries", "drivers/qemu/main.c", '#include "rpc/driver.pb-c.h"\n'),
    ("a driver uses jansson", "libraries", "drivers/qemu/a.c", "#include <jansson.h>\n"),
    ("ctl uses libyaml", "libraries", "core/ctl/a.c", "#include <yaml.h>\n"),
    ("core uses unistd.h", "system headers", "core/driver/a.c", "#include <unistd.h>\n"),
    ("a driver uses sys/stat.h", "system headers", "drivers/qemu/a.c", "#include <sys/stat.h>\n"),
    ("#ifdef _WIN32 in core", "platform #if", "core/base/a.c", "#ifdef _WIN32\n#endif\n"),
    ("#if defined(__APPLE__) in a driver", "platform #if", "drivers/qemu/a.c", "# if !defined(X) && defined(__APPLE__)\n#endif\n"),
    ("#elif __MINGW32__ in core", "platform #if", "core/data/a.c", "#if 0\n#elif __MINGW32__\n#endif\n"),
    ("core/os with 60 functions", "core/os is small", "core/os/big.h",
     "".join(f"bool lima_big_f{n}(const char *path,\n    int more);\n" for n in range(59))),
]


def run_check(files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True, check=False)
        return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("not ok")]


def main():
    cases = [("a fine tree", None, {})] + [(what, rule, {name: text}) for what, rule, name, text in BROKEN]
    bad = 0
    print(f"1..{len(cases)}")
    for number, (what, rule, more) in enumerate(cases, 1):
        code, failed = run_check({**FINE, **more})
        good = (code == 0 and not failed) if rule is None else (code == 1 and len(failed) == 1 and f"- {rule}" in failed[0])
        bad += not good
        print(f"{'ok' if good else 'not ok'} {number} - {what}")
        if not good:
            print(f"#   exit {code}, {failed}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
