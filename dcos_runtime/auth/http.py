"""Which page of ``/acs/api/v1`` each request is for; `accounts` answers them."""

from __future__ import annotations

from aiohttp import web

from dcos_runtime.auth.accounts import ROOT, Accounts
from dcos_runtime.gateway.pages import READ, Page, PageRequest, PageTable, one_name, read

_USERS = f"{ROOT}/users/"
VERIFY = ("POST", "/internal/verify")
"""Where the daemons of this machine ask about passwords and tokens; see `guard.users`."""
METRICS = ("GET", "/internal/metrics/snapshot")
"""Where this machine's operator reads how long the event loop stood still. nginx leads nobody there."""


def account_pages(accounts: Accounts) -> PageTable:
    async def log_out(asked: PageRequest) -> web.Response:
        assert asked.caller is not None
        return await accounts.log_out(asked.request, asked.caller)

    return PageTable(
        at={
            f"{ROOT}/auth/login": Page({"POST": lambda asked: accounts.log_in(asked.request)}, open_to_all=True),
            f"{ROOT}/auth/logout": Page(dict.fromkeys(("GET", "POST"), log_out), ends_token=True),
            f"{ROOT}/auth/providers": read(lambda asked: accounts.providers(asked.request), open_to_all=True),
            f"{ROOT}/auth/jwks": read(lambda asked: accounts.jwks(asked.request), open_to_all=True),
            f"{ROOT}/users": read(lambda asked: accounts.users(asked.request)),
        },
        below={
            _USERS: Page(
                {
                    **{method: lambda asked: accounts.user(asked.request, _uid(asked)) for method in READ},
                    "PUT": lambda asked: accounts.create(asked.request, _uid(asked), asked.caller),
                    "PATCH": lambda asked: accounts.change(asked.request, _uid(asked), asked.caller),
                    "DELETE": lambda asked: accounts.remove(asked.request, _uid(asked), asked.caller),
                }
            ),
        },
    )


def _uid(asked: PageRequest) -> str:
    return one_name(asked.path, _USERS)
