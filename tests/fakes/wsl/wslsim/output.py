"""What the caller sees: encodings, line ends, messages, codes (facts 1.2, 2.1, 2.5).

Texts and errors go to standard output, warnings to standard error, both in UTF-16LE unless WSL_UTF8 is exactly 1. Bytes
of guests and of guest tools pass untouched. Faults change encodings, cut the stream, or add to it.
"""
import random

from standin import protocol

from . import text
from .errors import NO_CODE, TEXTS

MINUS_ONE = 0xFFFFFFFF


class Output:
    def __init__(self, channel, env, profile, language):
        self.channel = channel
        self.profile = profile
        self.language = language
        self.warnings = env.get("WSL_DISABLE_WARNINGS") != "1"
        utf8 = env.get("WSL_UTF8") == "1" and profile.utf8
        self.encoding = "utf8" if utf8 else "utf16"
        self.line_end = profile.line_end
        self.left = None            # bytes of standard output until the stream is cut
        self.begun = False
        self.silent = False         # standard output is an archive: texts would spoil it

    def force(self, encoding):
        if encoding == "crcrlf":
            self.line_end = "\r\r\n"
        else:
            self.encoding = encoding

    def encode(self, line):
        line = line.replace("\n", self.line_end)
        if self.encoding == "utf8":
            return line.encode("utf-8", "surrogateescape")
        if self.encoding == "cp437":
            return line.encode("cp437", "replace")
        data = line.encode("utf-16-le", "surrogatepass")
        if self.encoding == "utf16bom" and not self.begun:
            data = b"\xff\xfe" + data
        return data

    def raw(self, data):
        """Bytes for standard output."""
        self.begun = True
        if self.left is not None:
            data, self.left = data[:self.left], max(0, self.left - len(data))
        if data:
            self.channel.send(protocol.OUTPUT, data)

    def raw_error(self, data):
        if data:
            self.channel.send(protocol.ERRORS, data)

    def write(self, words):
        if not self.silent:
            self.raw(self.encode(words))

    def line(self, words):
        self.write(words + "\n")

    def say(self, key, **values):
        self.line(text.message(self.language, key, **values))

    def success(self):
        self.line(text.message(self.language, "success").rstrip() + " ")

    def warn(self, words, encoding=None):
        if self.warnings:
            data = (f"wsl: {words}" + "\r\n").encode("utf-8") if encoding == "utf8" else self.encode(f"wsl: {words}\n")
            self.raw_error(data)

    def warn_of(self, key, **values):
        self.warn(text.message(self.language, key, **values))

    def fail(self, failure, with_code=True):
        """Text, then the code; -1."""
        key = TEXTS.get(failure.symbol, "failed")
        self.say(key, symbol=failure.symbol)
        if with_code and self.profile.codes and self.prints_code(failure.symbol):
            self.line(f"{text.label(self.language, self.profile)} {failure.code(self.profile)}")
        return MINUS_ONE

    def prints_code(self, symbol):
        return symbol not in NO_CODE or (symbol == NO_CODE[0] and self.profile.default_code)

    def garbage(self, count):
        self.raw(random.Random(count).randbytes(count))
