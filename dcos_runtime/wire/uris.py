"""URIs that tasks fetch: their parts, the name a file gets, which of them are archives, how they are shown. Pure.

The one place of these rules: the init asks it for ``uris``, the agent's fetcher for everything else. The standard
library only: the fetcher's process imports it.
"""

from __future__ import annotations

import base64
import re
import urllib.parse
from dataclasses import dataclass

TARS = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
ZIP = ".zip"
UNPACKED_UNDER_URIS = (".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ZIP)
"""What the old field ``uris`` of an app unpacks without being told to, as Mesos does."""

HIDDEN = "***"

_WHOLE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_WEB = re.compile(r"(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
_ADDRESS = re.compile(r"\[[0-9A-Fa-f:.%]*\]?(?::[0-9]{0,5})?")
"""Of IPv6, or what was meant to be one."""
_SECRET = re.compile(
    r"sig|token|secret|pass|pwd|key|cred|auth|session|code|jwt|ticket|otp|pin|nonce|assertion|saml|bearer|cookie|sid"
    r"|hmac|private",
    re.IGNORECASE,
)
"""Of a parameter whose value is a secret, however short it is. Any other may be one, too: no list of names is whole."""
_LONG = 8
"""Letters from which on a value of any other name is taken out of others' messages: shorter ones are words."""
_LOOKS_LIKE_CREDENTIALS = re.compile(
    r"(?P<begin>[A-Za-z][A-Za-z0-9+.-]*:(?=[/\\])[/\\]*|(?:[/\\]{2,})?)(?P<credentials>.+)@(?P<rest>.*)", re.DOTALL
)
"""What was meant to be a URI with user and password, and is none: ``http:/user:password@host``."""
_INNER = re.compile(r"(?<=://)[^/?#@\s]+(?=@)")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Web:
    """An http(s) URI. ``host`` is bare (no brackets), ``port`` the scheme's own when none is given; ``target`` is what
    a request asks for, percent-encoded. ``user`` and ``password`` are decoded."""

    scheme: str
    host: str
    port: int
    target: str
    user: str | None = None
    password: str | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host.lower(), self.port

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _own_port(self.scheme) else f"{host}:{self.port}"


def scheme(value: str) -> str:
    """In small letters; empty for a plain path."""
    match = _WHOLE.fullmatch(value)
    return match["scheme"].lower() if match else ""


def path(value: str) -> str:
    """The path of a URI, decoded; a plain path as it is. A ``file`` URI knows no query: its ``?`` is a letter."""
    match = _WHOLE.fullmatch(value)
    if match is None:
        return value
    if match["scheme"].lower() == "file":
        return _decoded(match["rest"].partition("/")[1] + match["rest"].partition("/")[2])
    parts = _WEB.fullmatch(match["rest"])
    assert parts is not None
    return _decoded(parts["path"])


def file_host(value: str) -> str:
    """What stands where a ``file`` URI may name a host."""
    match = _WHOLE.fullmatch(value)
    return match["rest"].partition("/")[0] if match else ""


def output_name(value: str) -> str:
    """The name that what is fetched gets: the last part of the path, decoded, without the query. May be empty."""
    return path(value).rstrip("/").rpartition("/")[2]


def unpacked_under_uris(value: str) -> bool:
    return output_name(value).lower().endswith(UNPACKED_UNDER_URIS)


def web(value: str) -> Web:
    """The parts of an http(s) URI. Raises ``ValueError``, whose text quotes nothing that may be a password."""
    match = _WHOLE.fullmatch(value)
    parts = _WEB.fullmatch(match["rest"]) if match else None
    if match is None or parts is None or match["scheme"].lower() not in ("http", "https"):
        raise ValueError("not an http(s) URI")
    name = match["scheme"].lower()
    credentials, at, place = parts["authority"].rpartition("@")
    host, port = _host_and_port(place)
    user, colon, password = credentials.partition(":")
    query = parts["query"]
    return Web(
        scheme=name,
        host=host,
        port=_own_port(name) if port is None else port,
        target=(_encoded(parts["path"], "/") or "/") + ("" if query is None else "?" + _encoded(query, "/?")),
        user=_decoded(user) if at else None,
        password=(_decoded(password) if colon else "") if at else None,
    )


def blanked(value: str) -> str:
    """The URI as it may be shown: without user and password, and without any value of its query."""
    match = _WHOLE.fullmatch(value)
    parts = _WEB.fullmatch(match["rest"]) if match else None
    if match is None or parts is None:
        return _blanked_query(_blanked_otherwise(value))
    begin = f"{match['scheme']}://"
    _, at, place = parts["authority"].rpartition("@")
    if match["scheme"].lower() == "file":
        return f"{begin}{HIDDEN}@{match['rest'].partition('@')[2]}" if at else value
    if not _is_place(place) or _may_end_later(match["rest"], parts["authority"]):
        return begin + _blanked_malformed(match["rest"])
    shown = begin + (f"{HIDDEN}@" if at else "") + place + _INNER.sub(HIDDEN, parts["path"])
    return shown if parts["query"] is None else _blanked_query(f"{shown}?{_INNER.sub(HIDDEN, parts['query'])}")


def secrets(value: str) -> list[str]:
    """The secret parts of a URI, longest first. They are removed from messages of others that quote it."""
    match = _WHOLE.fullmatch(value)
    parts = _WEB.fullmatch(match["rest"]) if match else None
    given = _INNER.findall(value)
    if match is not None and parts is not None:
        credentials, _, place = parts["authority"].rpartition("@")
        # Without a host behind them, they end at the last @ of all, or their end is not known.
        given.append(credentials if _is_place(place) else match["rest"].rpartition("@")[0] or place)
        if _may_end_later(match["rest"], parts["authority"]):
            given.append(match["rest"].rpartition("@")[0])
    elif (found := _mistaken(value)) is not None:
        given.append(found["credentials"])
    texts: list[str] = []
    for credentials in given:
        password = credentials.partition(":")[2]
        texts += [credentials, _decoded(credentials), password, _decoded(password)]
        # In the form that is sent: servers echo it.
        texts.append(base64.b64encode(_decoded(credentials).encode(errors="surrogateescape")).decode().rstrip("="))
    for parameter in value.partition("#")[0].partition("?")[2].split("&"):
        name, _, text = parameter.partition("=")
        text = text or name  # one without a name may be all of it
        if _SECRET.search(name) or len(text) >= _LONG:
            # As it was given, as it means, and as it is sent.
            texts += [text, _decoded(text), _decoded(text.replace("+", " ")), _encoded(text, "/?")]
    return sorted({text for text in texts if text}, key=len, reverse=True)


def _mistaken(value: str) -> re.Match[str] | None:
    """Credentials in what is no URI, though it looks like one. A path of this machine has none."""
    if value.startswith("/") and not value.startswith("//"):
        return None
    match = _LOOKS_LIKE_CREDENTIALS.fullmatch(value)
    return match if match and (match["begin"] or ":" in match["credentials"]) else None


def _blanked_otherwise(value: str) -> str:
    match = _mistaken(value)
    return _INNER.sub(HIDDEN, value) if match is None else f"{match['begin']}{HIDDEN}@{match['rest']}"


def _blanked_malformed(rest: str) -> str:
    """What follows ``://`` where no host does: a password with a / in it, or a part that the author left out.

    Without an @ there are no credentials in it, unless its host was forgotten: then what looks like the port is one.
    """
    _, at, after = rest.rpartition("@")
    if at:
        place = after.partition("#")[0]
        return f"{HIDDEN}@{_blanked_query(place)}" if _is_place(_authority(after)) else HIDDEN
    if "@" in _decoded_to_the_end(rest):
        return HIDDEN
    authority = _authority(rest)
    host, colon, port = authority.partition(":")
    if authority.startswith("["):
        return _blanked_query(rest.partition("#")[0]) if _ADDRESS.fullmatch(authority) else HIDDEN
    if colon and not _PORT.fullmatch(port):
        return f"{host}:{HIDDEN}"
    return _blanked_query(rest.partition("#")[0])


def _authority(rest: str) -> str:
    parts = _WEB.fullmatch(rest)
    return parts["authority"] if parts else ""


def _may_end_later(rest: str, authority: str) -> bool:
    """Whether what looks like the host may be a piece of a password that has both an @ and a / ? or # in it."""
    return "@" in authority and "@" in rest[len(authority) :]


def _is_place(authority: str) -> bool:
    try:
        _host_and_port(authority)
    except ValueError:
        return False
    return True


def _decoded_to_the_end(text: str) -> str:
    while (decoded := _decoded(text)) != text:
        text = decoded
    return text


def _blanked_query(value: str) -> str:
    begin, mark, query = value.partition("?")
    return begin + mark + "&".join(_blanked_parameter(parameter) for parameter in query.split("&"))


def _blanked_parameter(parameter: str) -> str:
    name, equals, text = parameter.partition("=")
    if equals:
        return f"{name}={HIDDEN}" if text else parameter
    return HIDDEN if len(name) >= _LONG else parameter


def _host_and_port(place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, closed, rest = place[1:].partition("]")
        if not closed or ":" not in host:
            raise ValueError("the IPv6 address in the URI is not closed by ]")
    else:
        host, colon, number = place.partition(":")
        rest = colon + number
    if not host or any(character.isspace() or character in "\\%<>\"'`{}|^" for character in host):
        raise ValueError("the URI names no host")
    if rest in ("", ":"):
        return host, None
    if not rest.startswith(":") or not _PORT.fullmatch(rest[1:]) or not 0 < int(rest[1:]) < 65536:
        raise ValueError("the port in the URI is not a number from 1 to 65535")
    return host, int(rest[1:])


def _own_port(name: str) -> int:
    return 443 if name == "https" else 80


def _encoded(text: str, more: str) -> str:
    """What is encoded already stays so; spaces, letters beyond ASCII and the like are encoded."""
    text = _STRAY_PERCENT.sub("%25", text)
    return urllib.parse.quote(text, safe="%!$&'()*+,;=:@~-._" + more, errors="surrogateescape")


def _decoded(text: str) -> str:
    return urllib.parse.unquote(text, errors="surrogateescape")
