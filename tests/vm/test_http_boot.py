"""UEFI's own HTTP boot: firmware asks DHCP, fetches the UKI, and the UKI fetches its root; no boot medium, no iPXE.

QEMU's built-in DHCP does not answer the firmware's HTTP client, so dnsmasq does, in a network namespace of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dcos_images import trial
from dcos_images.emulation import PROCESSOR
from dcos_images.process import bound, clean_environment
from tests.support.images.small_machine import NAME, small_machine

HOURS = 2 * 3600.0
SERVER = "198.18.77.1"

NEEDED = ("qemu-system-x86_64", "dnsmasq", "ip", "unshare")

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        os.geteuid() != 0 or trial._firmware() is None or not all(map(shutil.which, NEEDED)),
        reason="needs root, qemu-system-x86, ovmf and dnsmasq (installer/setup-host hypervisor)",
    ),
]

SCRIPT = """\
set -e
ip link set lo up
ip tuntap add boot mode tap
ip addr add "$1/24" dev boot
ip link set boot up
dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=boot --bind-interfaces --user=root \\
    --pid-file= --dhcp-leasefile="$3/leases" --dhcp-range="${1%.*}.10,${1%.*}.50" --log-dhcp --log-facility=- \\
    --dhcp-vendorclass=set:http,HTTPClient --dhcp-vendorclass=set:pxe,PXEClient \\
    --dhcp-option-force=tag:http,60,HTTPClient "--dhcp-boot=tag:!pxe,http://$1:8080/boot.efi" >"$3/dhcp.log" 2>&1 &
"$4" -m http.server --bind "$1" --directory "$2" 8080 >"$3/http.log" 2>&1 &
shift 4
exec "$@"
"""


def test_the_firmware_fetches_the_uki_over_http_and_the_uki_its_root(tmp_path: Path) -> None:
    folder = tmp_path / "guest"
    served = small_machine(tmp_path, "netboot").ensure(NAME).outputs["netboot"].path
    folder.mkdir()
    for name in ("serial.log", "notify.log"):
        (folder / name).touch()
    firmware = trial._firmware()
    assert firmware is not None
    shutil.copyfile(firmware[1], folder / "vars.fd")
    qemu = [
        *("qemu-system-x86_64", "-nodefaults", "-machine", "q35", "-accel", "tcg", "-cpu", PROCESSOR, "-m", "3072"),
        *("-display", "none", "-device", "VGA", "-no-reboot", "-serial", f"file:{folder}/serial.log"),
        *("-drive", f"if=pflash,format=raw,readonly=on,file={firmware[0]}"),
        *("-drive", f"if=pflash,format=raw,file={folder}/vars.fd"),
        *("-netdev", "tap,id=net,ifname=boot,script=no,downscript=no"),
        *("-device", "virtio-net-pci,netdev=net,bootindex=1,romfile=", "-device", "virtio-rng-pci"),
        *("-chardev", f"file,id=notify,path={folder}/notify.log", "-device", "virtio-serial-pci"),
        *("-device", f"virtserialport,chardev=notify,name={trial.PORT}"),
    ]
    # QEMU becomes the first process of the namespace: the servers end with it.
    within = ("unshare", "--net", "--pid", "--fork", "--kill-child=KILL", "sh", "-c", SCRIPT, "sh")
    with (folder / "qemu.log").open("wb") as said:
        process = subprocess.Popen(
            bound(*within, SERVER, str(served), str(folder), sys.executable, *qemu),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=clean_environment(),
        )
        guest = trial._Guest(process, folder)
        try:
            assert trial._wait(guest, time.monotonic() + HOURS, HOURS) == "", guest.serial[-3000:]
        finally:
            process.kill()
            process.wait()
    found = trial.Trial(trial._lines(guest.notified), 0.0, "tcg", "")
    assert found.of("FAILED") == [""]
    mounts = {line.rpartition(" ")[0] for line in found.of("MOUNT")}
    assert {"/ erofs ro", "/etc overlay rw", "/var tmpfs rw"} <= mounts
    assert "HTTPClient:Arch:00016" in (folder / "dhcp.log").read_text()
    fetched = (folder / "http.log").read_text()
    (root,) = served.glob("root-*.erofs")
    assert '"GET /boot.efi HTTP/1.1" 200' in fetched and f'"GET /{root.name} HTTP/1.1" 200' in fetched
