"""Files inside a guest: /etc/wsl.conf, /etc/passwd, /etc/group. Read by guest.py, whose root is the guest's."""
import configparser
import os

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Settings:
    def __init__(self, parser):
        self.parser = parser

    def get(self, section, key, default):
        return self.parser.get(section, key, fallback=default).strip().strip('"')

    def flag(self, section, key, default):
        return self.get(section, key, str(default)).lower() in ("true", "1")

    def as_dict(self):
        return {name: dict(self.parser[name]) for name in self.parser.sections()}


def read(path):
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = lambda name: name
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        parser = configparser.ConfigParser(interpolation=None)
    return Settings(parser)


def rows(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [line.rstrip("\n").split(":") for line in file if line.count(":") >= 2]
    except OSError:
        return []


def entry(row):
    return {"name": row[0], "uid": int(row[2]), "gid": int(row[3]), "home": row[5] or "/", "shell": row[6] or "/bin/sh"}


def users():
    return [entry(row) for row in rows("/etc/passwd") if len(row) == 7 and row[2].isdigit() and row[3].isdigit()]


def user(name):
    found = next((one for one in users() if one["name"] == name), None)
    if found is None and name == "root" and not os.path.exists("/etc/passwd"):
        return {"name": "root", "uid": 0, "gid": 0, "home": "/root", "shell": "/bin/sh"}
    return found


def user_of_id(uid):
    return next((one for one in users() if one["uid"] == uid), None) or (user("root") if uid == 0 else None)


def groups(who):
    member = [int(row[2]) for row in rows("/etc/group") if len(row) == 4 and row[2].isdigit() and who["name"] in row[3].split(",")]
    return sorted({who["gid"], *member})


def many_users():
    """False in a user namespace that maps root only."""
    with open("/proc/self/uid_map", encoding="utf-8") as file:
        return int(file.read().split()[2]) > 1
