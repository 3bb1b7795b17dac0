"""One request to one machine: reads it from standard input, answers on standard output with one marked line of JSON."""

from __future__ import annotations

import errno
import sys

from .errors import HostError
from .machine import HOME, Machine
from .observe import NOTHING, Observed, digest_of, observe, service_manager
from .quick import dumps, loads, sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

MARK = "DCOS-ANSWER "
"""The prefix of the answer, since login messages of the machine may come before it."""

FORMAT = 1


def main(request: dict[str, Any], stream: IO[bytes]) -> None:
    """Answers ``request``: ``mode`` facts, check, apply or receive; ``root``; ``patience``, the factor of the
    machine's deadlines. See `answer`.
    """
    try:
        answered = answer(Machine(request.get("root") or "/", float(request.get("patience") or 1)), request, stream)
    except HostError as error:
        answered = {"error": error.fields()}
    except OSError as error:
        answered = {"error": _disk(error).fields()}
    sys.stdout.write("\n" + MARK + dumps(answered) + "\n")
    sys.stdout.flush()


def answer(machine: Machine, request: dict[str, Any], stream: IO[bytes]) -> dict[str, Any]:
    """The machine's answer.

    - ``facts``: ``facts``.
    - ``check`` (``manifest`` as text; ``secrets``, whose contents are None if they do not exist yet): ``facts``,
      ``changes``, ``problems``, ``missing_packages``, ``seen`` (the state from which the changes follow) with its
      ``digest``.
    - ``apply`` (also: ``expected``, the ``seen`` of the plan; ``deadline`` in seconds): ``changes``, and the host's
      state after them. A failure is ``error``, with ``rolled_back``.
    - ``receive`` (``packages``, whose tars follow the request): ``brought``.
    - ``remove`` (``purge``): ``changes``.
    """
    mode = request["mode"]
    if mode == "receive":
        from .apply import locked
        from .packages import receive

        with locked(machine):
            return {"brought": receive(machine, request["packages"], stream)}
    if mode == "remove":
        from .apply import locked, remove

        with locked(machine):
            return {"changes": remove(machine, service_manager(machine), bool(request["purge"])).changes}
    if mode == "facts":
        return {"facts": _facts(machine, observe(machine, service_manager(machine), NOTHING))}
    data = request["manifest"].encode()
    wanted = loads(data)
    _validate(wanted)
    digest = sha256(data)
    secrets = request.get("secrets") or {}
    if mode == "check":
        return _check(machine, wanted, digest, secrets)
    if mode == "apply":
        return _apply(machine, request, wanted, data, digest, secrets)
    raise HostError(f"there is no mode {mode}", "the installer asks for it", "this is a fault in the installer")


def _check(machine: Machine, wanted: dict[str, Any], digest: str, secrets: dict[str, str | None]) -> dict[str, Any]:
    from .work import problems, work_for

    seen = observe(machine, service_manager(machine), wanted, secrets)
    return {
        "facts": _facts(machine, seen),
        "changes": work_for(wanted, digest, seen).changes,
        "problems": problems(machine, wanted, seen, secrets),
        **_answer_of(seen),
    }


def _apply(
    machine: Machine,
    request: dict[str, Any],
    wanted: dict[str, Any],
    data: bytes,
    digest: str,
    secrets: dict[str, str | None],
) -> dict[str, Any]:
    from .apply import RolledBack, apply, locked

    systemd = service_manager(machine)
    with locked(machine):
        seen = observe(machine, systemd, wanted, secrets)
        _refuse_drift(request.get("expected"), seen.flat())
        try:
            work = apply(machine, systemd, wanted, data, digest, seen, secrets, float(request.get("deadline") or 90))
            result: dict[str, Any] = {"changes": work.changes}
        except HostError as error:
            result = {"error": error.fields(), "rolled_back": isinstance(error, RolledBack) and not error.stuck}
        return {**result, **_answer_of(observe(machine, systemd, wanted, secrets))}


def _answer_of(seen: Observed) -> dict[str, Any]:
    flat = seen.flat()
    return {
        "seen": flat,
        "digest": digest_of(flat),
        "generation": seen.generation,
        "manifest": seen.manifest_digest,
        "missing_packages": seen.missing_packages,
    }


def _facts(machine: Machine, seen: Observed) -> dict[str, Any]:
    from .facts import gather

    return {**gather(machine), "generation": seen.generation, "manifest": seen.manifest_digest}


def _refuse_drift(expected: dict[str, str] | None, now: dict[str, str]) -> None:
    if expected is None or expected == now:
        return
    differences = [
        f"{key}: {expected.get(key, 'nothing')} → {now.get(key, 'nothing')}"
        for key in sorted(expected.keys() | now.keys())
        if expected.get(key) != now.get(key)
    ]
    raise HostError(
        "this host has changed since the plan was made",
        "; ".join(differences),
        "nothing was changed: make a new plan and look at it",
    )


def _validate(wanted: dict[str, Any]) -> None:
    """The installer has validated the manifest; paths that could lead outside our folders are checked again."""
    if wanted.get("format") != FORMAT or not NOTHING.keys() <= wanted.keys():
        raise HostError("this manifest has another format", f"expected {FORMAT}", "installer and host part differ")
    paths = [file["path"] for file in wanted["files"]] + [secret["name"] for secret in wanted["secrets"]]
    paths += [program for package in wanted["packages"] for program in package["programs"]]
    for path in paths:
        if path.startswith("/") or ".." in path.split("/") or not path:
            raise HostError(
                "this manifest is refused",
                f"it holds a path that leads outside: {path!r}",
                "correct the role that adds it",
            )


def _disk(error: OSError) -> HostError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HostError(f"no space left on the file system of {HOME}", str(error), "free space there and run again")
    return HostError(f"{error.filename} cannot be used", str(error.strerror), "correct that on the host and run again")
