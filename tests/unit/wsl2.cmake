add_subdirectory(wsl2)
