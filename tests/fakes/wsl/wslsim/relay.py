"""The localhost relay: what listens in the VM on all or on loopback addresses is reachable on this host's 127.0.0.1, same
port (facts 5.5).

Only in the modes that have one. A port that is taken on the host is not relayed, and nobody is told: whoever connects
reaches the wrong server, as with the real one. Faults: no relay, a late one, or another server behind it.
"""
import contextlib
import select
import socket
import threading
import time

LISTEN = "0A"
ANYWHERE = {"00000000": "127.0.0.1", "0100007F": "127.0.0.1", "0" * 32: "::1", "0" * 24 + "01000000": "::1"}
MODES = ("nat", "consomme", "virtioproxy")
CHUNK = 1 << 16


def listening(pid):
    """{port: address to reach it at} in the network of a process."""
    found = {}
    for name in ("tcp6", "tcp"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/net/{name}", encoding="ascii") as file:
            for row in file.readlines()[1:]:
                local, state = row.split()[1], row.split()[3]
                address, port = local.split(":")
                if state == LISTEN and address in ANYWHERE:
                    found[int(port, 16)] = ANYWHERE[address]
    return found


class Relay:
    """For one boot of the VM; ends with it."""

    def __init__(self, service, vm):
        self.service = service
        self.vm = vm
        self.open = {}          # port: listening socket
        self.seen = {}          # port: since when it is listened on
        if vm.networking in MODES and service.state.setting("wsl2", "localhostForwarding").lower() == "true":
            threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        interval = float(self.service.state.setting("standin", "relayInterval")) / 1000
        pid = self.vm.first_pid()
        while self.vm.alive and pid:
            self.look(pid)
            time.sleep(interval)
        self.close(list(self.open))

    def look(self, pid):
        faults = self.service.relay_faults
        ports = {} if faults.get("relay-off") else listening(pid)
        now = time.monotonic()
        self.seen = {port: self.seen.get(port, now) for port in ports}
        ready = {port for port in ports if now - self.seen[port] >= faults.get("relay-delay", 0) / 1000}
        self.close([port for port in self.open if port not in ready])
        for port in ready - self.open.keys():
            self.offer(port, ports[port])

    def offer(self, port, address):
        try:
            listener = socket.create_server(("127.0.0.1", port))
        except OSError:
            return
        self.open[port] = listener
        threading.Thread(target=self.accept, args=(listener, address, port), daemon=True).start()

    def close(self, ports):
        for port in ports:
            listener = self.open.pop(port)
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def accept(self, listener, address, port):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client, address, port), daemon=True).start()

    def serve(self, client, address, port):
        with client, contextlib.suppress(OSError):
            if self.service.relay_faults.get("relay-wrong-server"):
                client.sendall(b"SSH-2.0-Somebody_else\r\n")
                client.recv(CHUNK)
                return
            server = self.vm.connect(address, port)
            if server:
                with server:
                    join(client, server)


def join(one, other):
    """Copies both ways until both have ended."""
    peers = {one: other, other: one}
    while peers:
        for sock in select.select(list(peers), [], [])[0]:
            data = sock.recv(CHUNK)
            if data:
                peers[sock].sendall(data)
            else:
                with contextlib.suppress(OSError):
                    peers[sock].shutdown(socket.SHUT_WR)
                del peers[sock]
