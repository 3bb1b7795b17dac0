"""The one place of the rules of URIs: names, archives, what may be told."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcos_runtime.wire import uris


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("http://h/app.tar.gz?sig=a/b.zip", "app.tar.gz"),
        ("http://h/a%20b.txt#x", "a b.txt"),
        ("http://h/gr%C3%BC%C3%9Fe.zip", "grüße.zip"),
        ("http://h/grüße und mehr.zip", "grüße und mehr.zip"),
        ("http://h/a/b/?x=1", "b"),
        ("http://h", ""),
        ("http://h/%2e%2e", ".."),
        ("http://h/a%2Fb", "b"),
        ("file:///opt/what?.zip", "what?.zip"),
        ("file:///opt/a%20b", "a b"),
        ("/opt/100%.tgz", "100%.tgz"),
        ("relative/x#1", "x#1"),
    ],
)
def test_the_name_of_what_is_fetched(value: str, name: str) -> None:
    assert uris.output_name(value) == name


def test_a_query_does_not_change_what_is_unpacked() -> None:
    for ending in uris.UNPACKED_UNDER_URIS:
        for value in (f"http://h/app{ending}", f"http://h/app{ending}?sig=a", f"http://h/app{ending.upper()}#f"):
            assert uris.unpacked_under_uris(value), value
            assert uris.output_name(value).lower().endswith((*uris.TARS, uris.ZIP)), value
    assert not uris.unpacked_under_uris("http://h/app?as=x.tgz")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://me:s3cret@h:80/x", "http://***@h:80/x"),
        ("https://me@h/x", "https://***@h/x"),
        ("http://me:p@ss@h/x", "http://***@h/x"),
        ("http://me:p/w@h/x", "http://***@h/x"),
        ("http://me:p?w@h/x?a=1&sig=2", "http://***@h/x?a=***&sig=***"),
        ("http://me:p#w@h:80/x", "http://***@h:80/x"),
        ("http://me:p/w@a b/x", "http://***"),
        ("http://me:p/w@", "http://***"),
        ("http://me:s3cret%40h/x", "http://***"),
        ("http://me%3As3cret%2540h/x", "http://***"),
        ("http://me:s3cret", "http://me:***"),
        ("http://me:s3/cret?x", "http://me:***"),
        ("http://h:99999/x", "http://h:99999/x"),
        ("http://h:80x/x", "http://h:***"),
        ("http:///app.tgz", "http:///app.tgz"),
        ("http://a b/app.tgz?v=1&token=t", "http://a b/app.tgz?v=***&token=***"),
        ("http://[::1/app.tgz", "http://[::1/app.tgz"),
        ("http://[::1]x/app.tgz", "http://***"),
        ("http://[me:s3cret", "http://***"),
        ("hdfs://name node/x", "hdfs://name node/x"),
        ("http://h/@scope/x@1.tgz", "http://h/@scope/x@1.tgz"),
        ("http://h/x?version=1&X-Amz-Signature=abc&token=t", "http://h/x?version=***&X-Amz-Signature=***&token=***"),
        ("file:///opt/a@b", "file:///opt/a@b"),
        ("/opt/a:b@c", "/opt/a:b@c"),
        ("ftp://me:s3cret@h/x", "ftp://***@h/x"),
        ("http:/me:s3cret@h/x", "http:/***@h/x"),
        ("http:/token@h/x", "http:/***@h/x"),
        ("http:me:s3cret@h/x", "***@h/x"),
        ("me:s3cret@h/x?y=1", "***@h/x?y=***"),
        ("http//me:s3/cret@h/x", "***@h/x"),
        ("http ://me:s3cret@h/x", "***@h/x"),
        ("//me:s3cret@h/x", "//***@h/x"),
        ("http:/h/x?token=t", "http:/h/x?token=***"),
        ("file://me:s3cret@h/x", "file://***@h/x"),
        ("http://h/http://me:s3cret@i/x", "http://h/http://***@i/x"),
        ("http://h/x?from=http://me:s3cret@i/x", "http://h/x?from=***"),
        ("/opt/http://me:s3cret@i/x", "/opt/http://***@i/x"),
        ("apps/x@1.tgz", "apps/x@1.tgz"),
    ],
)
def test_no_secret_of_a_uri_is_told(value: str, expected: str) -> None:
    assert uris.blanked(value) == expected


@pytest.mark.parametrize(
    "name", ["code", "pass", "jwt", "ticket", "otp", "SAMLResponse", "sid", "pin", "x", "%63ode", "a;code", "", "a[b]"]
)
@pytest.mark.parametrize("begin", ["http://h/x?", "http://h/x?v=1&", "http:/h/x?", "/to?", "?", "http://a b/x?"])
def test_no_value_of_a_query_is_told_whatever_its_name_is(name: str, begin: str) -> None:
    value = f"{begin}{name}=T0PSECRET9&z#f"
    assert "T0PSECRET9" not in uris.blanked(value)
    assert uris.blanked(value).startswith(begin.partition("?")[0])
    assert "T0PSECRET9" in uris.secrets(value)


def test_a_query_that_is_one_value_is_not_told_either() -> None:
    assert uris.blanked("http://h/x?T0PSECRET9") == "http://h/x?***"
    assert uris.secrets("http://h/x?T0PSECRET9") == ["T0PSECRET9"]
    assert uris.blanked("http://h/x?raw") == "http://h/x?raw"
    assert uris.secrets("http://h/x?type=file&raw") == []


def test_a_secret_is_known_in_each_form_in_which_it_is_echoed() -> None:
    found = uris.secrets("http://h/x?code=T0P+SE cr%C3%A9t")
    assert {"T0P+SE cr%C3%A9t", "T0P+SE crét", "T0P SE crét", "T0P+SE%20cr%C3%A9t"} <= set(found)


_ODD = st.text(alphabet="/?#@:[]%\\ a1-&=", max_size=6)


@example(begin="http://", user="", before="@", after="?", host="h", rest="")
@example(begin="http://", user="u", before="a@", after="?b", host="h", rest="/x")
@example(begin="http://", user="u", before="a@b/", after="", host="h", rest="/x")
@given(
    begin=st.sampled_from(["http://", "https://", "ftp://", "http:/", "http:", "//", "HTTP://", "http ://", "s3a://"]),
    user=st.text(alphabet="abc%-_.", max_size=5),
    before=_ODD,
    after=_ODD,
    host=st.sampled_from(["h", "h:80", "h:99999", "h:x", "a b", "[::1]", "[::1", "", "h%zz", "ü.example"]),
    rest=st.sampled_from(["", "/x", "/x?y=1", "?y=1", "/x@1.tgz", "/a/b#c", "/x?from=me@corp"]),
)
def test_no_password_is_told_however_malformed_its_uri_is(
    begin: str, user: str, before: str, after: str, host: str, rest: str
) -> None:
    value = f"{begin}{user}:{before}S3CRET{after}@{host}{rest}"
    found = uris.blanked(value)
    if "S3CRET" in found:
        # Only where the URI as it stands has a host, and no credentials: then it is a path, or a name in the query.
        authority = re.split(r"[/?#]", value.removeprefix(begin))[0]
        assert "S3CRET" not in authority and "@" not in authority and _has_place(authority), (value, found)


def _has_place(authority: str) -> bool:
    try:
        uris.web(f"http://{authority}/")
    except ValueError:
        return False
    return True


def test_the_secrets_of_a_uri_are_known_however_it_is_written() -> None:
    for value in ("http://me:s3cret@h/x", "http:/me:s3cret@h/x", "me:s3cret@h", "http://h/http://me:s3cret@i/"):
        assert {"s3cret", "me:s3cret", "bWU6czNjcmV0"} <= set(uris.secrets(value)), value
    assert uris.secrets("http://h/x@1.tgz") == uris.secrets("/opt/a:b@c") == []


def test_the_parts_of_a_web_address() -> None:
    parts = uris.web("HTTP://us%40er:pa%3Ass@[::1]:8080/a b/ü%20%zz?q=ö c#f")
    assert (parts.scheme, parts.host, parts.port) == ("http", "::1", 8080)
    assert (parts.user, parts.password) == ("us@er", "pa:ss")
    assert parts.target == "/a%20b/%C3%BC%20%25zz?q=%C3%B6%20c" and parts.host_header == "[::1]:8080"
    assert uris.web("https://h").target == "/" and uris.web("https://h?q").target == "/?q"


@pytest.mark.parametrize(
    "value", ["http://", "http:///x", "http://h:x/", "http://h:99999/", "http://[::1/", "http://a b/"]
)
def test_a_web_address_that_is_none_is_refused_without_quoting_it(value: str) -> None:
    with pytest.raises(ValueError, match="URI"):
        uris.web(value)
