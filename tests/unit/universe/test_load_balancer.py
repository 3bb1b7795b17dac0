"""The pure part of the package load-balancer: apps with labels become services, a configuration, and steps to it."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from load_balancer.configuration import Settings, slots_for
from load_balancer.init import Init, Unreachable, addresses
from load_balancer.labels import Server, Service, see
from load_balancer.steering import Slots, resized, steer
from tests.support.universe.balanced import EXTERNAL, SECURE, app, task, text_of


def service(**labels: str) -> tuple[Service, tuple[str, ...]]:
    seen = see([app("/web", 10001, **labels)], EXTERNAL)
    (found,) = seen.services
    return found, seen.warnings


def test_only_apps_of_the_group_are_balanced() -> None:
    apps = [
        app("/a"),
        app("/b", 10002, HAPROXY_GROUP="internal"),
        app("/c", 10003, HAPROXY_GROUP="internal, external"),
        app("/d", 10004, HAPROXY_GROUP="internal", HAPROXY_0_GROUP="external"),
        app("/e", 10005, HAPROXY_0_GROUP="internal"),
        app("/f", 10006, HAPROXY_0_ENABLED="false"),
        {**app("/g", 10007), "labels": {}},
    ]
    assert [one.app_id for one in see(apps, EXTERNAL).services] == ["/a", "/c", "/d"]
    assert len(see(apps, frozenset("*")).services) == 6
    assert see(apps, EXTERNAL, strict=True).services == ()
    apps[0]["labels"]["HAPROXY_0_ENABLED"] = "true"
    assert [one.app_id for one in see(apps, EXTERNAL, strict=True).services] == ["/a"]


def test_ports_of_containers_are_balanced_where_the_machine_has_them_or_else_at_the_container() -> None:
    mappings = [
        {"containerPort": 80, "servicePort": 10001},
        {"containerPort": 81, "hostPort": 0, "servicePort": 10002},
        {"containerPort": 0, "servicePort": 10003},
        {"containerPort": 82, "hostPort": 0, "servicePort": 10004},
    ]
    one = {**app(HAPROXY_1_BACKEND_HEALTHCHECK_PORT_INDEX="3"), "networks": [{"mode": "container", "name": "n"}]}
    one["container"], one["tasks"] = {"type": "MESOS", "portMappings": mappings}, [task(31000, ports=[31000, 31001])]
    one["tasks"][0]["ipAddresses"] = [{"ipAddress": "198.19.0.9", "protocol": "IPv4"}]
    one["tasks"][0]["host"] = "agent1"
    seen = see([one], EXTERNAL)
    assert [service.port for service in seen.services] == [10001, 10002, 10003, 10004] and seen.warnings == ()
    assert [seen.servers[service.name] for service in seen.services] == [
        (Server("198.19.0.9", 80, 80),),
        (Server("agent1", 31000, 31001),),
        (),
        (Server("agent1", 31001, 31001),),
    ]
    one["networks"] = [{"mode": "host"}]
    assert [service.port for service in see([one], EXTERNAL).services] == [10001]


def test_labels_say_how_a_port_is_balanced() -> None:
    found, warnings = service(
        HAPROXY_0_VHOST="Web.Example.test, www.example.test",
        HAPROXY_0_PATH="/api /v2",
        HAPROXY_0_BALANCE="leastconn",
        HAPROXY_0_STICKY="true",
        HAPROXY_0_PORT="8000",
        HAPROXY_0_BIND_ADDR="198.18.0.21",
        HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL="198.18.0.0/24 198.18.1.5",
        HAPROXY_0_BACKEND_WEIGHT="7",
    )
    assert warnings == ()
    assert found.name == "web_8000" and found.mode == "http" and found.balance == "leastconn" and found.sticky
    assert found.hosts == ("web.example.test", "www.example.test") and found.paths == ("/api", "/v2")
    assert found.address == "198.18.0.21" and found.weight == 7
    assert found.networks == ("198.18.0.0/24", "198.18.1.5")
    plain, _ = service()
    assert plain.mode == "tcp" and plain.port == 10001 and plain.hosts == () and plain.weight == 0
    assert service(HAPROXY_0_MODE="http")[0].mode == "http"
    assert service(HAPROXY_0_VHOST="a.test", HAPROXY_0_PATH="/x")[0].weight == 1


def test_a_health_check_of_the_app_is_made_here_too_and_makes_the_port_http() -> None:
    one = app()
    one["healthChecks"] = [{"protocol": "MESOS_HTTP", "path": "/well?deep=1", "portIndex": 0}]
    (found,) = see([one], EXTERNAL).services
    assert found.mode == "http" and found.check_path == "/well?deep=1"
    assert "http-check send meth GET uri /well?deep=1" in text_of(one)


def test_tasks_that_do_not_run_or_are_not_well_get_nothing() -> None:
    one = app()
    one["tasks"] = [task(1), task(2, state="TASK_STAGING"), {**task(3), "ports": []}]
    assert [server.port for server in see([one], EXTERNAL).servers["web_10001"]] == [1]
    one["healthChecks"] = [{"protocol": "COMMAND"}]
    well, ill = {"healthCheckResults": [{"alive": True}]}, {"healthCheckResults": [{"alive": True}, {"alive": False}]}
    one["tasks"] = [task(1, **well), task(2, **ill), task(3), task(4, healthCheckResults=[None])]
    assert [server.port for server in see([one], EXTERNAL).servers["web_10001"]] == [1]


def test_a_task_is_asked_at_its_machines_address_rather_than_its_name() -> None:
    one = app()
    one["tasks"] = [
        {**task(1), "host": "a1.test", "ipAddresses": [{"ipAddress": "198.18.0.22", "protocol": "IPv4"}]},
        {**task(2), "host": "a2.test"},
        {**task(3), "host": "fd00::1"},
    ]
    assert [server.host for server in see([one], EXTERNAL).servers["web_10001"]] == [
        "198.18.0.22",
        "a2.test",
        "fd00::1",
    ]


def test_the_check_may_be_made_at_another_port_of_the_task() -> None:
    one = app(HAPROXY_0_BACKEND_HEALTHCHECK_PORT_INDEX="1", HAPROXY_1_ENABLED="false")
    one["portDefinitions"].append({"port": 10002})
    one["tasks"] = [{**task(1), "ports": [1, 2]}]
    seen = see([one], EXTERNAL)
    assert seen.servers == {"web_10001": (Server("198.18.0.21", 1, 2),)}


def test_a_port_is_the_first_apps_and_unknown_labels_are_told() -> None:
    seen = see([app("/b"), app("/a", HAPROXY_0_BACKEND_HEAD="x", HAPROXY_0_BIND_OPTIONS="y")], EXTERNAL)
    assert [one.app_id for one in seen.services] == ["/a"]
    assert "/b: its port 10001 is that of /a already" in seen.warnings
    assert "/a: the label HAPROXY_0_BACKEND_HEAD is not known here" in seen.warnings
    assert "/a: the label HAPROXY_0_BIND_OPTIONS is not known here" in seen.warnings
    twins = see([app("/a/b", 10001, HAPROXY_0_PORT="8000"), app("/a_b", 8000)], EXTERNAL)
    assert len(twins.services) == 1 and len(twins.warnings) == 1


WORDS = ["VHOST", "PATH", "MODE", "BALANCE", "BIND_ADDR", "PORT", "BACKEND_NETWORK_ALLOWED_ACL", "AUTH"]
WORDS += ["SSL_CERT", "REDIRECT_TO_HTTPS"]
WORDS += ["BACKEND_WEIGHT", "STICKY", "HTTP_BACKEND_PROXYPASS_PATH", "HTTP_BACKEND_REVPROXY_PATH", "HTTP_BACKEND_REDIR"]
EVIL = st.text("ab.:/ \n\r\t#\\\"'{}$%[]()^*?|;,\x00é", max_size=12)


@example({"HAPROXY_0_AUTH": ";:;:$"}, "")
@given(st.dictionaries(st.sampled_from([f"HAPROXY_0_{word}" for word in WORDS]), EVIL), EVIL)
def test_whatever_labels_hold_they_add_no_line_of_their_own(labels: dict[str, str], path: str) -> None:
    one = app("/web", 10001, **labels)
    one["healthChecks"] = [{"path": path}]
    clean = app("/web", HAPROXY_0_VHOST="a.test", HAPROXY_0_PATH="/a", HAPROXY_0_AUTH="r:u:p", HAPROXY_0_STICKY="true")
    heads = {line.split()[0] for line in text_of(clean, settings=SECURE).splitlines()}
    heads |= {"option", "http-check", "tcp-request", "acl", "http-response"}
    text = text_of(one, settings=SECURE)
    assert all(line.split() and line.split()[0] in heads for line in text.split("\n")[:-1])
    assert sum(line.startswith("backend ") for line in text.splitlines()) == 1
    # The hash of a password is made of $; HAProxy looks for variables in quotes only, and there are none.
    text = "\n".join(
        re.sub(r"(?<= password )\S+", lambda found: found[0].replace("$", ""), line) for line in text.split("\n")
    )
    for harmful in "\r\t\x00\"'$#{":
        result = text.replace("if { path", "").replace("unless { http_auth", "").replace("%[dst_port]", "")
        assert harmful not in result


def test_virtual_hosts_are_ordered_by_weight_and_length_of_path() -> None:
    text = text_of(
        app("/all", 10001, HAPROXY_0_VHOST="x.test"),
        app("/api", 10002, HAPROXY_0_VHOST="x.test", HAPROXY_0_PATH="/api"),
        app("/deep", 10003, HAPROXY_0_VHOST="x.test", HAPROXY_0_PATH="/api/deep"),
        app("/first", 10004, HAPROXY_0_VHOST="x.test", HAPROXY_0_BACKEND_WEIGHT="9"),
    )
    used = [line.split()[1] for line in text.splitlines() if "use_backend" in line]
    assert used == ["first_10004", "deep_10003", "api_10002", "all_10001"]
    assert "http_in" not in text_of(app(), settings=Settings("/s", 31000))


def test_a_password_is_in_no_message() -> None:
    found, warnings = service(HAPROXY_0_AUTH="realm:user:pass word")
    assert found.realm == ("closed", "nobody", "!") and "pass word" not in repr((found, warnings))
    assert "user u password $5$x" in text_of(app(HAPROXY_0_AUTH="r:u:$5$x", HAPROXY_0_MODE="http"))


def test_the_generation_is_that_of_the_text() -> None:
    first, second = text_of(app()), text_of(app(HAPROXY_0_BALANCE="source"))
    names = [text.partition("LOAD_BALANCER_GENERATION ")[2].partition("\n")[0] for text in (first, second)]
    assert names[0] != names[1] and text_of(app()) == first


def test_places_grow_by_doubling_and_never_shrink() -> None:
    assert [slots_for(count) for count in (0, 1, 2, 3, 4, 5)] == [4, 4, 4, 8, 8, 16]
    assert slots_for(4, 8) == 8 and slots_for(0, 16) == 16 and slots_for(9, 8) == 32


SERVERS = st.lists(st.builds(Server, st.just("198.18.0.1"), st.integers(1, 12), st.just(1)), max_size=12)


@given(SERVERS, SERVERS)
def test_steps_lead_to_what_is_wanted_and_leave_those_that_stay(before: list[Server], after: list[Server]) -> None:
    start = steer(resized({}, {"b": 8}), {"b": before}).slots
    steps = steer(start, {"b": after})
    places = list(start["b"].places)
    for command in steps.commands:
        _, _, place, verb, *rest = command.split()
        at = int(place.removeprefix("b/s")) - 1
        if rest == ["maint"]:
            places[at] = None
        elif verb == "addr":
            assert places[at] is None
            places[at] = Server(rest[0], int(rest[2]), 1)
    assert tuple(places) == steps.slots["b"].places
    held = [one for one in places if one is not None]
    assert len(set(held)) == len(held) and set(held) <= set(after)
    assert ("b" in steps.short) == (len(set(after)) > 8) and (len(held) == min(8, len(set(after))))
    for number, server in enumerate(start["b"].places):
        if server in after and "b" not in steps.short:
            assert places[number] == server
    assert steer(steps.slots, {"b": held}).commands == ()


def test_backends_that_stay_keep_their_places_when_others_come() -> None:
    one = Server("198.18.0.1", 1, 1)
    slots = {"a": Slots((None, one)), "gone": Slots((one,))}
    assert resized(slots, {"a": 4, "new": 1}) == {"a": Slots((None, one, None, None)), "new": Slots((None,))}


def test_the_inits_are_those_beside_the_masters_that_the_agent_knows(tmp_path: Any) -> None:
    settings = tmp_path / "agent.env"
    assert addresses(" http://a:8080/, http://b:8080", settings) == ["http://a:8080", "http://b:8080"]
    with pytest.raises(Unreachable, match=r"init\.urls"):
        addresses("", settings)
    settings.write_text('MESOS_IP=198.18.0.21\nMESOS_MASTER="zk://198.18.0.11:2181,198.18.0.12:2181/dcos/mesos"\n')
    assert addresses("", settings) == ["http://198.18.0.11:8080", "http://198.18.0.12:8080"]
    settings.write_text("MESOS_MASTER=198.18.0.11:5050\n")
    assert addresses("", settings) == ["http://198.18.0.11:8080"]
    settings.write_text("MESOS_MASTER=zk://u:p@198.18.0.11:2181/x\n")
    assert addresses("", settings) == ["http://198.18.0.11:8080"]
    settings.write_text("")
    with pytest.raises(Unreachable, match="names no master"):
        addresses("", settings)


@pytest.mark.parametrize(
    "url", ["http://[::g]/", "http://a:99999", "https://a:8080", "a:8080", "http://", "http://a b"]
)
def test_a_url_that_is_none_is_told_when_it_starts(url: str, tmp_path: Any) -> None:
    with pytest.raises(Unreachable, match=r"init\.urls"):
        addresses(f"http://a:8080,{url}", tmp_path / "none")


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("http://localhost:PORT/v2/apps", "none of the given inits"),
        ("https://127.0.0.1:PORT/v2/apps", "none of the given inits"),
        ("http://[::g]/v2/apps", "host is not valid"),
        ("http://127.0.0.1:99999/v2/apps", "port"),
        ("ftp://127.0.0.1/v2/apps", "scheme is ftp"),
    ],
)
def test_a_credential_goes_to_no_other_host(location: str, says: str) -> None:
    import http.server
    import threading

    asked: list[str | None] = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Authorization"])
            self.send_response(307)
            self.send_header("Location", location.replace("PORT", str(self.connection.getsockname()[1])))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        init = Init([f"http://127.0.0.1:{server.server_port}"], "lb", "secret")
        with pytest.raises(Unreachable, match=says):
            init.apps()
        server.shutdown()
    assert asked == ["Basic " + base64.b64encode(b"lb:secret").decode()]
