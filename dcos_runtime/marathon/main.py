"""``dcos-marathon``: reads its flags, runs the process, says where it listens, exits."""

from __future__ import annotations

import functools
import sys

from dcos_runtime import daemon
from dcos_runtime.marathon import options

PROGRAM = "dcos-marathon"
SUMMARY = "The init: keeps apps running on a Mesos cluster and serves Marathon's /v2 API. Environment: MARATHON_<FLAG>."


def main() -> None:
    check = functools.partial(options.check, PROGRAM)
    flags = daemon.own_flags(PROGRAM, SUMMARY, options.DECLARED, prefix=options.PREFIX, check=check)
    daemon.configure_logging(options.log_level(flags))

    from dcos_runtime.guard.guard import GuardUnusable
    from dcos_runtime.marathon.process import Process, UnusableFlags
    from dcos_runtime.store import StoreError
    from dcos_runtime.tls import TlsError

    async def body(life: daemon.Life) -> None:
        await Process(flags, life, lambda address: print(daemon.ready_line(PROGRAM, address), flush=True)).run()

    try:
        sys.exit(daemon.run(body))
    except (OSError, StoreError, UnusableFlags, GuardUnusable, TlsError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
