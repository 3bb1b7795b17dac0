"""``dcos-auth``: reads its flags, runs the process, says where it listens, exits."""

from __future__ import annotations

import functools
import sys

from dcos_runtime import daemon
from dcos_runtime.auth import options

PROGRAM = "dcos-auth"
SUMMARY = (
    "Users and tokens of a cluster, and where the gateway's requests lead: nginx asks it on a UNIX socket. "
    "Environment: DCOS_AUTH_<FLAG>."
)


def main() -> None:
    check = functools.partial(options.check, PROGRAM)
    flags = daemon.own_flags(PROGRAM, SUMMARY, options.DECLARED, prefix=options.PREFIX, check=check)
    daemon.configure_logging(options.log_level(flags))

    from dcos_runtime.auth.directory import AdministratorUnusable
    from dcos_runtime.auth.process import Process
    from dcos_runtime.guard.tokens import KeyUnusable
    from dcos_runtime.store import StoreError
    from dcos_runtime.tls import TlsError

    async def body(life: daemon.Life) -> None:
        await Process(flags, life, lambda path: print(f"{PROGRAM} listening on unix:{path}", flush=True)).run()

    try:
        sys.exit(daemon.run(body))
    except (AdministratorUnusable, KeyUnusable, OSError, StoreError, TlsError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
