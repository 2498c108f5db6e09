"""HRESULTs and Win32 codes (facts 2.5, 5.1, 8.1), and failures that carry one with the document that explains it."""
import json

S_OK = 0
E_NOTIMPL = 0x80004001
E_FAIL = 0x80004005
E_ACCESSDENIED = 0x80070005
E_OUTOFMEMORY = 0x8007000E
E_INVALIDARG = 0x80070057
FILE_NOT_FOUND = 0x80070002
PATH_NOT_FOUND = 0x80070003
SHARING_VIOLATION = 0x80070020
NOT_SUPPORTED = 0x80070032
FILE_EXISTS = 0x80070050
DISK_FULL = 0x80070070
FILE_CORRUPT = 0x80070570
NO_SYSTEM_RESOURCES = 0x800705AA
SERVER_UNAVAILABLE = 0x800706BA
ELEMENT_NOT_FOUND = 0x80070490
OBJECT_ALREADY_EXISTS = 0x80071392

HCS_TERMINATED_DURING_START = 0x80370100
HCS_HYPERV_NOT_INSTALLED = 0x80370102
HCS_INVALID_STATE = 0x80370105
HCS_TERMINATED = 0x80370107
HCS_INVALID_JSON = 0x8037010D
HCS_SYSTEM_NOT_FOUND = 0x8037010E
HCS_SYSTEM_ALREADY_EXISTS = 0x8037010F
HCS_SYSTEM_ALREADY_STOPPED = 0x80370110
HCS_SERVICE_NOT_AVAILABLE = 0x80370114
HCS_ACCESS_DENIED = 0x8037011B
HCS_GUEST_CRITICAL_ERROR = 0x8037011C
HCS_SERVICE_DISCONNECT = 0x8037011E

HCN_NETWORK_NOT_FOUND = 0x803B0001
HCN_ENDPOINT_NOT_FOUND = 0x803B0002
HCN_NETWORK_ALREADY_EXISTS = 0x803B0010
HCN_PORT_ALREADY_EXISTS = 0x803B0013
HCN_ENDPOINT_ALREADY_ATTACHED = 0x803B0014
HCN_INVALID_JSON = 0x803B001B
HCN_INVALID_IP = 0x803B001E
HCN_ICS_DISABLED = 0x803B002A
HCN_ENTITY_HAS_REFERENCES = 0x803B002C
HCN_ADDRESS_INVALID_OR_RESERVED = 0x803B002F

VHD_PARENT_NOT_FOUND = 0xC03A000D
VHD_PARENT_ID_MISMATCH = 0xC03A000E
VHD_PROVIDER_NOT_FOUND = 0xC03A0014
VHD_SYSTEM_LIMITATION = 0xC03A001A
VHD_INVALID_TYPE = 0xC03A001B
VHD_INVALID_STATE = 0xC03A001C

# Plain Win32 codes, which virtdisk.dll returns.
WIN32_MASK = 0x80070000


class Failure(Exception):
    """A refusal: its code, and the words of the service."""

    def __init__(self, code, words, provider="Microsoft-Windows-Hyper-V-Compute", detail=None):
        super().__init__(f"{code:#010x}: {words}")
        self.code = code
        self.words = words
        self.provider = provider
        self.detail = detail        # WorkerExit.Detail, if a VM's worker has ended by it

    def document(self):
        """What an operation's result says (facts 2.4)."""
        event = {"Provider": "17a2a8e7-8d3c-4b1e-9a52-0c7d54c2b2a1", "EventId": 3000, "Flags": 0, "Source": self.provider,
                 "Message": self.words, "Data": []}
        error = {"Error": signed(self.code), "ErrorMessage": "", "ErrorEvents": [event], "Attribution": []}
        if self.detail:
            error["Attribution"] = [{"WorkerExit": {"ExitCode": signed(self.code), "Detail": self.detail}}]
        return json.dumps(error)

    def record(self):
        """What HCN gives as its error record (facts 5.1)."""
        return json.dumps({"Success": False, "Error": self.words, "ErrorCode": self.code})

    def win32(self):
        """As virtdisk.dll says it."""
        return self.code & 0xFFFF if self.code & 0xFFFF0000 == WIN32_MASK else self.code


class Mistake(Exception):
    """Of the test or the double, no behaviour of Windows."""


def signed(code):
    """As int32 in a document."""
    return code - (1 << 32) if code >= 1 << 31 else code
