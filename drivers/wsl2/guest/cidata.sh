# shellcheck shell=sh
# Standard input, a tar archive that ends with the empty file .lima-complete, replaces the folder of boot data.
folder=/mnt/lima-cidata
fail() {
    echo "$folder: $*" >&2
    rm -rf "$folder.new"
    exit 1
}
umask 077
rm -rf "$folder.new"
mkdir -p "$folder.new"
tar -xf - -C "$folder.new" || fail "the archive could not be unpacked"
[ -e "$folder.new/.lima-complete" ] || fail "the archive was cut off"
rm -f "$folder.new/.lima-complete"

# Something mounted there must not be emptied: it may be a folder of Windows.
while read -r _ point _; do
    if [ "$point" = "$folder" ]; then
        umount "$folder" || fail "something is mounted there"
    fi
done </proc/mounts
rm -rf "$folder"
mv "$folder.new" "$folder" || fail "the new folder could not take its place"
