"""`dcos cluster setup`: from a URL to a known cluster, with a pinned CA and a login."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime import urls
from dcos_runtime.cli.clusters.known import CA_FILE, Clusters, KnownCluster
from dcos_runtime.cli.clusters.login import LoginArguments, json_object, log_in, require_terminal
from dcos_runtime.cli.clusters.target import base_url
from dcos_runtime.cli.connection.gateway import CONNECT_SECONDS, Access, Gateways
from dcos_runtime.cli.connection.http import NoResponse, NotJson, Untrusted, exchange, origin
from dcos_runtime.cli.connection.trust import NOBODY, SYSTEM, Trust, read_authorities, unverified
from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.output import clean, print_note

_CA_PATH = "/ca/dcos-ca.crt"
_LONGEST_CA = 256 * 1024
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?")


@dataclass(frozen=True)
class CaTrust:
    """How the cluster's CA comes to be trusted: from a file, as it is (``unchecked``), not at all, or by asking."""

    ca_file: str | None = None
    unchecked: bool = False
    insecure: bool = False


def set_up(clusters: Clusters, url: str, check: CaTrust, credentials: LoginArguments, name: str | None) -> KnownCluster:
    """Makes the cluster known, logs in and attaches it; one that is known already is brought up to date.

    Raises `CliError`, and the known clusters stay as they were.
    """
    if [check.ca_file is not None, check.unchecked, check.insecure].count(True) > 1:
        raise CliError("--ca-certs, --no-check and --insecure exclude each other", exit_code=USAGE)
    url = _canonical(url)
    trust = _decide(clusters, url, check)
    if trust.blind:
        print_note("warning: nobody checks that this is the cluster: what you send may reach another server")
    cluster_id = _cluster_id(Gateways([url], trust))
    token = log_in(Gateways([url], trust), credentials)
    gateways = Gateways([url], trust, Access(url, token))
    masters = other_gateways(gateways)
    known = {one.id: one for one in clusters.all()}.get(cluster_id)
    name = name or (known and known.text("cluster", "name")) or _name_at(gateways) or cluster_id
    kept = str((clusters.folder / cluster_id / CA_FILE).absolute())
    return clusters.save(
        cluster_id,
        {
            "core": {"dcos_url": url, "dcos_acs_token": token, "ssl_verify": kept if trust.pem else trust.setting},
            "cluster": {"name": name, "masters": masters or None},
        },
        ca=trust.pem,
        attach=True,
    )


def _canonical(address: str) -> str:
    """The gateway's https URL, also for a bare host. An ``http`` URL may redirect to it."""
    if "://" not in address:
        address = f"https://{address}"
    url = base_url(address, "URL")
    if url.startswith("https://"):
        return origin(url) + urls.parse(url).path
    try:
        response = exchange("HEAD", url + "/", connect_timeout=CONNECT_SECONDS)
    except NoResponse as error:
        raise CliError(f"cannot reach {url}: {error}") from error
    target = response.redirect("HEAD")
    if target is None or not target.startswith("https://"):
        raise CliError(
            f"{url} does not lead to a gateway (https)",
            hints=[
                "give the gateway's address: https://MASTER",
                f"to ask a master that was started by hand: --master={url}",
            ],
            exit_code=USAGE,
        )
    found = origin(target)
    if urls.parse(found).hostname != urls.parse(url).hostname:
        print_note(f"{url} leads to {found}")
    return found + urls.parse(target).path.rstrip("/")


def _decide(clusters: Clusters, url: str, check: CaTrust) -> Trust:
    if check.insecure:
        return Trust(NOBODY, "--insecure")
    if check.ca_file is not None:
        try:
            pem = Path(check.ca_file).read_bytes()
        except OSError as error:
            raise CliError(f"cannot read {check.ca_file}, which --ca-certs names: {error.strerror}") from error
        read_authorities(pem, check.ca_file)
        return Trust(check.ca_file, "--ca-certs", pem)
    pinned = _pinned(clusters, url)
    if pinned is not None and _signs(url, pinned):
        return Trust("the one kept", "accepted before", pinned)
    if pinned is None and _signs(url, None):
        return Trust(SYSTEM, "the system's CAs know it")
    return Trust(f"{url}{_CA_PATH}", "accepted now", _fetch(url, unchecked=check.unchecked, before=pinned))


def _pinned(clusters: Clusters, url: str) -> bytes | None:
    """The stored CA of the cluster that answered at this URL until now."""
    for cluster in clusters.all():
        if cluster.answers_at(url) and cluster.ssl_verify not in (SYSTEM, NOBODY):
            try:
                return (cluster.folder / cluster.ssl_verify).read_bytes()
            except OSError:
                continue
    return None


def _signs(url: str, pem: bytes | None) -> bool:
    """Whether this CA (None: the system's) signed the gateway's certificate. Raises `CliError` without a response."""
    trust = Trust(SYSTEM, "the system") if pem is None else Trust("the CA", "its file", pem)
    context = trust.context()
    try:
        exchange("HEAD", url + "/", tls=context, connect_timeout=CONNECT_SECONDS)
    except Untrusted:
        return False
    except NoResponse as error:
        raise CliError(
            f"cannot reach {url}: {error}", hints=["is this the address of a master, and is port 443 open?"]
        ) from error
    return True


def _fetch(url: str, *, unchecked: bool, before: bytes | None) -> bytes:
    """The CA that the cluster serves, accepted by a human unless ``unchecked``. Raises `CliError`."""
    try:
        response = exchange("GET", url + _CA_PATH, tls=unverified(), connect_timeout=CONNECT_SECONDS)
    except NoResponse as error:
        raise CliError(f"cannot fetch the cluster's CA from {url}{_CA_PATH}: {error}") from error
    pem = response.body
    if response.status != 200 or b"-----BEGIN CERTIFICATE-----" not in pem or len(pem) > _LONGEST_CA:
        raise CliError(
            f"{response.url} has no CA certificate (status {response.status})",
            hints=["if you have it as a file: --ca-certs=FILE"],
        )
    authorities = read_authorities(pem, response.url)
    if before is not None:
        print_note(f"WARNING: the CA of {url} is not the one that was accepted before:")
        for old in read_authorities(before, "the one kept"):
            print_note(f"  it was {old.fingerprint}")
        print_note("Either the cluster was deployed again, or another server answers there.")
    if not unchecked:
        print_note("Cluster Certificate Authority:")
        for authority in authorities:
            for line in authority.lines():
                print_note(f"  {line}")
        _confirm()
    if not _signs(url, pem):
        raise CliError(
            f"the CA that {url} hands out did not sign its own certificate, or that one names another host",
            hints=["use the address that the certificate names, or give the right CA with --ca-certs=FILE"],
        )
    return pem


def _confirm() -> None:
    require_terminal(
        "Do you trust this CA?", "compare the fingerprint; then --no-check accepts it, or --ca-certs=FILE names it"
    )
    import click

    if not click.confirm("Do you trust it?", err=True):
        raise CliError("not trusted: nothing was changed")


def _cluster_id(gateways: Gateways) -> str:
    answer = json_object(gateways.get(gateways.home + "/metadata"))
    try:
        found = uuid.UUID(str(answer.get("CLUSTER_ID")))
    except ValueError:
        found = None
    if found is None or found.version != 4 or str(found) != str(answer["CLUSTER_ID"]).lower():
        raise CliError(f"{gateways.home}/metadata does not contain a cluster's id: {clean(str(answer))[:200]}")
    return str(found)


def other_gateways(gateways: Gateways) -> list[str]:
    """URLs of the gateways of all masters that the cluster lists, with the scheme and port of ``home``."""
    response = gateways.get(gateways.home + "/exhibitor/exhibitor/v1/cluster/status")
    try:
        members: Any = response.json() if response.status == 200 else []
    except NotJson:
        members = []
    here = urls.parse(gateways.home)
    port = f":{here.port}" if here.port else ""
    hosts = [one.get("hostname") for one in members if isinstance(one, dict)] if isinstance(members, list) else []
    good = [host.strip("[]") for host in hosts if isinstance(host, str) and _HOST.fullmatch(host)]
    return [f"https://{f'[{host}]' if ':' in host else host}{port}{here.path}" for host in dict.fromkeys(good)]


def _name_at(gateways: Gateways) -> str | None:
    """The cluster's own name, if it has one."""
    response = gateways.get(gateways.home + "/mesos/state-summary")
    try:
        answer: Mapping[str, Any] = response.json() if response.status == 200 else {}
    except NotJson:
        return None
    name = answer.get("cluster") if isinstance(answer, dict) else None
    return clean(name).strip() or None if isinstance(name, str) else None
