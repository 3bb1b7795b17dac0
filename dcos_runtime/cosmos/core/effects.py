"""The effects of the package manager's core. They are carried out in order, after their decisions were stored."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Log, Persist, Reply


class Carry(Frozen, frozen=True):
    """Do the step of this uninstall. `StepDone` or `StepFailed` is the result."""

    app: str
    uninstall: bytes


class Refresh(Frozen, frozen=True):
    """The list of repositories has changed."""


Effect = Carry | Refresh | Persist | Reply | Log
