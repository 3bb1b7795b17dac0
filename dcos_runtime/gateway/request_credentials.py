"""The credentials of a request: the token in its headers, and the site for whose page a browser sends it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from multidict import MultiMapping

from dcos_runtime import urls

COOKIE = "dcos-acs-auth-cookie"
_SITE = "Sec-Fetch-Site"
_URLS = ("Origin", "Referer")
PAGE_HEADERS = (_SITE, *_URLS)
"""The headers in which a browser names the site whose page sends a request."""
_MOST_VALUES = 8
"""The most values of one of these headers: a browser sends one, and comparing thousands would cost too much."""


def token_in(authorization: str) -> str | None:
    """The token of ``Authorization: token=…`` or ``Bearer …``; None when the header has another scheme."""
    lowered = authorization.lower()
    if lowered.startswith("token="):
        return authorization[len("token=") :].strip().strip('"')
    if lowered.startswith("bearer "):
        return authorization[len("bearer ") :].strip()
    return None


def split_cookies(headers: Iterable[str]) -> tuple[str | None, str]:
    """Of all ``Cookie`` headers: the value of our cookie (the first, when there are several), and all other cookies."""
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
    """The header that says that a browser sends this for another site's page; "" when none does. If a header comes
    several times, one such value is enough, and so are too many values. ``headers``: names in any case; ``host`` is the
    gateway's name in the request. No page can set these headers itself, and clients that are not browsers send none of
    them. A link that somebody follows on another site counts as that site's: browsers do not send a SameSite=Strict
    cookie with it.
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
        from_, to = urls.parse(url), urls.parse(f"https://{host}")
        return from_.scheme != "https" or (from_.hostname, from_.port or 443) != (to.hostname, to.port or 443)
    except urls.BadUrl:
        return True
