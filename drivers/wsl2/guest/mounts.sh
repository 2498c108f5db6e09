# shellcheck shell=sh
# Folders of Windows in the guest. Lines "share INDEX LOCATION POINT ro|rw UID GID" follow (mounts_script.c).
say() { printf 'lima mount %s\n' "$*"; }

# Runs a command; its words go into $why when it fails.
try() { why=$("$@" 2>&1 </dev/null); }

attach() { # LOCATION POINT UID GID
    source=$(/bin/wslpath -u "$1" 2>/dev/null </dev/null)
    if [ -n "$source" ] && [ -e "$source" ]; then
        if ! [ -d "$source" ]; then
            why="$1 is no folder"
            return 1
        fi
        try mount --bind "$source" "$2"
    else
        try mount -t drvfs "$1" "$2" -o "metadata,uid=$3,gid=$4"
    fi
}

share() { # INDEX LOCATION POINT ro|rw UID GID
    why=
    if mountpoint -q "$3" 2>/dev/null; then
        say "$1" ok
    elif ! try mkdir -p "$3" || ! attach "$2" "$3" "$5" "$6"; then
        say "$1" failed "$(printf %s "$why" | tr '\r\n' '  ')"
    elif [ "$4" = ro ] && ! try mount -o remount,bind,ro "$3"; then
        umount "$3" </dev/null
        say "$1" failed "read-only is not possible: $(printf %s "$why" | tr '\r\n' '  ')"
    else
        say "$1" ok
    fi
}
