"""A guest that a test plays, on the network in user space: Ethernet frames over the double's hvsockets."""
import contextlib
import os
import random
import socket
import struct

PORT = 2223
MAC, BROADCAST = bytes.fromhex("525555aabbcc"), b"\xff" * 6
GUEST, GATEWAY, RESOLVER, NOBODY = "192.168.5.15", "192.168.5.2", "192.168.5.3", "0.0.0.0"
ICMP, TCP, UDP, ARP_TYPE, IP_TYPE = 1, 6, 17, 0x0806, 0x0800
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def packed(address):
    return socket.inet_aton(address)


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(kind, source, target, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), random.randrange(1 << 16), 0, 64, kind, 0, packed(source), packed(target))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(source, target, ports, payload):
    return ip(UDP, source, target, struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload)


class Guest:
    """One connection of a guest; reads and writes whole frames."""

    def __init__(self, pc, vm, seconds=30):
        port, token = (pc.state / "hvsocket").read_text().split()
        self.sock = socket.create_connection(("127.0.0.1", int(port)), seconds)
        self.sock.sendall(f"{token} guest {vm.vm['runtime']} {PORT}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.sock.recv(1)
        assert answer == b"ok\n", answer
        self.gateway = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def send(self, frame):
        self.sock.sendall(struct.pack("!I", len(frame)) + frame)

    def frame(self):
        return self.exactly(struct.unpack("!I", self.exactly(4))[0])

    def ended(self):
        """The host has closed the connection."""
        with contextlib.suppress(ConnectionResetError):
            while self.sock.recv(1 << 16):
                pass
        return True

    # What a guest does.

    def arp(self, address=GATEWAY):
        self.send(BROADCAST + MAC + struct.pack("!HHHBBH6s4s6s4s", ARP_TYPE, 1, IP_TYPE, 6, 4, 1, MAC, packed(GUEST), b"", packed(address)))
        while True:
            frame = self.frame()
            if frame[12:14] == struct.pack("!H", ARP_TYPE) and frame[20:22] == b"\0\2" and frame[28:32] == packed(address):
                return frame[22:28]

    def packet(self, payload, to=None):
        self.gateway = self.gateway or self.arp()
        self.send((to or self.gateway) + MAC + struct.pack("!H", IP_TYPE) + payload)

    def receive(self, kind):
        """Payload of the next IP packet of this kind; answers questions for our address meanwhile."""
        while True:
            frame = self.frame()
            if frame[12:14] == struct.pack("!H", ARP_TYPE) and frame[20:22] == b"\0\1":
                self.send(frame[6:12] + MAC + struct.pack("!HHHBBH6s4s6s4s", ARP_TYPE, 1, IP_TYPE, 6, 4, 2, MAC, packed(GUEST), frame[22:28], frame[28:32]))
            if frame[12:14] == struct.pack("!H", IP_TYPE) and frame[23] == kind:
                length = struct.unpack("!H", frame[16:18])[0]
                return frame[14 + 4 * (frame[14] & 15):14 + length]

    def dhcp(self):
        """What is offered: address and options."""
        number = os.urandom(4)
        body = struct.pack("!BBBB4sHH4s4s4s4s16s64s128s", 1, 1, 6, 0, number, 0, 0x8000, b"", b"", b"", b"", MAC, b"", b"")
        body += bytes.fromhex("63825363") + b"\x35\x01\x01" + b"\x37\x03\x01\x03\x06" + b"\xff"
        self.packet(udp(NOBODY, "255.255.255.255", (68, 67), body), to=BROADCAST)
        answer = self.receive(UDP)[8:]
        assert answer[4:8] == number, answer
        options, at = {}, 240
        while answer[at] != 255:
            options[answer[at]] = answer[at + 2:at + 2 + answer[at + 1]]
            at += 2 + answer[at + 1]
        return socket.inet_ntoa(answer[16:20]), options

    def ping(self, address=GATEWAY):
        words = struct.pack("!HH", 7, 1) + b"are you there?"
        self.packet(ip(ICMP, GUEST, address, struct.pack("!BBH", 8, 0, checksum(b"\x08\0\0\0" + words)) + words))
        answer = self.receive(ICMP)
        return answer[0] == 0 and answer[4:] == words

    def ask(self, address, port, payload):
        """Over UDP."""
        self.packet(udp(GUEST, address, (4000, port), payload))
        return self.receive(UDP)[8:]


class Connection:
    """A TCP connection of the guest: enough to speak in turn."""

    def __init__(self, guest, address, port):
        self.guest, self.address, self.ports = guest, address, (random.randrange(20000, 60000), port)
        self.sent, self.got = random.randrange(1 << 31), 0
        self.put(SYN)
        flags, self.got, _ = self.take()
        self.refused = bool(flags & RST)
        if not self.refused:
            assert flags & (SYN | ACK) == SYN | ACK, flags
            self.sent, self.got = self.sent + 1, self.got + 1
            self.put(ACK)

    def put(self, flags, data=b""):
        head = struct.pack("!HHIIBBHHH", *self.ports, self.sent & 0xFFFFFFFF, self.got & 0xFFFFFFFF, 0x50, flags, 60000, 0, 0)
        pseudo = packed(GUEST) + packed(self.address) + struct.pack("!BBH", 0, TCP, len(head) + len(data))
        head = head[:16] + struct.pack("!H", checksum(pseudo + head + data)) + head[18:]
        self.guest.packet(ip(TCP, GUEST, self.address, head + data))

    def take(self):
        while True:
            segment = self.guest.receive(TCP)
            if struct.unpack("!HH", segment[:4]) == self.ports[::-1]:
                return segment[13], struct.unpack("!I", segment[4:8])[0], segment[4 * (segment[12] >> 4):]

    def say(self, data):
        self.put(ACK | PSH, data)
        self.sent += len(data)

    def hear(self, size):
        """So many bytes, or what came until the other side ended."""
        found = b""
        while len(found) < size:
            flags, at, data = self.take()
            if at == self.got & 0xFFFFFFFF and data:
                found, self.got = found + data, self.got + len(data)
                self.put(ACK)
            if flags & (FIN | RST):
                break
        return found
