"""The cluster's users as a daemon sees them: it asks another process about their passwords and tokens. On a cluster
that is the dcos-auth of the same machine, over its UNIX socket.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import Counter, OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dcos_runtime.store.lease import boottime

if TYPE_CHECKING:
    from aiohttp import ClientSession

_REMEMBERED = 1024
_REMEMBERED_SECONDS = 2.0
_NO_SECONDS = 2.0
_TOKEN_SECONDS = 5.0
_PASSWORD_SECONDS = 15.0
"""A password may wait at dcos-auth until those before it are hashed."""

MOST_QUESTIONS = 16
"""The most passwords that one daemon has checked at a time; further ones are refused."""
MOST_QUESTIONS_OF_ONE = 2
"""The same for one client's address."""


class UsersUnreachable(Exception):
    """The daemon that keeps the users cannot be asked now."""


class TooManyQuestions(Exception):
    """The password is not checked now, because too many others are. ``seconds``: when to come back."""

    def __init__(self, seconds: int = 1) -> None:
        super().__init__(f"too many passwords are being checked, or were wrong; try again in {seconds} s")
        self.seconds = seconds


class Users(Protocol):
    """The cluster's users, as a daemon asks about them. Both raise `UsersUnreachable`."""

    async def password_is(self, uid: str, password: str, address: str) -> bool:
        """``address`` is the client's. Raises `TooManyQuestions`, too."""
        ...

    async def token_lives(self, token: str) -> bool:
        """Whether a token that is good by itself was not revoked, and its user is still there."""
        ...


class AskedUsers:
    """Users that another process knows. Its answers are remembered for some seconds, under a keyed digest. These
    seconds begin with the request, by a clock that does not stop while this process or its machine is paused.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._yes: OrderedDict[bytes, float] = OrderedDict()
        self._no: OrderedDict[bytes, float] = OrderedDict()
        self._asking: dict[tuple[bytes, str], tuple[float, asyncio.Task[bool]]] = {}
        self._under_way: Counter[str] = Counter()

    async def password_is(self, uid: str, password: str, address: str) -> bool:
        known = self._digest(f"{uid}\0{password}")
        # Only a wrong password is remembered as wrong: a token may be too new for the process that was asked.
        if self._no.get(known, 0.0) > boottime():
            return False
        question = {"uid": uid, "password": password, "address": address}
        answer = await self._ask(question, known, address)
        if not answer:
            _remember(self._no, known, boottime() + _NO_SECONDS)
        return answer

    async def token_lives(self, token: str) -> bool:
        return await self._ask({"token": token}, self._digest(token), None)

    async def _request(self, question: dict[str, str]) -> bool:
        """Asks with uid and password, or with a token. Raises `UsersUnreachable`, `TooManyQuestions`."""
        raise NotImplementedError

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)

    async def _ask(self, question: dict[str, str], known: bytes, address: str | None) -> bool:
        if self._yes.get(known, 0.0) > boottime():
            return True
        # Requests with the same credentials at the same time ask once; each address has its own line.
        same = (known, address or "")
        if same not in self._asking:
            work = self._request(question) if address is None else self._in_bounds(question, address)
            task = asyncio.create_task(work, name="ask dcos-auth")
            self._asking[same] = boottime(), task
            task.add_done_callback(lambda _: self._asking.pop(same, None))
        asked, asking = self._asking[same]
        answer = await asyncio.shield(asking)
        self._yes.pop(known, None)
        if answer:
            if boottime() - asked > (_TOKEN_SECONDS if address is None else _PASSWORD_SECONDS):
                raise UsersUnreachable("the answer of dcos-auth is too old: this process was paused in between")
            _remember(self._yes, known, asked + _REMEMBERED_SECONDS)
        return answer

    async def _in_bounds(self, question: dict[str, str], address: str) -> bool:
        """A flood of passwords is refused here: each of them costs dcos-auth a hash."""
        if self._under_way.total() >= MOST_QUESTIONS or self._under_way[address] >= MOST_QUESTIONS_OF_ONE:
            raise TooManyQuestions
        self._under_way[address] += 1
        try:
            return await self._request(question)
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]


def _remember(answers: OrderedDict[bytes, float], known: bytes, until: float) -> None:
    answers[known] = until
    answers.move_to_end(known)
    if len(answers) > _REMEMBERED:
        answers.popitem(last=False)


class SocketUsers(AskedUsers):
    """Asks the dcos-auth of this machine: ``POST /internal/verify``, answered with 200 for yes and 401 for no."""

    def __init__(self, socket: Path) -> None:
        super().__init__()
        self._socket = socket
        self._sessions: dict[bool, ClientSession] = {}

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def _request(self, question: dict[str, str]) -> bool:
        import aiohttp

        # Tokens have connections of their own: they are answered at once, and do not wait behind passwords.
        is_token = "token" in question
        if is_token not in self._sessions:
            self._sessions[is_token] = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self._socket), limit=8 if is_token else MOST_QUESTIONS),
                timeout=aiohttp.ClientTimeout(total=_TOKEN_SECONDS if is_token else _PASSWORD_SECONDS),
            )
        try:
            async with self._sessions[is_token].post("http://dcos-auth/internal/verify", json=question) as answer:
                if answer.status in (200, 401):
                    return answer.status == 200
                if answer.status == 429:
                    seconds = answer.headers.get("Retry-After", "")
                    raise TooManyQuestions(int(seconds) if seconds.isascii() and seconds.isdecimal() else 1)
                raise UsersUnreachable(f"dcos-auth answered {answer.status}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UsersUnreachable("dcos-auth does not answer") from error
