"""Every port that a daemon can be told is one that can be: 1 to 65535, or 0 where it listens at any free one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from dcos_runtime.flags import Flag, FlagError, parse
from dcos_runtime.flags.values import PORT, PORT_RANGES, REACHED_PORT
from tests.support.documented import DAEMONS

TEXTS: dict[str, tuple[str, ...]] = {
    "artifact_url": ("http://h:{}", "http://h:{}/a"),
    "docker_registry": ("http://h:{}", "https://[2001:db8::1]:{}/path"),
    "marathon": ("http://h:{}", "http://a:80,https://[2001:db8::1]:{}"),
    "master": ("h:{}", "http://h:{}", "zk://h:{}/p", "zk://u:p@a:2181,h:{}/p"),
    "mirror": ("http://h:{}/u", "http://[2001:db8::1]:{}"),
    "mirror_registry": ("h:{}", "h:{}/path", "[2001:db8::1]:{}"),
    "repositories": ("a=http://h:{}/u", "a=http://h/u,b=https://h:{}", '[{{"name": "a", "uri": "http://h:{}"}}]'),
    "webui_url": ("http://h:{}", "https://h:{}/ui?x=1"),
    "zk": ("zk://h:{}/p", "zk://a:2181,h:{}/p", "zk://u:p@[2001:db8::1]:{}/p"),
}
"""Flags whose text holds a port, with ways to write it."""
OF_COSMOS = {"master": ("http://h:{}", "http://a:80,https://[2001:db8::1]:{}")}

NONE = {
    "authenticate_http": "yes or no",
    "check_agent_port_range_only": "yes or no",
    "cluster_addresses": "no ports",
    "container_ports_watch_interval": "a time",
    "enforce_container_ports": "yes or no",
    "enforce_ports": "yes or no",
    "resources": "an offer, read as Mesos reads it; see tests of resources",
}
"""Flags that speak of ports or URLs and hold none."""

FLAGS = [(program, flag) for program, daemon in DAEMONS.items() for flag in daemon.flags.declared()]
IDS = [f"{program} --{flag.name}" for program, flag in FLAGS]


def forms(program: str, flag: Flag) -> tuple[str, ...]:
    if flag.kind in (PORT, REACHED_PORT):
        return ("{}",)
    if flag.kind is PORT_RANGES:
        return ("{}", "80,{}", "1-{}")
    own = OF_COSMOS if program == "dcos-cosmos" else {}
    return own.get(flag.name, TEXTS.get(flag.name, ()))


def problems(program: str, name: str, text: str) -> list[str]:
    """What is wrong with that flag; others that are missing do not count."""
    daemon = DAEMONS[program]
    try:
        parse(daemon.flags, [f"--{name}={text}"], {}, daemon.checks)
    except FlagError as error:
        return [one for one in error.problems if re.search(rf"\b{name}\b", one) and "required" not in one]
    return []


def cases() -> Iterator[tuple[str, Flag, str]]:
    for program, flag in FLAGS:
        for form in forms(program, flag):
            yield program, flag, form


@pytest.mark.parametrize(("program", "flag"), FLAGS, ids=IDS)
def test_every_flag_that_speaks_of_a_port_is_looked_at(program: str, flag: Flag) -> None:
    spoken = re.search(r"\bports?\b|_port|URL|url|zk://|host:", f"{flag.name} {flag.kind.name} {flag.help}")
    if spoken:
        assert forms(program, flag) or flag.name in NONE, flag.help


@pytest.mark.parametrize(
    ("program", "flag", "form"),
    list(cases()),
    ids=[f"{program} --{flag.name}={form}" for program, flag, form in cases()],
)
def test_a_port_that_cannot_be_is_refused(program: str, flag: Flag, form: str) -> None:
    for good in (1, 80, 65535):
        assert problems(program, flag.name, form.format(good)) == []
    for bad in (65536, 99999, 100000, 4294967376, "-1", "8x", "٨٠"):
        assert problems(program, flag.name, form.format(bad)), f"--{flag.name}={form.format(bad)}"
    any_free = problems(program, flag.name, form.format(0)) == []
    assert any_free is (flag.kind is PORT), f"--{flag.name}={form.format(0)}"


def test_only_what_listens_may_have_any_free_port() -> None:
    for program, flag in FLAGS:
        if flag.kind is PORT:
            listens = re.search(r"to listen on|port of the API|agents' protocol|our own daemons over TLS", flag.help)
            assert listens or flag.name.startswith("local_port_"), f"{program} --{flag.name}: {flag.help}"


def test_nothing_is_left_out_without_need() -> None:
    assert NONE.keys() <= {flag.name for program, flag in FLAGS if not forms(program, flag)}
