"""Fetches a task's URIs into its sandbox, as the task's user, beside the agent. Run by path.

The order comes as a line of JSON through stdin (see `dcos_runtime.agent.fetcher`), which stays open as long as the
agent lives: the process ends with it. Progress goes to stderr, which is the
sandbox's; the one reason of a failure goes to stdout. No message holds a password.

With ``into``, a descriptor, it downloads one URI into the agent's cache instead (`cached.into_cache`). URIs with
``cached`` are copied from a descriptor; when one is damaged, nothing is fetched, the status is `cached.DAMAGED`, and
stdout has the numbers of the damaged ones.
"""

# ruff: noqa: PTH118, PTH120, PTH100, T201

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from typing import Any

if __name__ == "__main__":  # by path, without anything on sys.path but the standard library
    sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "..")))

from dcos_runtime.agent.fetching import archives, cached
from dcos_runtime.agent.fetching.errors import (
    LONGEST_REASON,
    MEMORY,
    Budget,
    FetchError,
    bounded,
    copy,
    describe,
    without,
)
from dcos_runtime.agent.fetching.sandbox_paths import Sandbox
from dcos_runtime.agent.fetching.sources import SourceRules, save
from dcos_runtime.wire import uris

WATCH_STACK = 256 << 10


def main() -> int:
    order = json.loads(sys.stdin.readline())
    threading.stack_size(WATCH_STACK)
    leave = threading.Event()
    threading.Thread(target=end_with_the_agent, args=(leave,), daemon=True).start()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]  # a text stream of Python's own, unless it was replaced
    try:
        sandbox, rules = enter(order)
    except OSError as error:
        return failed(describe(error))
    if "into" in order:
        return into_cache(order, rules, leave)
    if damaged := cached.damaged(order["uris"]):
        print(*damaged)
        return cached.DAMAGED
    budget = Budget(order["max_bytes"], order["max_rule"])
    for uri in order["uris"]:
        value = uri["value"].lstrip()
        try:
            fetch(value, uri, sandbox, rules, budget)
        except Exception as error:
            return failed(reason(value, error))
    sandbox.finish()
    return 0


def into_cache(order: dict[str, Any], rules: SourceRules, leave: threading.Event) -> int:
    """Downloads one URI into the cache; answers on stdout as `cached.CacheReport` does."""
    value = order["uris"][0]["value"].lstrip()
    report = cached.CacheReport(leave)
    say(f"Downloading {uris.blanked(value)} into the cache")
    try:
        report.digest(cached.into_cache(value, order["into"], rules, report.size))
    except Exception as error:
        why = reason(value, error)
        report.failed(why, error)
        say(f"Failed to download into the cache: {why}")
        return 1
    return 0


def reason(value: str, error: Exception) -> str:
    """The URI and why it was not fetched, without secrets."""
    why = describe(error).replace(value, uris.blanked(value))
    # Shortened only after secrets are removed: half of a secret would not be found.
    return f"{uris.blanked(value)}: {bounded(without(why, uris.secrets(value)), LONGEST_REASON)}"


def end_with_the_agent(leave: threading.Event) -> None:
    """The pipe is closed however the agent ends, and works for every user of this process. Anything that comes through
    it gives leave to go on.
    """
    try:
        while os.read(0, 4096):
            leave.set()
    finally:
        os._exit(1)


def failed(why: str) -> int:
    say(f"Failed to fetch {why}")
    print(why)
    return 1


def enter(order: dict[str, Any]) -> tuple[Sandbox, SourceRules]:
    """Becomes the task's user, in its sandbox."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.chdir(order["sandbox"])  # before the user changes, because that user may not be allowed into the folders above
    user = order["user"]
    if user is not None:
        os.setgroups(user["groups"])
        os.setgid(user["gid"])
        os.setuid(user["uid"])
    os.umask(0o022)
    return Sandbox(), SourceRules(
        roots=order["roots"],
        never=tuple(order["never"]),
        public_only=order["public_only"],
        home=order["home"],
        stall_seconds=order["stall_seconds"],
    )


def fetch(value: str, uri: dict[str, Any], sandbox: Sandbox, rules: SourceRules, budget: Budget) -> None:
    blanked = uris.blanked(value)
    say(f"Fetching {blanked}")
    name = uri["output_file"] or uris.output_name(value)
    if not uri["output_file"] and name in ("", ".", ".."):
        raise FetchError("the URI names no file; give output_file")
    if name.startswith("/"):
        raise FetchError(f"output_file {name!r} leads outside the sandbox")
    place = sandbox.place(name, "output_file" if uri["output_file"] else "name")
    if place is None:
        raise FetchError(f"output_file {name!r} names no file")
    mode = 0o755 if uri["executable"] else 0o644
    unpacks = not uri["executable"] and uri["extract"] and archives.kind(name) is not None
    held = uri["cached"]
    if held is None:
        with place.create(mode) as file:
            save(value, file, rules, budget)
    elif not unpacks:
        say("It is copied from the cache")
        with place.create(mode) as file, cached.opened(held) as source:
            copy(source, file, budget)
    if unpacks:  # an archive that is cached is unpacked from there, as by Mesos: the sandbox gets what is in it only
        say(f"Extracting {name}" + ("" if held is None else " from the cache"))
        with place.open() if held is None else cached.opened(held) as archive:
            archives.extract(archive, name, sandbox, budget)
    say(f"Fetched {blanked} to {name}")


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
