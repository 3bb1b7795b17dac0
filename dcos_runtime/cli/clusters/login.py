"""From a name and a password to a token: the cluster's login, and its prompts on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcos_runtime import urls
from dcos_runtime.cli.connection.gateway import NOBODY_BEHIND, Gateways
from dcos_runtime.cli.connection.http import NotJson, Response, origin
from dcos_runtime.cli.errors import USAGE, CliError, Unavailable

TRIES = 3
_BY_PASSWORD = frozenset({"dcos-uid-password", "dcos-uid-password-ldap"})
_LOGIN_PATH = "/acs/api/v1/auth/login"
_ORIGINAL = "dcos-users"


@dataclass(frozen=True)
class Provider:
    """A way to log in. ``path``: where a name and a password are sent, if it is ``by_password``."""

    id: str
    type: str
    description: str
    path: str

    @property
    def by_password(self) -> bool:
        return self.type in _BY_PASSWORD


@dataclass(frozen=True)
class LoginArguments:
    """The options of the command line; missing ones are prompted for on the terminal."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    provider: str | None = None


def read_credentials(
    *,
    username: str | None,
    password: str | None,
    password_file: str | None,
    password_env: str | None,
    provider: str | None,
    environment: Mapping[str, str],
) -> LoginArguments:
    """Options win over DCOS_USERNAME and DCOS_PASSWORD. Raises `CliError`."""
    given = [one for one in (password, password_file, password_env) if one is not None]
    if len(given) > 1:
        raise CliError("give one of --password-file, --password-env and --password", exit_code=USAGE)
    if password_file is not None:
        password = _from_file(password_file)
    elif password_env is not None:
        password = environment.get(password_env)
        if password is None:
            raise CliError(f"--password-env names {password_env}, which is not set", exit_code=USAGE)
    elif password is None:
        password = environment.get("DCOS_PASSWORD") or None
    return LoginArguments(username or environment.get("DCOS_USERNAME") or None, password, provider)


def _from_file(path: str) -> str:
    """The whole file, without the end of its last line."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CliError(f"cannot read the password file {path}: {error.strerror}") from error
    return content.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")


def list_providers(gateways: Gateways) -> list[Provider]:
    """The ways to log in that the cluster knows, by id. Raises `CliError`."""
    response = gateways.get(gateways.home + "/acs/api/v1/auth/providers")
    answer = json_object(response)
    found = []
    for name, fields in sorted(answer.items()):
        fields = fields if isinstance(fields, dict) else {}
        config = fields.get("config")
        path = config.get("start_flow_url") if isinstance(config, dict) else None
        found.append(
            Provider(
                id=name,
                type=str(fields.get("authentication-type", "")),
                description=str(fields.get("description", "")),
                # A password is sent to the gateway itself only.
                path=path if isinstance(path, str) and _is_path(path) else _LOGIN_PATH,
            )
        )
    return found


def _is_path(text: str) -> bool:
    try:
        parts = urls.parse(text)
    except urls.BadUrl:
        return False
    return not parts.scheme and not parts.netloc and parts.path.startswith("/")


def log_in(gateways: Gateways, wanted: LoginArguments) -> str:
    """A new token. A wrong password that was typed may be typed again. Raises `CliError`."""
    provider = _choose(list_providers(gateways), wanted.provider)
    where = origin(gateways.home)
    username = wanted.username or _ask(f"Username at {where}", "--username")
    for _ in range(TRIES):
        password = wanted.password
        if password is None:
            password = _ask(f"Password of {username}", "--password-file", hidden=True)
        token = _try(gateways, provider, username, password)
        if token is not None:
            return token
        if wanted.password is not None:
            break
        _note("That name and password do not fit together.")
    raise CliError(
        f"{where} does not know that name and password", hints=["check both; the installer shows the administrator's"]
    )


def _choose(providers: list[Provider], wanted: str | None) -> Provider:
    known = [f"{one.id}: {one.description} ({one.type})" for one in providers]
    if wanted is not None:
        chosen = next((one for one in providers if one.id == wanted), None)
        if chosen is None:
            raise CliError(f"the cluster has no login provider {wanted!r}", details=known, exit_code=USAGE)
    else:
        usable = [one for one in providers if one.by_password]
        chosen = next((one for one in usable if one.id == _ORIGINAL), usable[0] if usable else None)
    if chosen is None or not chosen.by_password:
        raise CliError(
            "the cluster cannot be logged in to with a name and a password, the only way this command knows",
            details=known,
            hints=["put a token that you have from elsewhere into the environment variable DCOS_ACS_TOKEN"],
        )
    return chosen


def _try(gateways: Gateways, provider: Provider, username: str, password: str) -> str | None:
    """The token; None when the name or the password is wrong."""
    for text, what in ((username, "name"), (password, "password")):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise CliError(f"the {what} is not UTF-8 text, and no other can be sent") from None
    body = {"uid": username, "password": password}
    response = gateways.request("POST", gateways.home + provider.path, body, repeatable=True)
    if response.status == 401:
        return None
    if response.status == 429:
        raise CliError(f"{origin(response.url)} takes no more logins from here for now", hints=["wait a moment"])
    token = json_object(response).get("token")
    if not isinstance(token, str) or not token:
        raise CliError(f"{response.url} accepted the login, but answered no token")
    return token


def _ask(question: str, option: str, *, hidden: bool = False) -> str:
    require_terminal(f"{question}?", f"give {option}")
    import click

    answer: str = click.prompt(question, hide_input=hidden, err=True)
    return answer


def require_terminal(question: str, instead: str) -> None:
    """Raises `CliError` when there is no terminal for a prompt."""
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        raise CliError(f"there is no terminal to ask: {question}", hints=[instead])


def _note(text: str) -> None:
    from dcos_runtime.cli.output import print_note

    print_note(text)


def json_object(response: Response) -> Mapping[str, Any]:
    """The fields of the response. Raises `CliError` unless it is a gateway's valid response."""
    if response.status in NOBODY_BEHIND:
        raise Unavailable(
            f"the gateway cannot answer now: {response.url} answered {response.status}: "
            f"{response.complaint() or 'nothing'}",
            hints=["try again in some seconds"],
        )
    try:
        body = None if response.status != 200 else response.json()
    except NotJson:
        body = None
    if isinstance(body, dict):
        return body
    what = response.complaint() or "nothing to read"
    raise CliError(
        f"{response.url} does not answer as a cluster's gateway does: {response.status}, {what}",
        hints=["is this the address of a cluster? https://MASTER"],
    )
