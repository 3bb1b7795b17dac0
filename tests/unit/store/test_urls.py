"""What --zk and --master take."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.store.election import parse_master
from dcos_runtime.store.zookeeper import ZooKeeperUrl, parse_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("zk://a:2181/mesos", ZooKeeperUrl("a:2181", "/mesos")),
        ("zk://a:2181,b:2181,[::1]:2181/x/y/", ZooKeeperUrl("a:2181,b:2181,[::1]:2181", "/x/y")),
        ("zk://u:p:w@198.18.0.1:2181/mesos", ZooKeeperUrl("198.18.0.1:2181", "/mesos", "u:p:w")),
        ("zk://u:p@w@198.18.0.1:2181/mesos", ZooKeeperUrl("198.18.0.1:2181", "/mesos", "u:p@w")),
    ],
)
def test_zookeeper_urls(text: str, url: ZooKeeperUrl) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zk://",
        "zk://a:2181",
        "zk://a:2181/",
        "http://a/b",
        "zk://a b/c",
        "zk://secret@a:1/x",
        "zk://a:1/x/../y",
        "zk://a:1/x@y",
    ],
)
def test_what_is_no_zookeeper_url_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|credentials|path"):
        parse_url(text)


def test_credentials_are_never_shown() -> None:
    url = parse_url("zk://user:hunter2@a:1/x")
    assert "hunter2" not in str(url) + repr(url)
    with pytest.raises(ValueError, match="credentials") as caught:
        parse_url("zk://hunter2@a:1/x")
    assert "hunter2" not in str(caught.value)


_SECRET = "ЖЩЯФ"
"""Letters that no message has: one of them in a message is a part of a credential."""
_CREDENTIAL = st.text(alphabet=f"{_SECRET}:/@,.[]#%?1 \n", max_size=12)


@given(
    _CREDENTIAL,
    _CREDENTIAL,
    st.sampled_from(["a:2181/mesos", "a:2181", "a b/c", "a:1,:2/x", "a:1/x/../y", "a:1//x", "", "/x", "a:1/x@b:2/y"]),
    st.sampled_from(["zk://", "ZK://", "zk:/", "http://", ""]),
    st.sampled_from([parse_url, parse_master]),
)
def test_no_part_of_user_and_password_is_in_an_error_or_is_shown(
    user: str, password: str, rest: str, scheme: str, read: Callable[[str], object]
) -> None:
    try:
        shown = f"{(url := read(f'{scheme}{user}:{password}@{rest}'))} {url!r}"
    except ValueError as error:
        shown = f"{error} {error!r}"
    assert not set(shown) & set(_SECRET)


@pytest.mark.parametrize(
    ("text", "master"),
    [
        ("127.0.0.1:5050", ("127.0.0.1", 5050)),
        ("http://m1:80/", ("m1", 80)),
        ("m1", ("m1", 5050)),
        ("[::1]:5050", ("::1", 5050)),
        ("zk://a:1/m", ZooKeeperUrl("a:1", "/m")),
    ],
)
def test_masters(text: str, master: object) -> None:
    assert parse_master(text) == master


@pytest.mark.parametrize("text", ["", "a:b", "a:70000", "http://", "ftp://x:1", "user@a:1"])
def test_what_is_no_master_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_master(text)
