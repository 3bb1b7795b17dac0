"""Paths as they were sent, and what they lead to; cookies and headers; where services may be."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from dcos_runtime.gateway import routing
from dcos_runtime.gateway.request_credentials import foreign_page, split_cookies, token_in
from dcos_runtime.gateway.routing import SERVICE, Destination, Member, NoRoute, ServiceEndpoint, route_of
from dcos_runtime.gateway.services import by_hand

MESOS, INIT, AGENT = "mesos", "init", "agent"
NAMES = (MESOS, INIT, AGENT, SERVICE)
ROUTES = [service.route for service in by_hand(master=1, init=2, agent=3, gateway=4) if service.route]


@pytest.mark.parametrize(
    ("uri", "name", "wanted"),
    [
        ("/mesos/", MESOS, Destination(MESOS, "/mesos", "/")),
        ("/mesos//a%2Fb?c=/../d", MESOS, Destination(MESOS, "/mesos", "//a%2Fb?c=/../d")),
        ("/marathon//v2/apps//a", INIT, Destination(INIT, "/marathon", "//v2/apps//a")),
        ("/service/marathon/v2", INIT, Destination(INIT, "/service/marathon", "/v2")),
        ("/agent/a-S1/x?y", AGENT, Destination(AGENT, "/agent/a-S1", "/x?y", "a-S1")),
        ("/slave/a-S1", AGENT, Destination(AGENT, "/slave/a-S1", "/", "a-S1")),
        ("/slave/a-S1?y", AGENT, Destination(AGENT, "/slave/a-S1", "/?y", "a-S1")),
        ("/service/a/b", SERVICE, Destination(SERVICE, "/service", "/a/b")),
    ],
)
def test_a_path_leads_where_it_says(uri: str, name: str, wanted: Destination) -> None:
    assert route_of(uri, name, ROUTES) == wanted


@pytest.mark.parametrize("name", [name for name in NAMES if name != MESOS])
def test_a_path_that_nginx_took_for_another_route_leads_nowhere(name: str) -> None:
    with pytest.raises(NoRoute):
        route_of("/mesos/state", name, ROUTES)


_PIECES = st.lists(
    st.sampled_from(["/", "..", ".", "%2e", "%2E", "%2f", "%2F", "mesos", "a", "?", "//", "é", "\udcff", "#", "%"]),
    max_size=12,
)


@given(_PIECES, st.sampled_from(NAMES))
def test_whatever_is_passed_on_is_the_end_of_what_came_and_goes_up_nowhere(pieces: list[str], name: str) -> None:
    uri = "/mesos/" + "".join(pieces)
    try:
        found = route_of(uri, name, ROUTES)
    except NoRoute as error:
        assert error.status in (400, 404)
        return
    assert found.kind == MESOS == name
    assert found.prefix + found.rest == routing.plain(uri)
    path = unquote_to_bytes(found.rest.partition("?")[0])
    assert not {b".", b".."} & set(path.split(b"/"))


def test_a_services_name_may_have_several_parts() -> None:
    names = list(route_of("/service/a/b/c?d=e/f", SERVICE, ROUTES).service_names())
    assert names == [
        ("a", "/service/a", "/b/c?d=e/f"),
        ("a/b", "/service/a/b", "/c?d=e/f"),
        ("a/b/c", "/service/a/b/c", "?d=e/f"),
    ]
    assert list(route_of("/service//a", SERVICE, ROUTES).service_names()) == []
    assert [name for name, _, _ in route_of("/service/a/%41/b", SERVICE, ROUTES).service_names()] == ["a"]


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("token=abc", "abc"),
        ('Token="abc"', "abc"),
        ("Bearer abc", "abc"),
        ("BEARER  abc ", "abc"),
        ("bearer", None),
        ("Basic abc", None),
        ("", None),
    ],
)
def test_tokens_in_an_authorization_header(header: str, token: str | None) -> None:
    assert token_in(header) == token


@pytest.mark.parametrize(
    ("header", "token", "others"),
    [
        ("", None, ""),
        ("a=b", None, "a=b"),
        ("dcos-acs-auth-cookie=t", "t", ""),
        ('a=b;dcos-acs-auth-cookie="t"; c', "t", "a=b; c"),
        ("dcos-acs-auth-cookie=t; dcos-acs-auth-cookie=u", "t", ""),
        ("xdcos-acs-auth-cookie=t", None, "xdcos-acs-auth-cookie=t"),
        ("dcos-acs-auth-cookie=; a=b", "", "a=b"),
    ],
)
def test_our_cookie_is_taken_out_of_the_others(header: str, token: str | None, others: str) -> None:
    assert split_cookies([header]) == (token, others)
    # In several headers or in one is the same.
    assert split_cookies(header.split(";")) == (token, others)


@given(st.lists(st.sampled_from(["dcos-acs-auth-cookie=secret", "a=b", "", " ", "c=dcos-acs-auth-cookie"])))
def test_no_mix_of_cookies_lets_ours_through(parts: list[str]) -> None:
    assert "secret" not in split_cookies(parts)[1]


OWN = "https://gate.example:8443"


@pytest.mark.parametrize(
    ("headers", "host", "says"),
    [
        ({}, "gate.example", ""),
        ({"sec-fetch-site": "same-origin", "origin": OWN, "referer": f"{OWN}/x?y#z"}, "gate.example:8443", ""),
        ({"origin": "https://GATE.example"}, "gate.example", ""),
        ({"origin": "https://gate.example:443"}, "gate.example", ""),
        ({"origin": "https://[fd00::1]"}, "[fd00::1]:443", ""),
        ({"sec-fetch-site": "none"}, "gate.example", ""),
        ({"origin": OWN}, "gate.example", "Origin"),
        ({"origin": "https://gate.example"}, "gate.example:8443", "Origin"),
        ({"origin": "https://gate.example.evil.example"}, "gate.example", "Origin"),
        ({"origin": "https://gate.example@evil.example"}, "gate.example", "Origin"),
        ({"origin": "https://gate.example, https://evil.example"}, "gate.example", "Origin"),
        ({"origin": "null"}, "gate.example", "Origin"),
        ({"origin": "http://gate.example"}, "gate.example", "Origin"),
        ({"origin": "https://gate.example"}, "", "Origin"),
        ({"referer": "https://other.gate.example/"}, "gate.example", "Referer"),
        ({"referer": "https://gate.example:x/"}, "gate.example", "Referer"),
        ({"sec-fetch-site": "same-site"}, "gate.example", "Sec-Fetch-Site"),
        ({"sec-fetch-site": "same-origin, cross-site"}, "gate.example", "Sec-Fetch-Site"),
        ({"sec-fetch-site": "cross-site", "origin": OWN}, "gate.example:8443", "Sec-Fetch-Site"),
    ],
)
def test_another_sites_page_is_known_by_what_its_browser_says(headers: dict[str, str], host: str, says: str) -> None:
    assert foreign_page(CIMultiDict(headers), host) == says


@given(st.data())
def test_one_foreign_value_among_several_is_enough(data: st.DataObject) -> None:
    name, own, foreign = data.draw(
        st.sampled_from(
            [
                ("Sec-Fetch-Site", ["none", "same-origin", ""], ["cross-site", "same-site", "none, none", "x"]),
                ("Origin", [OWN, ""], ["null", "https://evil.example", f"{OWN}, {OWN}"]),
                ("Referer", [f"{OWN}/x", ""], ["https://evil.example/", "about:blank"]),
            ]
        )
    )
    values = data.draw(st.lists(st.sampled_from(own), max_size=4))
    cased = st.sampled_from([name, name.lower(), name.upper()])
    assert foreign_page(CIMultiDict((data.draw(cased), value) for value in values), "gate.example:8443") == ""
    assert foreign_page(CIMultiDict((name, own[0]) for _ in range(5000)), "gate.example:8443") == name
    values.insert(data.draw(st.integers(0, len(values))), data.draw(st.sampled_from(foreign)))
    assert foreign_page(CIMultiDict((data.draw(cased), value) for value in values), "gate.example:8443") == name


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "255.255.255.255",
        "::ffff:127.0.0.1",
        "::ffff:169.254.1.1",
        "2002:7f00:1::",
        "198.18.0.11",
        "::ffff:198.18.0.11",
        "name",
    ],
)
def test_nothing_is_looked_for_at_these_addresses(address: str) -> None:
    # Not even were an agent to say that it is there.
    said = {address: Member(offered=((1, 65535),)), "127.0.0.1": Member(), "169.254.1.1": Member()}
    assert routing.refused_target(address, 31000, {"198.18.0.11"}, said)


AGENTS = {"198.18.0.21": Member(frozenset({5051, 5052, 6052}), ((80, 80), (31000, 32000))), "fd00::1": Member()}


@pytest.mark.parametrize("port", [0, 22, 5051, 5052, 6052, 79, 81, 443, 1023, 65536, -1])
def test_nothing_is_looked_for_at_these_ports(port: int) -> None:
    assert routing.refused_target("198.18.0.21", port, (), AGENTS)


@pytest.mark.parametrize(
    "address", ["198.18.0.1", "198.18.0.22", "192.0.2.7", "fd00::2", "64:ff9b::c612:15", "::c612:15"]
)
def test_services_are_on_agents_and_nowhere_else(address: str) -> None:
    assert "not the address of an agent" in str(routing.refused_target(address, 31000, {"198.18.0.11"}, AGENTS))


def test_tasks_are_where_services_are_looked_for() -> None:
    for address, port in (("198.18.0.21", 31000), ("198.18.0.21", 80), ("::ffff:198.18.0.21", 4040), ("fd00::1", 8080)):
        assert routing.refused_target(address, port, {"198.18.0.11"}, AGENTS) is None


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://a:1/x", ServiceEndpoint("http", "a", 1)),
        ("https://a", ServiceEndpoint("https", "a", 443)),
        ("http://[::1]:8/", ServiceEndpoint("http", "::1", 8)),
        ("http://u:p@a/", None),
        ("file:///etc/passwd", None),
        ("http://a:99999/", None),
        ("//a", None),
        ("", None),
    ],
)
def test_a_web_page_says_where_it_is(url: str, place: ServiceEndpoint | None) -> None:
    assert routing.endpoint_of(url) == place
