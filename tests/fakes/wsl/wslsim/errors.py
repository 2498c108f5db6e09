"""Failures of wsl.exe: symbols, numbers, and how versions print them (facts 2.5, 2.6)."""

NUMBERS = {
    "E_INVALIDARG": 0x80070057, "E_ACCESSDENIED": 0x80070005, "E_FAIL": 0x80004005, "ERROR_FILE_NOT_FOUND": 0x80070002,
    "ERROR_PATH_NOT_FOUND": 0x80070003, "ERROR_SHARING_VIOLATION": 0x80070020, "ERROR_FILE_EXISTS": 0x80070050,
    "ERROR_ALREADY_EXISTS": 0x800700B7, "ERROR_DISK_FULL": 0x80070070, "ERROR_NOT_SUPPORTED": 0x80070032,
    "ERROR_ACCESS_DISABLED_BY_POLICY": 0x800704EC, "E_ILLEGAL_STATE_CHANGE": 0x8000000D, "REGDB_E_CLASSNOTREG": 0x80040154,
    "HCS_E_HYPERV_NOT_INSTALLED": 0x80370102, "HCS_E_TERMINATED": 0x80370107, "HCS_E_CONNECTION_TIMEOUT": 0x80370109,
    "HCS_E_SERVICE_NOT_AVAILABLE": 0x80370114, "ERROR_INVALID_NAME": 0x8007007B, "ERROR_VERSION_PARSE_ERROR": 0x80073B01,
}
NO_CODE = ("WSL_E_DEFAULT_DISTRO_NOT_FOUND", "WSL_E_INVALID_USAGE")
# Symbols that have a text of their own; all others share one that quotes the symbol.
TEXTS = {
    "WSL_E_DISTRO_NOT_FOUND": "not_found", "WSL_E_DEFAULT_DISTRO_NOT_FOUND": "none", "ERROR_ALREADY_EXISTS": "name_used",
    "ERROR_FILE_NOT_FOUND": "no_file", "ERROR_PATH_NOT_FOUND": "no_file", "E_INVALIDARG": "bad_argument",
    "ERROR_SHARING_VIOLATION": "in_use", "WSL_E_DISTRO_NOT_STOPPED": "not_stopped", "WSL_E_USER_NOT_FOUND": "no_user",
}


class Failure(Exception):
    """The verb failed: symbol, and the contexts between Wsl and it."""

    def __init__(self, symbol, *contexts):
        super().__init__("/".join(("Wsl",) + contexts + (symbol,)))
        self.symbol = symbol
        self.contexts = contexts

    def code(self, profile):
        """As this version prints it."""
        symbol = self.symbol
        if profile.hex_codes and symbol in NUMBERS and not symbol.startswith("E_"):
            symbol = f"0x{NUMBERS[symbol]:08x}"
        contexts = [profile.mount_context if one == "MountDisk" else one for one in self.contexts]
        return "/".join(["Wsl"] + contexts + [symbol])


class Exit(Exception):
    """The call ends with this code, everything has been said."""

    def __init__(self, code):
        super().__init__(str(code))
        self.code = code
