"""The targets of packages in tests."""

from __future__ import annotations

import os
import sys
import sysconfig

from dcos_installer.plan.facts import Target


def this_machine() -> Target:
    """The target of this machine's own Python."""
    libc = (os.confstr("CS_GNU_LIBC_VERSION") or "other").replace(" ", "-")
    tag = sysconfig.get_config_var("py_version_nodot") or f"{sys.version_info[0]}{sys.version_info[1]}"
    return Target(python=f"cp{tag}", arch=os.uname().machine, libc=libc)
