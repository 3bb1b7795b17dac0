"""The same work for many machines at once, with a result for each, so that one failure does not hide the others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from dcos_installer.at_once import at_once
from dcos_installer.errors import InstallerError
from dcos_installer.process import end_all
from dcos_installer.providers.base import MachineState, ProviderError, Results


def results_of(
    names: Collection[str],
    work: Callable[[str], None],
    state: Callable[[str], MachineState],
    interrupted: Callable[[], None],
) -> Results:
    """Each machine's state after the work, or why it failed. ``interrupted`` ends their waits."""

    def stop() -> None:
        interrupted()
        end_all()

    results: dict[str, MachineState | ProviderError] = {}
    for name, error in at_once({name: partial(work, name) for name in names}, stop=stop).items():
        if error is None:
            results[name] = state(name)
        elif isinstance(error, InstallerError):
            results[name] = about(name, error)
        elif isinstance(error, OSError):
            results[name] = ProviderError(
                "it cannot be set up on this host",
                machine=name,
                why=str(error),
                hint="correct that, and try again",
            )
        else:
            raise error
    return results


def about(name: str, error: InstallerError) -> ProviderError:
    """The same error, as one of that machine."""
    return ProviderError(
        error.what.removeprefix(f"{name}: "),
        machine=name,
        why=error.why,
        hint=error.hint,
        evidence=error.evidence,
        final=error.final,
    )
