"""Files of command-line plugins as in packages: programs, zip archives, wheels."""

from __future__ import annotations

import base64
import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

PROGRAM = """#!/bin/sh
[ "$2" = --info ] && { echo "Says what it is told"; exit 0; }
echo "called: $*"
env | grep '^DCOS_' | sort
[ "$2" = fail ] && exit 17
[ "$2" = read ] && cat
exit 0
"""


def zipped(files: Mapping[str, str | bytes], *, mode: int = stat.S_IFREG | 0o644) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return out.getvalue()


def wheel(
    name: str = "dcos_hello",
    *,
    needs: str = "",
    wheel_version: str = "1.0",
    files: Mapping[str, str] | None = None,
    scripts: str = "dcos-hello = dcos_hello.cli:main",
    spoil: str = "",
) -> bytes:
    """``spoil``: the file whose content differs from RECORD."""
    info = f"{name}-1.0.dist-info"
    module = 'import os, sys\n\ndef main():\n    print("from a wheel", sys.argv[1:], sys.prefix)\n    return 3\n'
    content = {
        f"{name}/__init__.py": "",
        f"{name}/cli.py": module,
        **(files or {}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}",
        f"{info}/WHEEL": f"Wheel-Version: {wheel_version}\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{scripts}\n",
    }
    lines = [f"{path},sha256={_encoded(text.encode())},{len(text)}" for path, text in content.items()]
    record = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    if spoil:
        content[spoil] += "# other\n"
    return zipped({**content, f"{info}/RECORD": record})


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


MACHINES = ("x86-64", "arm64")


def binary(
    url: str,
    content: bytes | None,
    *,
    kind: str = "executable",
    algo: str = "sha256",
    machines: Sequence[str] = MACHINES,
) -> dict[str, Any]:
    """``resource.cli``, by default for every machine that tests run on (the format knows x86-64 only); ``content``
    None: without a digest.
    """
    digest = [] if content is None else [{"algo": algo, "value": hashlib.sha256(content).hexdigest()}]
    one = {"kind": kind, "url": url, "contentHash": digest}
    return {"cli": {"binaries": {system: dict.fromkeys(machines, one) for system in ("linux", "darwin")}}}
