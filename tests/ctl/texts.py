#!/usr/bin/env python3
"""What limadrv says about itself: help, version, manual page, completion, wrong usage."""
import os
import pty
import shlex
import shutil
import subprocess

from place import LIMADRV, Plan, check, in_place, need_programs

TOOL = shlex.quote(str(LIMADRV))  # in a script
COMMANDS = "list info status call logs run check image bench completion man version".split()


def help_names_every_command(place):
    text = check(place.run("--help"), 0).stdout
    for command in COMMANDS:
        assert f"\n  {command} " in text, command
        assert check(place.run(command, "--help"), 0).stdout.startswith(f"limadrv {command} - ")
        assert place.run("help", command).stdout == place.run(command, "-h").stdout


def version_by_word_and_flag(place):
    assert place.run("version").stdout == place.run("--version").stdout
    assert place.run("version").stdout.startswith("limadrv version ")


def wrong_usage_is_exit_code_2(place):
    check(place.run("nonsense"), 2, "unknown command 'nonsense'")
    check(place.run("list", "--bogus"), 2, "unknown flag '--bogus'", "See 'limadrv list --help'.")
    check(place.run("info"), 2, "DRIVER is missing")
    check(place.run("completion", "csh"), 2, "csh")
    check(place.run("completion"), 2, "which shell")


def errors_begin_with_program_and_command(place):
    for words, code, begin in ((["list", "--bogus"], 2, "limadrv list: error: unknown flag"),
                               (["nonsense"], 2, "limadrv: error: unknown command"),
                               (["completion"], 2, "limadrv completion: error: for which shell"),
                               (["info", "nowhere"], 1, "limadrv info: error: driver 'nowhere'")):
        done = check(place.run(*words), code)
        assert done.stderr.startswith(begin), done.stderr


def full_output_is_a_failure(place):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([str(LIMADRV), "--help"], stdout=full, stderr=subprocess.PIPE, text=True, env=place.env(), check=False)
    check(done, 1, "standard output")


def colour_only_on_a_terminal(place):
    def on_terminal(*words, **env):
        ours, theirs = pty.openpty()
        with subprocess.Popen([str(LIMADRV), *words], stdin=theirs, stdout=theirs, stderr=theirs, env=place.env(TERM="xterm", **env)) as child:
            os.close(theirs)
            text = b""
            try:
                while part := os.read(ours, 65536):
                    text += part
            except OSError:     # the other side is closed
                pass
            os.close(ours)
            child.wait()
        return text
    assert b"\033[31m" in on_terminal("info", "nowhere")
    assert b"\033" not in on_terminal("info", "nowhere", NO_COLOR="1")
    assert b"\033" not in on_terminal("info", "nowhere", "--tty=false")
    assert "\033" not in place.run("info", "nowhere").stderr


def man_page_is_clean(place):
    page = place.root / "limadrv.1"
    page.write_text(place.run("man").stdout)
    done = subprocess.run(["mandoc", "-T", "lint", page], stdout=subprocess.PIPE, text=True, check=False)
    assert done.stdout == "" and done.returncode == 0, done.stdout
    text = subprocess.run(["mandoc", "-T", "utf8", page], stdout=subprocess.PIPE, text=True, check=True).stdout
    for command in COMMANDS:
        assert command in text


def words_for_shells(place):
    def offered(*before, word=""):
        return [line.split("\t")[0] for line in place.run("completion", f"--for={word}", "--", *before).stdout.splitlines()]
    assert offered(word="li") == ["list"]
    assert offered("check", word="--f") == ["--format"]
    assert offered("check", "--format") == ["tap", "junit", "json"]
    assert "example" in offered("info")
    assert "Configure" in offered("call", "example")
    place.instance("my machine")
    assert "my machine" in offered("status")


def in_bash(place, line):
    """What bash would insert: COMPREPLY of the function that `complete` names."""
    script = f"""
        eval "$({TOOL} completion bash)"
        COMP_WORDS=({line}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
        compopt() {{ echo "option $2"; }}
        "$(complete -p limadrv | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], env=place.env(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.stderr == "", done.stderr
    return done.stdout.split()


def completion_in_bash(place):
    assert in_bash(place, f"{TOOL} co") == ["completion"]
    assert in_bash(place, f"{TOOL} check --fo") == ["--format"]
    assert in_bash(place, f"{TOOL} check --format = j") == ["junit", "json"]
    assert in_bash(place, f"{TOOL} check --vm ''") == ["option", "dirnames"]


def completion_in_fish(place):
    script = f"source ({TOOL} completion fish | psub); complete -C 'limadrv check --fo'"
    env = {"PATH": f"{LIMADRV.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["fish", "--no-config", "-c", script], env=place.env(**env), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.stdout.startswith("--format\t"), done


def completion_in_zsh(place):
    script = f"""
        words=({TOOL} check --fo); CURRENT=3
        compdef() {{ : }}; _describe() {{ print -l -- ${{(P)2}} }}; _files() {{ print files }}
        eval "$({TOOL} completion zsh)"
        _limadrv
    """
    done = subprocess.run(["zsh", "-f", "-c", script], env=place.env(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.stdout.startswith("--format:"), done


def main():
    need_programs()
    plan = Plan()
    for case in (help_names_every_command, version_by_word_and_flag, wrong_usage_is_exit_code_2, errors_begin_with_program_and_command, full_output_is_a_failure,
                 colour_only_on_a_terminal, words_for_shells):
        plan.case(case.__name__, lambda case=case: in_place(case))
    for tool, case in (("mandoc", man_page_is_clean), ("bash", completion_in_bash), ("fish", completion_in_fish), ("zsh", completion_in_zsh)):
        if shutil.which(tool):
            plan.case(case.__name__, lambda case=case: in_place(case))
        else:
            plan.skip(case.__name__, f"{tool} is not installed")
    plan.end()


main()
