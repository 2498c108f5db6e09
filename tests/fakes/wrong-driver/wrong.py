"""Which mistake to make."""
import os

WRONG = os.environ.get("WRONG", "")


def wrong(*cases):
    return WRONG in cases
