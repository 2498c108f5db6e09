"""The few protobuf forms of the service, by hand: length-delimited and boolean fields."""


class Malformed(Exception):
    pass


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def text_field(number, value):
    data = value if isinstance(value, bytes) else value.encode()
    return bytes([number << 3 | 2]) + varint(len(data)) + data if data else b""


def bool_field(number, value):
    return bytes([number << 3, 1]) if value else b""


def read_varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("truncated number")
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def first_text(data):
    """The content of field 1; other fields are skipped."""
    found, at = b"", 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            _, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            if at + size > len(data):
                raise Malformed("a field is longer than its message")
            if key >> 3 == 1:
                found = data[at:at + size]
            at += size
        else:
            raise Malformed(f"wire type {key & 7}")
    return found
