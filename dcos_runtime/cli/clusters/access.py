"""Credentials for a cluster: a token for its gateways, or a principal for daemons started by hand."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from dcos_runtime.cli.clusters.target import Target
from dcos_runtime.cli.connection.gateway import Access, Gateways
from dcos_runtime.cli.connection.http import Http
from dcos_runtime.cli.connection.trust import SYSTEM, Trust, read_setting
from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.output import print_note

TOKEN_VARIABLES = ("DCOS_ACS_TOKEN", "DCOS_DCOS_ACS_TOKEN")
"""Each may hold a token that wins over the one of `dcos auth login`; DC/OS' own command reads both names."""


def connect(target: Target, environment: Mapping[str, str]) -> Http | Gateways:
    """Raises `CliError` when the environment or the cluster's file has an unusable value."""
    if not target.is_gateway:
        return Http(authorization=_principal(environment))
    return gateways(target, trust(target, environment), access(target, environment))


def gateways(target: Target, trusted: Trust, who: Access | None) -> Gateways:
    """The target's gateway first, then the others of its cluster."""
    if trusted.blind:
        print_note(f"warning: nobody checks that {target.url} is the cluster ({trusted.origin} is false)")
    return Gateways((target.url, *(target.cluster.gateways() if target.cluster else ())), trusted, who)


def trust(target: Target, environment: Mapping[str, str]) -> Trust:
    """DCOS_SSL_VERIFY wins over the cluster's file."""
    if value := environment.get("DCOS_SSL_VERIFY"):
        return read_setting(value, "DCOS_SSL_VERIFY")
    if target.cluster is None:
        return Trust(SYSTEM, "no other is named")
    return read_setting(target.cluster.ssl_verify, f"core.ssl_verify in {target.cluster.file}", target.cluster.folder)


def access(target: Target, environment: Mapping[str, str]) -> Access:
    """A token in the environment wins over the stored login."""
    name = target.cluster.name if target.cluster else target.url
    for variable in TOKEN_VARIABLES:
        if token := environment.get(variable, "").strip():
            return Access(name, _sendable(token, variable), variable)
    token_kept = target.cluster.token if target.cluster else None
    return Access(name, _sendable(token_kept, str(target.cluster.file)) if target.cluster and token_kept else None)


def _sendable(token: str, where: str) -> str:
    """A token is sent in a header, so its characters are limited."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CliError(f"{where} holds a token with characters no token has", hints=["dcos auth login"])
    return token


def _principal(environment: Mapping[str, str]) -> str | None:
    """HTTP Basic for daemons at their own ports. A token is never sent without TLS."""
    name = environment.get("DCOS_PRINCIPAL")
    if not name:
        return None
    file = environment.get("DCOS_SECRET_FILE")
    if not file:
        raise CliError(
            "DCOS_PRINCIPAL is set, but DCOS_SECRET_FILE is not: it names the file with that principal's secret",
            exit_code=USAGE,
        )
    try:
        secret = Path(file).read_bytes().removesuffix(b"\n").removesuffix(b"\r")
    except OSError as error:
        raise CliError(f"cannot read {file}, which DCOS_SECRET_FILE names: {error.strerror}") from error
    return "Basic " + base64.b64encode(name.encode("utf-8", "surrogateescape") + b":" + secret).decode()
