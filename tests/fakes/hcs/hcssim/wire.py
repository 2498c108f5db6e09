"""What the DLLs and the back end say to each other: frames of standin.protocol, whose payload are fields `name=value`, each
ended by a NUL (documents are JSON texts in a field). One connection per DLL and process; many calls at a time.

    HELLO   token, kind (hcs, hcn, virtdisk, agent, hvsocket), pid, program, cwd, env.NAME, drive.C
    CALL    to us: id, call (the exported name), and the call's arguments. A compute system's handle is a number that the
            DLL chooses; the id of a system is `system`, that of a network or endpoint `guid`
    RETURN  id, hr, result or error: the call returns. For a call that an operation tracks a code of success means only
            that it has begun. `mistake`: the double itself failed, or was asked what it does not know
    DONE    id, handle, hr, result: the operation has ended. `mistake` as above
    EVENT   handle, type, data: for a system's callback
    AGENT   to a DLL: start hcssim-agent.exe
    KILL    to a DLL: end the process, without a word

An agent (front/agent.c) gets ORDER frames and answers READY.
"""
from standin import protocol

CALL, RETURN, DONE, EVENT, KILL = b"Q", b"B", b"F", b"V", b"K"

EXITED, CRASH_INITIATED, CRASH_REPORT, SERVICE_DISCONNECT = 1, 2, 3, 0x02000000


def pack(**fields):
    """None is left out."""
    pairs = [(name, value) for name, value in fields.items() if value is not None]
    return protocol.pack([(name, int(value) if isinstance(value, bool) else value) for name, value in pairs])


def unpack(payload):
    return {name: values[0] for name, values in protocol.fields(payload).items()}
