#!/usr/bin/env python3
"""limadrv … | head: whoever reads its output goes away. It ends without a word, with exit code 141, and leaves nothing behind."""
import os
import subprocess

from place import BIN, EXAMPLE, LIMADRV, main, until

UNREAD = 141


def run_unread(place, *words):
    """With a pipe behind standard output that nobody reads from the start."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run([str(LIMADRV), *map(str, words)], env=place.env(LIMA_DRIVERS_PATH=BIN), cwd=place.root, stdin=subprocess.DEVNULL, stdout=writer,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    finally:
        os.close(writer)


def whatever_prints_ends_quietly(place):
    place.instance("one", driver__stderr__log="word\n" * 100_000)
    for words in (["--help"], ["list", "--help"], ["version"], ["man"], ["completion", "bash"], ["completion", "--for", "l"],
                  ["list"], ["list", "--json"], ["list", "-q"], ["info", EXAMPLE], ["info", EXAMPLE, "--json"], ["status", "one"],
                  ["status", "one", "--json"], ["call", EXAMPLE, "Info"], ["logs", "one"], ["logs", "one", "-n", "1"], ["logs", "one", "-f"],
                  ["check", "--list"], ["check", "--list", "--format", "json"], ["bench", EXAMPLE, "--repeat", "1"],
                  *(["check", EXAMPLE, "--only", "process/long*", "--format", form] for form in ("tap", "json", "junit"))):
        done = run_unread(place, *words)
        assert done.returncode == UNREAD, (words, done)
        assert done.stderr == "" or words[0] == "bench", (words, done)
    assert place.leftovers() == []


def failure_stays_a_failure(place):
    place.instance("list", config="- a\n")
    done = run_unread(place, "status", "list")
    assert done.returncode == 1 and "not a table" in done.stderr, done


def followed_logs_end_with_the_next_line(place):
    folder = place.instance("one", serial__log="old\n")
    with place.start("logs", "one", "-f") as child:
        assert child.stdout.readline().startswith("==>")
        child.stdout.close()
        with open(folder / "serial.log", "a", encoding="utf-8") as log:
            log.write("new\n")
        until(lambda: child.poll() is not None, "end without a reader")
        assert child.returncode == UNREAD and child.stderr.read() == ""


def start_ends_with_its_next_message(place):
    folder = place.instance("one")
    with place.start("call", EXAMPLE, "Start", "--dir", folder) as child:
        child.stdout.readline()
        child.stdout.close()
        os.kill(int((folder / "example.vm").read_text(encoding="utf-8").split()[0]), 9)
        until(lambda: child.poll() is not None, "end without a reader")
        assert "interrupted" not in child.stderr.read()
    assert place.leftovers() == []


def check_runs_no_further_case(place):
    with place.start("check", EXAMPLE, "--timeout", "60s") as child:
        assert child.stdout.readline() == "TAP version 13\n"
        child.stdout.close()
        until(lambda: child.poll() is not None, "end without a reader", seconds=100)
        assert child.returncode == UNREAD and child.stderr.read() == ""
    assert place.leftovers() == []


main([whatever_prints_ends_quietly, failure_stays_a_failure, followed_logs_end_with_the_next_line, start_ends_with_its_next_message,
      check_runs_no_further_case])
