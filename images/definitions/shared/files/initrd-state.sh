# Of the initrd: what is written is mounted over the read-only root in $rootmnt.

# What lies on the state, besides the upper layer of /etc.
STATE_FOLDERS="var opt root home"

# mount_state DEVICE: the state is the file system on a partition. It takes all of it, also when a power cut came between
# the growth of the two.
mount_state() {
    fsck.ext4 -p "$1" >/dev/null || [ $? -le 1 ] || panic "dcos: the state partition is damaged: fsck.ext4 -y $1"
    mount.full -t ext4 -o noatime "$1" "$rootmnt/state" || panic "dcos: the state partition cannot be mounted"
    said=$(resize2fs "$1" 2>&1) || echo "dcos: the state's file system does not grow: $said"
    spread_state
}

# mount_state_in_memory: the state ends with the machine's power.
mount_state_in_memory() {
    mount.full -t tmpfs -o mode=755 state "$rootmnt/state" || panic "dcos: there is no memory for the state"
    spread_state
}

# running_image: the digest of the root that runs, as the loader's entry tells it.
running_image() {
    for word in $(cat /proc/cmdline); do
        case $word in
        dcos.image=*) echo "${word#dcos.image=}" ;;
        dcos.root.sha256=*) echo "${word#dcos.root.sha256=}" ;;
        esac
    done
}

# add_missing NAME: brings what another image has in a folder of the state to where there is nothing yet, each path whole.
add_missing() {
    rm -rf "$rootmnt/state/.$1"
    cp.full -a "$rootmnt/$1" "$rootmnt/state/.$1" || panic "dcos: /$1 cannot be copied to the state"
    sync.full
    (cd "$rootmnt/state/.$1" && find .) >/added
    while read -r path; do
        [ -e "$rootmnt/state/$1/$path" ] || [ -L "$rootmnt/state/$1/$path" ] || [ ! -e "$rootmnt/state/.$1/$path" ] ||
            mv "$rootmnt/state/.$1/$path" "$rootmnt/state/$1/$path"
    done </added
    rm -rf "$rootmnt/state/.$1"
}

spread_state() {
    # systemd wants a watchdog when it starts: this one where the machine has none of its own.
    [ -e /dev/watchdog ] || modprobe -q softdog
    image=$(running_image)
    made=
    for name in $STATE_FOLDERS; do
        if [ -d "$rootmnt/state/$name" ]; then
            [ "$(cat "$rootmnt/state/image" 2>/dev/null)" = "$image" ] || add_missing "$name"
            continue
        fi
        rm -rf "$rootmnt/state/.$name"
        cp.full -a "$rootmnt/$name" "$rootmnt/state/.$name" || panic "dcos: /$name cannot be copied to the state"
        made="$made $name"
    done
    if [ -n "$made" ]; then
        sync.full # a folder gets its name when all of it is on the disk: a power cut leaves none half-made
        for name in $made; do
            mv "$rootmnt/state/.$name" "$rootmnt/state/$name"
        done
    fi
    if [ "$(cat "$rootmnt/state/image" 2>/dev/null)" != "$image" ]; then
        echo "$image" >"$rootmnt/state/image.new"
        sync.full
        mv "$rootmnt/state/image.new" "$rootmnt/state/image"
    fi
    mkdir -p "$rootmnt/state/etc/upper" "$rootmnt/state/etc/work" /slot
    mount.full --bind "$rootmnt" /slot || panic "dcos: the slot cannot be mounted"
    for name in $STATE_FOLDERS; do
        mount.full --bind "$rootmnt/state/$name" "$rootmnt/$name" || panic "dcos: /$name cannot be mounted"
    done
    # What is installed is what the slot has, whatever image this state began with.
    mount.full --bind /slot/var/lib/dpkg "$rootmnt/var/lib/dpkg" || panic "dcos: /var/lib/dpkg cannot be mounted"
    umount /slot
    layers="lowerdir=$rootmnt/etc,upperdir=$rootmnt/state/etc/upper,workdir=$rootmnt/state/etc/work"
    mount.full -t overlay -o "$layers" overlay "$rootmnt/etc" || panic "dcos: /etc cannot be mounted"
}

# await_device PATH: waits up to ten seconds for it to be there.
await_device() {
    tries=0
    while [ ! -b "$1" ] && [ "$tries" -lt 50 ]; do
        sleep 0.2
        tries=$((tries + 1))
    done
    [ -b "$1" ]
}
