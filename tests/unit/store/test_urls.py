"""What --zk and --master take."""

from __future__ import annotations

import pytest

from dcos_runtime.store.election import parse_master
from dcos_runtime.store.zookeeper import ZooKeeperUrl, parse_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("zk://a:2181/mesos", ZooKeeperUrl("a:2181", "/mesos")),
        ("zk://a:2181,b:2181,[::1]:2181/x/y/", ZooKeeperUrl("a:2181,b:2181,[::1]:2181", "/x/y")),
        ("zk://u:p:w@198.18.0.1:2181/mesos", ZooKeeperUrl("198.18.0.1:2181", "/mesos", "u:p:w")),
    ],
)
def test_zookeeper_urls(text: str, url: ZooKeeperUrl) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    "text",
    ["", "zk://", "zk://a:2181", "zk://a:2181/", "http://a/b", "zk://a b/c", "zk://secret@a:1/x", "zk://a:1/x/../y"],
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
