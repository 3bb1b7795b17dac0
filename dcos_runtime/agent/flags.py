"""What the flags of dcos-agent become: who may pass, which capabilities tasks get, and what makes no sense together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from dcos_runtime.agent.core.capabilities import Policy
from dcos_runtime.agent.resources import parse_attributes, parse_resources
from dcos_runtime.flags import FlagError
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.guard import doors, guard
from dcos_runtime.guard.doors import Doors
from dcos_runtime.guard.users import Users
from dcos_runtime.store.election import parse_master

CHECKS: Mapping[str, Callable[[str], object]] = {
    "master": parse_master,
    "resources": parse_resources,
    "attributes": parse_attributes,
}
"""What else the texts of flags have to pass."""

INSIDERS = ("gateway", "operator", "auth", "master")
"""Kinds of our own daemons that are let in on the port with TLS."""


def who_may_pass(flags: AgentFlags, users: Users | None) -> Doors:
    """``users``: who is asked about revoked tokens. Raises `guard.GuardUnusable`."""
    known = guard.guard(
        "mesos-agent",
        credentials=flags.http_credentials,
        token_key=flags.token_key,
        token_issuer=flags.token_issuer,
        users=users,
        anonymous_reads=flags.anonymous_reads,
        tls_kinds=INSIDERS,
    )
    return Doors("mesos-agent", known, doors.wanted(flags), own="agent")


def capabilities(flags: AgentFlags) -> Policy:
    """Which capabilities tasks get and may ask for."""
    given, allowed = flags.effective_capabilities, flags.bounding_capabilities
    policy = Policy(
        given=None if given is None else frozenset(given.capabilities),
        allowed=None if allowed is None else frozenset(allowed.capabilities),
    )
    return replace(policy, allowed=policy.most | flags.additional_capabilities)


def check(flags: AgentFlags) -> None:
    """What no single flag can tell. Raises `FlagError`."""
    sources = {"http_credentials": flags.http_credentials, "token_key": flags.token_key}
    problems = doors.problems(flags, doors.wanted(flags), sources)
    if flags.ip == "0.0.0.0" and flags.advertise_ip is None:
        problems.append("--ip=0.0.0.0 tells nobody where this agent is; give --advertise_ip, too")
    policy = capabilities(flags)
    if beyond := (policy.given or frozenset()) - policy.most:
        names = ", ".join(sorted(capability.value for capability in beyond))
        problems.append(f"--effective_capabilities names {names}, which --bounding_capabilities does not allow")
    if problems:
        raise FlagError(flags.program, problems)
