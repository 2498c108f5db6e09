"""A stand-in for wsl.exe: see ../README.md."""
