"""The back end of the double for the Host Compute Service."""
import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent.parent / "common"))    # standin
