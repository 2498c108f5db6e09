#!/usr/bin/env python3
"""What the stand-in prints: encodings, streams, lists, exit codes (facts 10.3, 1 to 10)."""
import computer
from computer import FAILURE, standin_only


def utf16_without_bom_and_crlf_unless_asked(pc):
    pc.make()
    for value in (None, "0", "true", "11", ""):
        raw = pc.wsl("--list", "--quiet", WSL_UTF8=value).ok().raw
        assert raw == "lima-a\r\n".encode("utf-16-le"), (value, raw)
    assert pc.wsl("--list", "--quiet", WSL_UTF8="1").raw == b"lima-a\r\n"


def errors_on_stdout_in_the_chosen_encoding(pc):
    done = pc.wsl("--terminate", "none", WSL_UTF8=None, encoding="utf-16-le").failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND")
    assert done.raw_error == b"" and done.raw.endswith("\r\n".encode("utf-16-le"))


@standin_only
def warnings_on_stderr_can_be_switched_off(pc):
    pc.make()
    said = pc.wsl("-d", "lima-a", "--exec", "true", cwd="/", WSL_UTF8=None).ok()
    assert said.raw == b"" and said.raw_error.decode("utf-16-le").startswith("wsl: ")
    assert pc.wsl("-d", "lima-a", "--exec", "true", cwd="/", WSL_DISABLE_WARNINGS="1").ok().raw_error == b""


def complaints_of_tar_are_utf8_beside_utf16(pc):
    bad = pc.root / "bad.tar"
    bad.write_bytes(b"no archive at all" * 100)
    done = pc.wsl("--import", "lima-a", pc.path(pc.root / "lima-a"), pc.path(bad), "--version", "2", WSL_UTF8=None, encoding="utf-16-le")
    done.failed("Wsl/Service/RegisterDistro/WSL_E_IMPORT_FAILED")
    assert b"\0" not in done.raw_error and b"tar" in done.raw_error and done.raw_error.endswith(b"\n")


def success_is_one_line_that_ends_in_a_space(pc):
    done = [pc.make(), pc.wsl("--set-default", "lima-a"), pc.wsl("--export", "lima-a", pc.path(pc.root / "x.tar")),
            pc.wsl("--terminate", "lima-a"), pc.wsl("--shutdown"), pc.wsl("--manage", "lima-a", "--resize", "20GB")]
    done.append(pc.wsl("--unregister", "lima-a"))
    for number, one in enumerate(done):
        one.ok()
        assert (one.raw == b"") if number == 4 else one.raw.endswith(b" \r\n") and one.raw.count(b"\n") == 1, (number, one)


def export_to_stdout_is_nothing_but_the_archive(pc):
    pc.make()
    raw = pc.wsl("--export", "lima-a", "-").ok().raw
    assert raw[257:262] == b"ustar" and len(raw) % 512 == 0 and raw.endswith(bytes(1024))


def no_code_for_usage_and_a_missing_default(pc):
    pc.wsl("--list", "--quiet", "--verbose").failed()
    pc.wsl("--exec", "true").failed()
    pc.wsl("--list").failed()


@standin_only
def older_versions_print_a_code_for_a_missing_default(pc):
    for profile in ("0.64", "2.0", "2.4"):
        pc.wsl("--list", WSLSIM_PROFILE=profile).failed("Wsl/WSL_E_DEFAULT_DISTRO_NOT_FOUND")
    pc.wsl("--list", WSLSIM_PROFILE="2.5.7").failed()


def verbose_list_to_the_column(pc):
    for name in ("lima-b", "lima-with-a-long-name", "x"):
        pc.make(name)
    pc.wsl("--set-default", "x").ok()
    pc.sh("true", "lima-b").ok()
    width = len("lima-with-a-long-name") + 4
    lines = pc.wsl("--list", "--verbose").ok().raw.decode().split("\r\n")
    assert lines[0] == "  " + "NAME".ljust(width) + "STATE".ljust(16) + "VERSION"
    assert lines[1] == "* " + "x".ljust(width) + "Stopped".ljust(16) + "2"
    assert set(lines[2:4]) == {"  " + "lima-b".ljust(width) + "Running".ljust(16) + "2",
                               "  " + "lima-with-a-long-name".ljust(width) + "Stopped".ljust(16) + "2"}
    assert lines[4:] == [""]
    pc.wsl("--unregister", "lima-b"), pc.wsl("--unregister", "lima-with-a-long-name")
    assert pc.wsl("--list", "--verbose").ok().lines[0] == "  NAME    STATE           VERSION"


@standin_only
def plain_list_with_headline_and_suffix(pc):
    pc.make("lima-a"), pc.make("lima-b")
    lines = pc.wsl("--list").ok().lines
    assert lines[1:] == ["lima-a (Default)", "lima-b"], lines
    assert pc.wsl("--list", WSLSIM_LANG="ko").lines[1] == "lima-a(기본값)"
    assert pc.wsl("--list", WSLSIM_LANG="nb").lines[1] == "lima-a\u00a0(standard)"


def quiet_lists_are_empty_and_fine_others_say_so_and_fail(pc):
    for words in (["--quiet"], ["--running", "--quiet"], ["-q"]):
        assert pc.wsl("--list", *words).ok().raw == b""
    pc.wsl("--list").failed()
    pc.wsl("--list", "--verbose").failed()
    pc.wsl("--list", "--running").failed()
    pc.make()
    assert pc.wsl("-l", "-q").ok().lines == ["lima-a"]
    assert pc.wsl("--list", "--running", "--quiet").ok().raw == b""
    pc.wsl("--list", "--running").failed()
    pc.sh("true").ok()
    assert pc.wsl("--list", "--running", "--quiet").ok().lines == ["lima-a"]


def default_first_in_quiet_lists(pc):
    for name in ("lima-a", "lima-b", "lima-c"):
        pc.make(name)
    for name in ("lima-c", "lima-b"):
        pc.wsl("-s", name).ok()
        assert pc.names()[0] == name and sorted(pc.names()) == ["lima-a", "lima-b", "lima-c"]


def verbose_ignores_running(pc):
    pc.make()
    assert pc.wsl("--list", "--verbose", "--running").ok().lines[1].split() == ["*", "lima-a", "Stopped", "2"]


@standin_only
def what_is_not_installed_shows_with_all_only(pc):
    pc.make()
    pc.wsl("--list", "--quiet", rules=": half-key").ok()
    key = next(path for path in (pc.state / "lxss").glob("{*") if not (path / "DistributionName").exists())
    (key / "DistributionName").write_text("SZ\nlima-half")
    assert pc.names() == ["lima-a"]
    assert pc.names("--all") == ["lima-a", "lima-half"]
    assert any(line.split() == ["lima-half", "Installing", "1"] for line in pc.wsl("--list", "--verbose").ok().lines)


def exit_codes_of_guests(pc):
    pc.make()
    for status in (0, 1, 42, 66, 255):
        assert pc.sh(f"exit {status}").code == status
    assert pc.sh("kill -KILL $$").code == 9 and pc.sh("kill -TERM $$").code == 15
    assert pc.sh("ulimit -c 0; kill -SEGV $$").code in (11, 139)
    assert pc.wsl("-d", "lima-a", "--cd", "/", "nosuchprogram").code == 127


def exit_67_and_87_are_taken_for_something_else(pc):
    pc.make()
    assert pc.sh("exit 67").failed("Wsl/Service/WSL_E_USER_NOT_FOUND") and pc.sh("exit 87").failed("Wsl/Service/WSL_E_TTY_LIMIT")


def a_missing_program_is_told_by_init(pc):
    pc.make()
    done = pc.wsl("-d", "lima-a", "--cd", "/", "--exec", "nosuchprogram", WSL_UTF8=None)
    assert done.code == 1 and b"execvpe" in done.raw_error and b"\0" not in done.raw_error and done.raw == b"", done


def help_is_a_failure(pc):
    assert pc.wsl("--help").code in FAILURE and pc.wsl("--help").lines


def guest_bytes_pass_untouched(pc):
    pc.make()
    data = bytes(range(256)) * 5000
    done = pc.wsl("-d", "lima-a", "--cd", "/", "--exec", "cat", stdin=data, WSL_UTF8=None)
    assert done.code == 0 and done.raw == data


if __name__ == "__main__":
    computer.main(__name__)
