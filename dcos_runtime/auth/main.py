"""``dcos-auth``: reads its flags, runs the process, says where it listens, exits."""

from __future__ import annotations

import sys

from dcos_runtime import daemon
from dcos_runtime.auth import settings as auth_settings
from dcos_runtime.errors import explain
from dcos_runtime.flags.auth import AuthFlags
from dcos_runtime.start import importing

SUMMARY = "Users and tokens of a cluster, and where the gateway's requests lead: nginx asks it on a UNIX socket."


def main() -> None:
    flags = daemon.own_flags(AuthFlags, SUMMARY, check=auth_settings.check, checks=auth_settings.CHECKS)
    daemon.configure_logging(flags.logging_level)

    with importing():
        from dcos_runtime.auth.directory import AdministratorUnusable
        from dcos_runtime.auth.shell import AuthShell
        from dcos_runtime.guard.tokens import KeyUnusable
        from dcos_runtime.store import StoreError
        from dcos_runtime.tls import TlsError

    async def body(life: daemon.Life) -> None:
        await AuthShell(flags, life, lambda path: print(f"{flags.program} listening on unix:{path}", flush=True)).run()

    try:
        sys.exit(daemon.run(body))
    except (AdministratorUnusable, KeyUnusable, OSError, StoreError, TlsError) as error:
        print(f"{flags.program}: {explain(error)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
