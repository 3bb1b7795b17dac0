"""A small image, built and booted in QEMU as `image test` does it: the one virtual machine of `make test`.

It has the kernel, initrd, disk, accounts and units of the shipped images, and few of their packages. `make soak` boots
the shipped ones.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dcos_images import trial
from dcos_images.checking import LOG, SHIPPED, check_machine, make_access
from dcos_images.data import definitions_dir
from dcos_images.errors import ImageError
from tests.support.daemons.byhand import free_port
from tests.support.images.small_machine import NAME, small_machine
from tests.support.installer.sshd import LoopbackHost, keygen, needs_sshd

PATIENCE = 3600.0

needs_qemu = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("qemu-system-x86_64") is None or trial._firmware() is None,
    reason="needs root, qemu-system-x86 and ovmf (installer/setup-host tests)",
)

MORE = """
def test_it_has_a_serial_console(host):
    assert "console=ttyS0,115200" in host.check_output("cat /proc/cmdline")

def test_it_is_what_it_is_not(host, expected):
    assert expected.output == "raw", f"it was booted from {expected.output}"
"""


@needs_qemu
def test_it_boots_and_is_tested_from_inside_and_what_fails_is_told(tmp_path: Path) -> None:
    more, kept = tmp_path / "more", tmp_path / "kept"
    more.mkdir()
    (more / "test_more.py").write_text(MORE)
    builder = small_machine(tmp_path)
    image, definition = builder.ensure(NAME), builder.definition(NAME)
    with pytest.raises(ImageError, match="the image 'boots' does not boot properly") as caught:
        trial.boot(image, definition, deadline=PATIENCE, keep=kept, tests=[more], note=print)
    error = caught.value
    assert error.why == "it is what it is not: it was booted from qcow2", error
    # Of all tests, the shipped and these, one has failed.
    shipped = sum(path.read_text().count("\ndef test_") for path in (definitions_dir() / SHIPPED).glob("test_*.py"))
    assert f"1 failed, {shipped + 1} passed" in (kept / LOG).read_text()
    assert {one.name for one in kept.iterdir()} == {"serial.log", "notify.log", "qemu.log", LOG, "screen.png"}
    assert (kept / "screen.png").read_bytes().startswith(b"\x89PNG")


@needs_sshd
def test_a_machine_that_shows_another_key_than_it_told_is_not_logged_in_to(tmp_path: Path) -> None:
    access = make_access(tmp_path)
    host = LoopbackHost("guest", "127.0.0.1", free_port(), tmp_path / "guest")
    Path("/run/sshd").mkdir(exist_ok=True)
    host.folder.mkdir()
    keygen(tmp_path / "told")
    keygen(host.folder / "host_key")
    (host.folder / "authorized_keys").write_text("")  # nobody gets in, whatever ssh decides
    host.start()
    try:
        config = access.configured(host.port, (tmp_path / "told.pub").read_text().split()[1])
        checks = check_machine(access, config, {}, [], deadline=PATIENCE)
    finally:
        host.stop()
    (asked,) = (check for check in checks if check.name == "only ssh listens")
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in asked.problem, asked
    assert all(check.problem for check in checks)
