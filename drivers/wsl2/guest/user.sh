#!/bin/sh
# Makes the user of the instance, as cloud-init would: account, keys, sudo. Each step leaves alone what is there.
[ "$LIMA_CIDATA_NO_CLOUD_INIT" = 1 ] || exit 0
user=$LIMA_CIDATA_USER
home=${LIMA_CIDATA_HOME:-/home/$user}
shell=${LIMA_CIDATA_SHELL:-/bin/bash}
[ -x "$shell" ] || shell=/bin/sh
status=0
fail() {
    echo "wsl2: $*" >&2
    status=1
}

# '*' as the password: none, but the account is not locked, which sshd without PAM would refuse.
make_account() {
    mkdir -p "$(dirname "$home")"
    if command -v useradd >/dev/null 2>&1; then
        useradd -m -d "$home" -u "$LIMA_CIDATA_UID" -c "$LIMA_CIDATA_COMMENT" -s "$shell" -p '*' "$user"
    else
        adduser -D -h "$home" -u "$LIMA_CIDATA_UID" -g "$LIMA_CIDATA_COMMENT" -s "$shell" "$user" &&
            printf '%s:*\n' "$user" | chpasswd -e 2>/dev/null
    fi
}

if ! id -u "$user" >/dev/null 2>&1; then
    make_account || fail "user $user with uid $LIMA_CIDATA_UID could not be made"
fi
keys=$LIMA_CIDATA_MNT/ssh_authorized_keys
if [ -s "$keys" ]; then
    (umask 077 && mkdir -p "$home/.ssh" && cp "$keys" "$home/.ssh/authorized_keys") || fail "$home/.ssh cannot be written"
    chmod 0700 "$home/.ssh" && chmod 0600 "$home/.ssh/authorized_keys"
    chown -R "$(id -u "$user"):$(id -g "$user")" "$home/.ssh"
fi
rule="$user ALL=(ALL) NOPASSWD:ALL"
rules=/etc/sudoers.d/99_lima_sudoers
if ! grep -qxF "$rule" "$rules" 2>/dev/null; then
    mkdir -p /etc/sudoers.d
    echo "$rule" >>"$rules" || fail "$rules cannot be written"
    chmod 0440 "$rules"
fi
if [ "$LIMA_CIDATA_MNT" != /mnt/lima-cidata ] && ! [ -e /mnt/lima-cidata ]; then
    ln -s "$LIMA_CIDATA_MNT" /mnt/lima-cidata
fi
exit $status
