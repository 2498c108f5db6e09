"""Rules of what is to go wrong, one per line, `conditions : actions`; words in quotes may hold blanks, # begins a comment."""
import random
import shlex
import threading


class Counts:
    """How often each rule fitted so far, and the dice of those with a probability."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts, self.dice = {}, {}

    def admits(self, key, conditions, number="call"):
        """For a call that the other conditions fit: whether it is one of those meant by `number` (N, N-M or N+) and `prob`
        with `seed`."""
        with self.lock:
            count = self.counts[key] = self.counts.get(key, 0) + 1
            return in_range(count, conditions.get(number)) and self.chance(key, conditions)

    def chance(self, key, conditions):
        if "prob" not in conditions:
            return True
        if key not in self.dice:
            self.dice[key] = random.Random(int(conditions.get("seed", "0")))
        return self.dice[key].random() < float(conditions["prob"])


def read_rules(path, known, action):
    """[(line, conditions, actions)]; a line that is not understood is a mistake of the test. `known`: names of conditions;
    `action`: (name, value) of a word."""
    rules = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = shlex.split(line, comments=True)
            if not words:
                continue
            if ":" not in words:
                raise ValueError(f"{path}: no ' : ' in: {line}")
            at = words.index(":")
            conditions = dict(word.split("=", 1) for word in words[:at])
            unknown = [name for name in conditions if name not in known]
            if unknown:
                raise ValueError(f"{path}: unknown condition {unknown[0]}")
            rules.append((line, conditions, dict(action(word) for word in words[at + 1:])))
    return rules


def in_range(count, words):
    if not words:
        return True
    if words.endswith("+"):
        return count >= int(words[:-1])
    first, _, last = words.partition("-")
    return int(first) <= count <= int(last or first)


def later(milliseconds, work):
    timer = threading.Timer(milliseconds / 1000, work)
    timer.daemon = True
    timer.start()
