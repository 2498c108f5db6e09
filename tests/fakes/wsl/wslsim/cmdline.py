"""The command line, by the rules of Windows and of wsl.exe.

Global options are cut from the raw text at spaces and tabs, quotes mean nothing there (only --cd knows them). Verbs of
QUOTED are split like any Windows program's argv. What follows --exec is split so too, what follows -- or stands bare
goes to the guest's shell as it is.
"""
import re

BLANK = " \t"
QUOTED = {"--import", "--import-in-place", "--export", "--list", "-l", "--manage", "--mount", "--unmount", "--install", "--shutdown",
          "--update"}
PLAIN = {"--help", "--status", "--version", "-v", "--terminate", "-t", "--set-default", "--setdefault", "-s", "--set-default-version",
         "--set-version", "--unregister", "--uninstall"}
SHELL_TYPES = ("standard", "login", "none")
GUID = re.compile(r"^\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?$")


class Usage(Exception):
    """Refused before anything is done: text, -1, no code."""

    def __init__(self, message, word=""):
        super().__init__(message)
        self.message = message
        self.word = word


class Run:
    """A command for a distribution."""

    verb = "run"

    def __init__(self):
        self.name = self.guid = self.user = self.cd = None
        self.argv = None        # --exec
        self.shell = None       # raw text for the guest's shell
        self.shell_type = "standard"
        self.system = False


def quote(argument):
    """One argument so that Windows' argv rules give it back."""
    if argument and not re.search(r'[ \t\n\v"]', argument):
        return argument
    doubled = re.sub(r'(\\*)"', r'\1\1\\"', argument)
    return '"' + re.sub(r"(\\+)$", r"\1\1", doubled) + '"'


def split(text):
    """Windows' argv rules for what follows the program's name."""
    words, word, quoted, index = [], None, False, 0
    while index < len(text):
        slashes = 0
        while index < len(text) and text[index] == "\\":
            slashes += 1
            index += 1
        char = text[index] if index < len(text) else ""
        if char == '"':
            word = (word or "") + "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            elif quoted and text[index + 1:index + 2] == '"':
                word += '"'
                index += 1
            else:
                quoted = not quoted
            index += 1
            continue
        if slashes:
            word = (word or "") + "\\" * slashes
        if not char:
            break
        if char in BLANK and not quoted:
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + char
        index += 1
    if word is not None:
        words.append(word)
    return words


def cut(text):
    """The first word, cut at blanks without regard to quotes, and the rest."""
    text = text.lstrip(BLANK)
    end = next((at for at, char in enumerate(text) if char in BLANK), len(text))
    return text[:end], text[end:]


def cut_folder(text):
    """The value of --cd: the one place where double quotes count."""
    text = text.lstrip(BLANK)
    if text.startswith('"'):
        value, closing, rest = text[1:].partition('"')
        return value, rest if closing else ""
    return cut(text)


def parse(text, known_verbs, knows_ids=True):
    """('--verb', words) or a Run."""
    first, rest = cut(text)
    if first in known_verbs:
        return first, split(rest) if first in QUOTED else rest.split()
    return parse_run(text, knows_ids)


def parse_run(text, knows_ids):
    run = Run()
    first, rest = cut(text)
    if first == "~":
        run.cd, text = "~", rest
    elif first.startswith("{") and GUID.match(first):
        run.guid, text = first, rest
    while True:
        word, rest = cut(text)
        if not word.startswith("-"):
            run.shell = text.lstrip(BLANK) or None
            return run
        if word == "--":
            run.shell = rest.lstrip(BLANK) or None
            return run
        if word in ("-e", "--exec"):
            run.argv = split(rest)
            return run
        if word == "--distribution-id" and not knows_ids:
            raise Usage("unknown_option", word)
        text = option(run, word, rest)


def option(run, word, rest):
    """Takes one global option; what is left of the text."""
    if word == "--system":
        run.system = True
        return rest
    if word == "--cd":
        if not rest.strip(BLANK):
            raise Usage("no_value", word)
        run.cd, rest = cut_folder(rest)
        return rest
    value, rest = cut(rest)
    fields = {"-d": "name", "--distribution": "name", "--distribution-id": "guid", "-u": "user", "--user": "user",
              "--shell-type": "shell_type"}
    if word not in fields:
        raise Usage("unknown_option", word)
    if not value:
        raise Usage("no_value", word)
    if fields[word] != "shell_type" and getattr(run, fields[word]) is not None:
        raise Usage("twice", word)
    if word == "--shell-type" and value not in SHELL_TYPES:
        raise Usage("unknown_option", value)
    setattr(run, fields[word], value)
    return rest
