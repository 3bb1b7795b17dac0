"""The cluster's gateways as a client sees them: several with the same content, one token, no other addresses. The first
that accepts a connection is asked, each with a head start over the next. A gateway that cannot be asked is skipped. A
request that changes something goes to another gateway only when it is certain that nothing was sent. A request that was
sent and never answered is an error, because only a human can know whether to repeat it.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dcos_runtime.cli.connection.http import (
    MAX_REDIRECTS,
    READS,
    TIMEOUT_SECONDS,
    Exchange,
    NoResponse,
    Response,
    Untrusted,
    begin,
    exchange,
    no_connection,
    origin,
)
from dcos_runtime.cli.connection.race import Finish, race
from dcos_runtime.cli.connection.trust import Trust
from dcos_runtime.cli.errors import CliError, Unavailable

log = logging.getLogger("dcos.gateway")

CONNECT_SECONDS = 3.0
# Statuses of a gateway when the daemon behind it does not answer.
NOBODY_BEHIND = frozenset({502, 503, 504})
# "no": the gateway itself answered, and has not passed the request on.
PASSED_ON = "X-Dcos-Passed-On"


class NotLoggedIn(CliError):
    """The gateway refuses the token, or there is none."""


@dataclass(frozen=True)
class Access:
    """Credentials for a gateway. ``token_from`` is the environment variable that holds the token, if one does."""

    cluster: str
    token: str | None = field(repr=False)
    token_from: str = ""


class Gateways:
    """The gateways of one cluster. URLs of requests begin with the first one's, ``home``, whichever answers.

    Without ``access`` no token is sent, and a 401 is an ordinary response.
    """

    def __init__(
        self,
        urls: Sequence[str],
        trust: Trust,
        access: Access | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self.home = urls[0]
        self.trust = trust
        self._order = list(dict.fromkeys(urls))
        self._access = access
        self._timeout = timeout
        self._tls: ssl.SSLContext | None = None
        self._reported: set[str] = set()

    def get(self, url: str) -> Response:
        return self.request("GET", url)

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        timeout: float | None = None,
    ) -> Response:
        """One request to the first gateway that answers. ``repeatable``: the request may be sent twice, as a read may.

        Raises `Unavailable` when none does, and `CliError` when the token is refused.
        """
        path = url.removeprefix(self.home)
        repeatable = repeatable or method in READS
        helpless: Response | None = None
        finish, failures = self._race()
        with finish:
            for gateway in [one for one in self._order if one not in finish.failures]:
                try:
                    response = self._ask(method, gateway, path, body, finish.take(gateway), headers or {}, timeout)
                except NoResponse as error:
                    log.info("%s cannot be asked: %s", gateway, error)
                    failures.append(error)
                    self._put_last(gateway)
                    if error.sent and not repeatable:
                        raise _uncertain(method, error) from error
                    continue
                turned_away = response.headers.get(PASSED_ON) == "no"
                if response.status in NOBODY_BEHIND and (repeatable or turned_away):
                    # A response of a daemon tells more than a refusal by a gateway.
                    helpless = response if helpless is None or not turned_away else helpless
                    continue
                self._tell_impostors(failures)
                return self.admitted(response)
        if helpless is not None:
            return helpless
        raise self._none_answers(failures)

    def begin(self, url: str, body: bytes | None, headers: Mapping[str, str]) -> Exchange:
        """A POST whose answer, or also its body (``None``), is a stream: to the first gateway that accepts it.
        Raises `CliError`.
        """
        path = url.removeprefix(self.home)
        head = dict(headers)
        if self._access and self._access.token:
            head["Authorization"] = f"token={self._access.token}"
        if self._tls is None:
            self._tls = self.trust.context()
        finish, failures = self._race()
        with finish:
            for gateway in [one for one in self._order if one not in finish.failures]:
                try:
                    begun = begin(
                        "POST",
                        gateway + path,
                        body,
                        head,
                        tls=self._tls,
                        connect_timeout=CONNECT_SECONDS,
                        opened=finish.take(gateway),
                    )
                except NoResponse as error:
                    failures.append(error)
                    self._put_last(gateway)
                    if error.sent:
                        raise _uncertain("POST", error) from error
                    continue
                self._tell_impostors(failures)
                return begun
        raise self._none_answers(failures)

    def _race(self) -> tuple[Finish, list[NoResponse]]:
        """Puts first whichever opens first, and last those that do not open at all."""
        if len(self._order) == 1:
            return Finish(), []
        finish = race(self._order, CONNECT_SECONDS)
        failures: list[NoResponse] = []
        for gateway, error in finish.failures.items():
            failures.append(no_connection(gateway, error, CONNECT_SECONDS))
            log.info("%s cannot be asked: %s", gateway, failures[-1])
            self._put_last(gateway)
        if finish.first is not None:
            self._order.remove(finish.first)
            self._order.insert(0, finish.first)
        return finish, failures

    def _ask(
        self,
        method: str,
        gateway: str,
        path: str,
        body: Any,
        opened: socket.socket | None,
        more: Mapping[str, str],
        timeout: float | None,
    ) -> Response:
        """Follows redirects of the gateway to itself; the token is sent nowhere else."""
        if self._tls is None:
            self._tls = self.trust.context()
        url = gateway + path
        headers = dict(more)
        if self._access and self._access.token:
            headers["Authorization"] = f"token={self._access.token}"
        for _ in range(MAX_REDIRECTS):
            response = exchange(
                method,
                url,
                body,
                headers=headers,
                tls=self._tls,
                timeout=timeout or self._timeout,
                connect_timeout=CONNECT_SECONDS,
                opened=opened,
            )
            opened = None
            target = response.redirect(method)
            if target is None:
                return response
            if origin(target) != origin(gateway):
                raise CliError(
                    f"{url} leads to {origin(target)}, which is not this gateway: not followed",
                    hints=[f"if the cluster moved there: dcos cluster setup {origin(target)}"],
                )
            url = target
        raise NoResponse(url, "redirected too often", sent=False)

    def _put_last(self, gateway: str) -> None:
        self._order.remove(gateway)
        self._order.append(gateway)

    def _tell_impostors(self, failures: Sequence[NoResponse]) -> None:
        """Warns of machines that have no valid certificate of a gateway. A gateway that is off is not mentioned."""
        from dcos_runtime.cli.output import print_note

        for failure in failures:
            where = origin(failure.url)
            if isinstance(failure, Untrusted) and where not in self._reported:
                self._reported.add(where)
                print_note(f"warning: {where} shows a certificate that is not good ({failure}): not asked")

    def admitted(self, response: Response) -> Response:
        """The response, unless it says that nobody is logged in. Raises `NotLoggedIn`."""
        if response.status != 401 or self._access is None:
            return response
        raise _not_logged_in(self._access, origin(response.url))

    def _none_answers(self, failures: Sequence[NoResponse]) -> CliError:
        impostor = next((failure for failure in failures if isinstance(failure, Untrusted)), None)
        if impostor is not None and all(isinstance(failure, Untrusted) for failure in failures):
            return _untrusted(impostor, self.trust)
        hints = ["are its machines up, and is port 443 open for this one?"]
        if len(failures) == 1:
            return Unavailable(f"cannot reach the gateway at {origin(failures[0].url)}: {failures[0]}", hints=hints)
        return Unavailable(
            "cannot reach any gateway of the cluster",
            details=[f"{origin(failure.url)}: {failure}" for failure in failures],
            hints=hints,
        )


def _untrusted(failure: Untrusted, trust: Trust) -> CliError:
    where = origin(failure.url)
    return CliError(
        f"{where} does not show a certificate of this cluster: {failure}",
        details=[f"it must be signed by {trust.signers} ({trust.origin}), and name {where.partition('://')[2]}"],
        hints=[
            "if the cluster was created again, or is not set up here yet: dcos cluster setup " + where,
            "otherwise another server may be answering there: nothing was sent",
        ],
    )


def _not_logged_in(access: Access, where: str) -> NotLoggedIn:
    if access.token is None:
        return NotLoggedIn(f"you are not logged in to {access.cluster}", hints=["dcos auth login"])
    if access.token_from:
        return NotLoggedIn(
            f"{where} refuses the token in {access.token_from}: expired, revoked, or of another cluster",
            hints=[f"unset {access.token_from} to use the login of `dcos auth login`, or give it a good one"],
        )
    return NotLoggedIn(
        f"your login to {access.cluster} is not valid any more: it has expired or was ended", hints=["dcos auth login"]
    )


def _uncertain(method: str, error: NoResponse) -> Unavailable:
    return Unavailable(
        f"{method} {error.url} was sent, and no answer came: {error}",
        details=["it is not known whether it was carried out"],
        hints=["look before you try again: dcos marathon app list, dcos marathon deployment list"],
    )
