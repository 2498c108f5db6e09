# shellcheck shell=sh
# Standard input, which must have $3 bytes, becomes file $1 with mode $2: all of it or nothing.
temporary=$1.lima-tmp
trap 'rm -f "$temporary"' EXIT
umask 077
mkdir -p "$(dirname "$1")"
cat >"$temporary" || exit 1
size=$(wc -c <"$temporary")
if [ "$size" -ne "$3" ]; then
    echo "$1: $size bytes came instead of $3" >&2
    exit 1
fi
chmod "$2" "$temporary" && sync && mv -f "$temporary" "$1"
