"""A folder that stands for a machine's file system in tests of providers: enough of it for the contract suite."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_PYTHON = """\
#!/bin/sh
# The machine's own control groups, wherever those of this host are.
exec /usr/bin/python3 "$1" "$(printf %s "$2" | sed "s,/sys/fs/cgroup,$HOME/sys/fs/cgroup,g")"
"""


def furnish(root: Path, name: str, *, unified: bool = True) -> None:
    """The machine ``name`` has booted once more. ``unified``: its control groups are of version 2."""
    for folder in ("usr/sbin", "etc", "bin", "sys/fs/cgroup"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy("/etc/os-release", root / "etc/os-release")
    (root / "boot_id").write_text(os.urandom(8).hex())
    programs = {
        "usr/sbin/runc": "#!/bin/sh\n",
        "bin/crun": "#!/bin/sh\n",
        "bin/hostname": f"#!/bin/sh\necho {name}\n",
    }
    if unified:
        (root / "sys/fs/cgroup/cgroup.controllers").touch()
        programs["bin/python3"] = _PYTHON
    for path, text in programs.items():
        (root / path).write_text(text)
        (root / path).chmod(0o755)
