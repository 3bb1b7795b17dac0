"""Small definitions of images, and what is said of broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_images.errors import ImageError
from dcos_images.including import load_definition

GOOD = """
name = "small"
description = "a test"
outputs = ["tree"]
epoch = 1000
packages = ["systemd", "python3"]
remove = ["/var/log/*.log"]

[units]
enable = ["one.service"]
mask = ["two.timer"]

[kernel]
arguments = ["quiet"]

[partitions]
esp_mb = 256
root_mb = 1024
state_min_mb = 512

[release.bookworm]
os_id = "debian"
os_version = "12"
python = "cp311"
libc = "glibc-2.36"

[[file]]
path = "/etc/motd"
source = "motd"
mode = "0644"

[[link]]
path = "/etc/systemd/system/getty.target"
target = "/dev/null"

[[user]]
name = "dcos-one"
uid = 900
comment = "the first"
"""
DISK = GOOD.replace('outputs = ["tree"]', 'outputs = ["raw"]\narchitectures = ["amd64"]').replace(
    '"python3"', '"python3", "linux-image-amd64"'
)


def written(folder: Path, text: str, name: str = "small") -> Path:
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "image.toml").write_text(text)
    (folder / name / "motd").write_bytes(b"hello\n")
    return folder


def refused(folder: Path, name: str = "small") -> str:
    with pytest.raises(ImageError) as caught:
        load_definition(name, folder)
    return str(caught.value)
