"""The credentials of a request: the token in its headers, and the site for whose page a browser sends it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from multidict import MultiMapping

COOKIE = "dcos-acs-auth-cookie"
_SITE = "Sec-Fetch-Site"
_URLS = ("Origin", "Referer")
PAGE_HEADERS = (_SITE, *_URLS)
"""The headers in which a browser names the site whose page sends a request."""
_MOST_VALUES = 8
"""Of one of them: a browser sends one, and thousands would cost more than the request is worth."""


def token_in(authorization: str) -> str | None:
    """The token of ``Authorization: token=…`` or ``Bearer …``; None when the header is of another kind."""
    lowered = authorization.lower()
    if lowered.startswith("token="):
        return authorization[len("token=") :].strip().strip('"')
    if lowered.startswith("bearer "):
        return authorization[len("bearer ") :].strip()
    return None


def split_cookies(headers: Iterable[str]) -> tuple[str | None, str]:
    """Of all headers ``Cookie``: our cookie's value (the first, when there are several), and what else there is."""
    token = None
    others = []
    for part in ";".join(headers).split(";"):
        name, equals, value = part.strip().partition("=")
        if name == COOKIE and equals:
            token = token if token is not None else value.strip().strip('"')
        elif part.strip():
            others.append(part.strip())
    return token, "; ".join(others)


def foreign_page(headers: MultiMapping[str], host: str) -> str:
    """Which header says that a browser sends this for another site's page; "" when none does. One that is there several
    times says so when any of its values does,
    or when there are more than anybody sends.

    ``headers``: whatever the case of their names; ``host`` is what the client called the gateway. No page can set
    these headers itself, and clients that are no browsers send none of them. The link that somebody follows from
    another site counts as that site's: browsers keep a SameSite=Strict cookie out of it anyhow.
    """
    for header in PAGE_HEADERS:
        if len(headers.getall(header, [])) > _MOST_VALUES:
            return header
    for site in headers.getall(_SITE, []):
        if site and site.strip().lower() not in ("same-origin", "none"):
            return _SITE  # another port or another name below the same domain is "same-site", and not ours
    for header in _URLS:
        if any(_of_another_page(url, host) for url in headers.getall(header, [])):
            return header
    return ""


def _of_another_page(url: str, host: str) -> bool:
    if not url:
        return False
    try:
        from_, to = urlsplit(url), urlsplit(f"https://{host}")
        return from_.scheme != "https" or (from_.hostname, from_.port or 443) != (to.hostname, to.port or 443)
    except ValueError:
        return True
