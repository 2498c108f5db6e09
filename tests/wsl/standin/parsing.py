#!/usr/bin/env python3
"""How the stand-in reads its command line (facts 10.3, 11 to 15)."""
import computer
from computer import standin_only


def quotes_mean_nothing_in_global_options(pc):
    pc.make()
    pc.wsl("-d", '"lima-a"', "--exec", "true").failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND")
    pc.wsl("-d", "lima a", "--exec", "true").failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND")


def cd_knows_quotes(pc):
    pc.make()
    pc.sh("busybox mkdir -p '/tmp/a b'").ok()
    assert pc.wsl("-d", "lima-a", "--cd", "/tmp/a b", "--exec", "pwd").ok().lines == ["/tmp/a b"]


@standin_only
def cd_takes_a_windows_folder_that_exists(pc):
    pc.make()
    (pc.drive() / "some where").mkdir(exist_ok=True)
    folder = "C:\\some where"
    assert pc.wsl("-d", "lima-a", "--cd", folder, "--exec", "pwd").ok().lines == ["/mnt/c/some where"]
    pc.wsl("-d", "lima-a", "--cd", folder + "x", "--exec", "pwd").failed("Wsl/E_INVALIDARG")


def cd_takes_the_home_folder(pc):
    pc.make()
    assert pc.wsl("-d", "lima-a", "--cd", "~", "--exec", "pwd").ok().lines == ["/root"]
    assert pc.wsl("~", "-d", "lima-a", "--exec", "pwd").ok().lines == ["/root"]


def mistakes_in_global_options_have_no_code(pc):
    pc.make()
    pc.wsl("-d", "lima-a", "-d", "lima-a", "--exec", "true").failed()
    pc.wsl("--nosuchoption").failed()
    pc.wsl("-d", "lima-a", "--nosuchoption", "x").failed()
    pc.wsl("-d").failed()
    pc.wsl("--user").failed()
    pc.wsl("-d", "lima-a", "--shell-type", "odd", "true").failed()
    pc.wsl("--terminate").failed()
    pc.wsl("--terminate", "lima-a", "more").failed()


def mistakes_in_verbs_are_invalid_arguments(pc):
    folder, file = pc.path(pc.root / "lima-a"), pc.path(pc.little)
    pc.wsl("--import", "lima-a", folder).failed("Wsl/E_INVALIDARG")
    pc.wsl("--import", "lima-a", folder, file, "more").failed("Wsl/E_INVALIDARG")
    pc.wsl("--import", "lima-a", folder, file, "--nosuch").failed("Wsl/E_INVALIDARG")
    pc.wsl("--import", "lima-a", folder, file, "--version").failed("Wsl/E_INVALIDARG")
    pc.wsl("--import", "lima-a", folder, file, "--version", "3").failed("Wsl/ERROR_VERSION_PARSE_ERROR")
    pc.wsl("--list", "--nosuch").failed("Wsl/E_INVALIDARG")
    pc.wsl("--manage").failed("Wsl/E_INVALIDARG")
    pc.wsl("--manage", "lima-a").failed("Wsl/E_INVALIDARG")
    pc.wsl("--manage", "lima-a", "--resize", "10", "--move", "x").failed("Wsl/E_INVALIDARG")
    pc.wsl("--export", "lima-a", "-", "--format", "zip").failed("Wsl/E_INVALIDARG")
    pc.wsl("--shutdown", "--nosuch").failed("Wsl/E_INVALIDARG")
    assert not (pc.root / "lima-a").exists()


def exec_without_words_is_an_invalid_argument(pc):
    pc.make()
    pc.wsl("-d", "lima-a", "--exec").failed("Wsl/E_INVALIDARG")


def bad_combinations_of_list_are_usage_errors(pc):
    for words in (["-q", "-v"], ["--all", "--running"], ["--online", "--verbose"], ["--online", "--all"]):
        pc.wsl("--list", *words).failed()


def exec_gets_its_words_whatever_is_in_them(pc):
    pc.make()
    words = ["a b", 'quo"te', "back\\slash", "trailing\\", 'slashes\\\\"end', "", "$HOME", "`id`", "*", "ü€漢😀", "tab\there", "-d", "'"]
    done = pc.wsl("-d", "lima-a", "--cd", "/", "--exec", "/bin/sh", "-c", 'for w in "$@"; do echo "<$w>"; done', "sh", *words).ok()
    assert done.text.splitlines() == [f"<{word}>" for word in words], done


def exec_passes_newlines(pc):
    pc.make()
    assert pc.sh("echo one\necho two").ok().lines == ["one", "two"]


def the_shell_form_is_read_by_the_shell(pc):
    pc.make()
    for words in (["--"], []):
        done = pc.wsl("-d", "lima-a", "--cd", "/", *words, "echo", "$HOME", "$((1+2))", ";", "echo", "next").ok()
        assert done.lines == ["/root 3", "next"], done


def shell_type_none_is_exec(pc):
    pc.make()
    assert pc.wsl("-d", "lima-a", "--cd", "/", "--shell-type", "none", "--", "/bin/sh", "-c", "echo $0", "$HOME").ok().lines == ["$HOME"]


def no_command_is_a_login_shell_on_stdin(pc):
    pc.make()
    done = pc.wsl("-d", "lima-a", "--cd", "/", stdin=b"echo hello from $0; exit 5\n")
    assert done.code == 5 and "hello from" in done.text, done
    assert pc.wsl("-d", "lima-a", "--cd", "/", stdin=b"").code == 0


def names_of_distributions(pc):
    for name in ("a b", "ü", "a/b", "a" * 257, "Legacy", "legacy", "a:b"):
        pc.wsl("--import", name, pc.path(pc.root / "lima-x"), pc.path(pc.little), "--version", "2").failed("Wsl/Service/RegisterDistro/E_INVALIDARG")
        assert not (pc.root / "lima-x").exists()
    for name in ("lima-A.b_c-9", "a" * 256):
        pc.wsl("--import", name, pc.path(pc.root / "lima-x"), pc.path(pc.little), "--version", "2").ok()
        assert pc.names() == [name]
        pc.wsl("--unregister", name).ok()


def names_compare_without_case(pc):
    pc.make("lima-A")
    assert pc.sh("echo $WSL_DISTRO_NAME", "LIMA-a").ok().lines == ["lima-A"]
    pc.wsl("--import", "LIMA-a", pc.path(pc.root / "lima-x"), pc.path(pc.little), "--version", "2").failed(
        "Wsl/Service/RegisterDistro/ERROR_ALREADY_EXISTS")
    pc.wsl("--terminate", "lima-a").ok()


@standin_only
def distribution_by_id(pc):
    pc.make()
    guid = next((pc.state / "lxss").glob("{*")).name
    for form in (guid, guid.strip("{}"), guid.upper()):
        assert pc.wsl("--distribution-id", form, "--cd", "/", "--exec", "/bin/sh", "-c", "echo $WSL_DISTRO_NAME").ok().lines == ["lima-a"]
    assert pc.wsl(guid, "--cd", "/", "--exec", "/bin/sh", "-c", "echo $WSL_DISTRO_NAME").ok().lines == ["lima-a"]


def an_unknown_id(pc):
    pc.make()
    pc.wsl("--distribution-id", "{00000000-1111-2222-3333-444444444444}", "--exec", "true").failed(
        "Wsl/Service/CreateInstance/ReadDistroConfig/WSL_E_DISTRO_NOT_FOUND")


def variables_cross_by_wslenv(pc):
    pc.make()
    script = "echo ${LIMA_ONE-unset} ${LIMA_TWO-unset} ${LIMA_THREE-unset}"
    env = {"WSLENV": "LIMA_ONE/u:LIMA_TWO/w", "LIMA_ONE": "1 ü", "LIMA_TWO": "2", "LIMA_THREE": "3"}
    assert pc.sh(script, **env).ok().lines == ["1 ü unset unset"]


if __name__ == "__main__":
    computer.main(__name__)
