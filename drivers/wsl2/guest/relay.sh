# shellcheck shell=sh
# Standard input and output to the Unix socket $1, with whichever tool the guest has.
have() { command -v "$1" >/dev/null 2>&1; }

have socat && exec socat -t 3600 STDIO "UNIX-CONNECT:$1"
have python3 && exec python3 -c '
import os, socket, sys, threading
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
def send():
    while True:
        data = os.read(0, 65536)
        if not data:
            break
        peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while True:
    data = peer.recv(65536)
    if not data:
        break
    while data:
        data = data[os.write(1, data):]
' "$1"
have perl && exec perl -MIO::Socket::UNIX -MIO::Select -e '
my $peer = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$ARGV[0]: $!\n";
my $wait = IO::Select->new($peer, \*STDIN);
sub put {
    my ($to, $data) = @_;
    while (length $data) {
        my $done = syswrite $to, $data;
        defined $done or exit 1;
        substr($data, 0, $done) = "";
    }
}
while (1) {
    for my $from ($wait->can_read) {
        my $end = !sysread $from, my $data, 65536;
        exit 0 if $end && $from == $peer;
        if ($end) { $wait->remove($from); $peer->shutdown(1); next; }
        put($from == $peer ? \*STDOUT : $peer, $data);
    }
}' "$1"
have nc && nc -h 2>&1 | grep -q -e '-U' && exec nc -N -U "$1"
echo "lima relay missing: install socat, python3, perl or OpenBSD's nc in the guest" >&2
exit 1
