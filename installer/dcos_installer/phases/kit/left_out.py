"""Hosts that cannot be reached: which of them a deploy may leave out, and how it reports that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dcos_installer.ansible.play import Unreachable as PlayUnreachable
from dcos_installer.errors import InstallerError
from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.phases.kit.facts_cache import deployed
from dcos_installer.remote import SshFailed

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec


class NoMajority(InstallerError):
    """Too few masters can be reached for anything to be changed."""

    evidence_title = "problems:"


def cannot_be_reached(error: BaseException) -> bool:
    """Whether the error is about the connection to a host, not about the host."""
    return isinstance(error, (SshFailed, PlayUnreachable))


def leave_out(ctx: Context, failures: Mapping[str, BaseException], what: str) -> None:
    """Lets the run go on without these hosts. Raises `HostsFailed` with ``what`` when one of them was reached and
    failed, or never carried anything, and `NoMajority` when a majority of the masters would be missing.
    """
    known = deployed(ctx)
    serious = {name: error for name, error in failures.items() if not cannot_be_reached(error) or name not in known}
    if serious:
        raise HostsFailed(what, failures)
    missing = {**ctx.left_out, **{name: _reason(error) for name, error in failures.items()}}
    masters = [host.name for host in ctx.spec.masters]
    lost = [name for name in masters if name in missing]
    needed = len(masters) // 2 + 1
    if len(masters) - len(lost) < needed:
        raise NoMajority(
            f"{', '.join(lost)} cannot be reached: {needed} of {len(masters)} masters must be",
            why="without a majority of masters nothing can be changed safely",
            hint="repair them or the route to them; dcos-installer status shows them",
            evidence="\n".join(f"{name}: {missing[name]}" for name in lost),
        )
    for name in failures:
        if name not in ctx.left_out:
            ctx.left_out[name] = missing[name]
            ctx.note(name, f"is left out, as it is: {missing[name]}")


def first_master(ctx: Context) -> HostSpec:
    """The first master that is not left out: where the lock's record lies."""
    return next(host for host in ctx.spec.masters if host.name not in ctx.left_out)


def outcome(ctx: Context) -> str:
    """What a run reports at its end about the hosts that it left out; empty: there are none."""
    if not ctx.left_out:
        return ""
    names = ", ".join(sorted(ctx.left_out))
    be, it = ("is", "it") if len(ctx.left_out) == 1 else ("are", "them")
    return f"{names} could not be reached and {be} as before: deploy again once SSH reaches {it}"


def _reason(error: BaseException) -> str:
    return (
        ": ".join(part for part in (error.what, error.why) if part) if isinstance(error, InstallerError) else str(error)
    )
