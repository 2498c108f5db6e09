# shellcheck shell=sh
# File $1, at most $2 bytes of it; nothing when there is none.
[ ! -e "$1" ] || head -c "$2" "$1" || exit 1
