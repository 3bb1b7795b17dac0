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

spread_state() {
    made=
    for name in $STATE_FOLDERS; do
        [ ! -d "$rootmnt/state/$name" ] || continue
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
    mkdir -p "$rootmnt/state/etc/upper" "$rootmnt/state/etc/work"
    for name in $STATE_FOLDERS; do
        mount.full --bind "$rootmnt/state/$name" "$rootmnt/$name" || panic "dcos: /$name cannot be mounted"
    done
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
