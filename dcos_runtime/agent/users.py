"""Asks the masters whether a token was revoked: agents have no dcos-auth beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dcos_runtime import tls
from dcos_runtime.guard.users import AskedUsers, UsersUnreachable
from dcos_runtime.wire import codec, internal

if TYPE_CHECKING:
    import aiohttp

SECONDS = 5.0


class MasterUsers(AskedUsers):
    """``master``: the base URL of the leading master's port for our own daemons, None while none is known.

    An agent must not see users' passwords, so it accepts none. Without a master no token is accepted.
    """

    def __init__(self, files: tls.TlsFiles) -> None:
        """Raises `tls.TlsError`."""
        super().__init__()
        self.master: Callable[[], str | None] = lambda: None
        self._context = files.client("master")
        self._session: aiohttp.ClientSession | None = None

    async def password_is(self, uid: str, password: str, address: str) -> bool:
        return False

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _request(self, question: dict[str, str]) -> bool:
        import aiohttp

        base = self.master()
        if base is None:
            raise UsersUnreachable("no leading master is known")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=4, ssl=self._context),
                timeout=aiohttp.ClientTimeout(total=SECONDS),
            )
        body = codec.encode(internal.Token(token=question["token"]))
        try:
            async with self._session.post(f"{base}{internal.TOKEN_PATH}", data=body) as answer:
                if answer.status in (200, 401):
                    return answer.status == 200
                raise UsersUnreachable(f"the leading master answered {answer.status}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UsersUnreachable("the leading master does not answer") from error
