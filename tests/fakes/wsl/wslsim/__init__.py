"""The back end of the stand-in for wsl.exe."""
import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent.parent / "common"))    # standin
