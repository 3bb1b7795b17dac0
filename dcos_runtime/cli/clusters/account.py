"""The stored login of a cluster: logging in again, logging out, and the login methods of the cluster."""

from __future__ import annotations

from dcos_runtime.cli.clusters.access import TOKEN_VARIABLES, gateways, trust
from dcos_runtime.cli.clusters.known import Clusters, KnownCluster
from dcos_runtime.cli.clusters.login import LoginArguments, Provider, list_providers, log_in
from dcos_runtime.cli.clusters.setup import other_gateways
from dcos_runtime.cli.clusters.target import Target, environment
from dcos_runtime.cli.connection.gateway import Access, NotLoggedIn
from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.output import print_note

_LOGOUT_PATH = "/acs/api/v1/auth/logout"


def log_in_again(clusters: Clusters, target: Target, credentials: LoginArguments) -> None:
    """Stores a new token with the cluster, and updates the list of its gateways. Raises `CliError`."""
    cluster = _known(target)
    trusted = trust(target, environment())
    token = log_in(gateways(target, trusted, None), credentials)
    masters = other_gateways(gateways(target, trusted, Access(cluster.name, token)))
    clusters.save(
        cluster.id, {"core": {"dcos_acs_token": token}, "cluster": {"masters": masters or cluster.masters or None}}
    )
    _note_variables()


def log_out(clusters: Clusters, target: Target) -> None:
    """The server is asked first; the token is forgotten here in any case. Raises `CliError` if the server could not be
    asked.
    """
    cluster = _known(target)
    if cluster.token is None:
        print_note(f"you are not logged in to {cluster.name}")
        return
    cluster_gateways = gateways(target, trust(target, environment()), Access(cluster.name, cluster.token))
    problem: str | None = None
    try:
        response = cluster_gateways.request("POST", target.url + _LOGOUT_PATH, repeatable=True)
        if response.status >= 300:
            problem = f"{response.url} answered {response.status}"
    except NotLoggedIn:
        pass  # the token was invalid already
    except CliError as error:
        problem = str(error)
    clusters.save(cluster.id, {"core": {"dcos_acs_token": None}})
    _note_variables()
    if problem is not None:
        raise CliError(
            "the token is removed here, but the cluster could not be asked to revoke it",
            details=[problem],
            hints=["who has a copy of it can use it until it expires"],
        )


def providers(target: Target) -> list[Provider]:
    if not target.is_gateway:
        raise _no_gateway(target)
    return list_providers(gateways(target, trust(target, environment()), None))


def _known(target: Target) -> KnownCluster:
    if not target.is_gateway:
        raise _no_gateway(target)
    if target.cluster is None:
        raise CliError(f"{target.url} is not set up here", hints=[f"dcos cluster setup {target.url}"])
    return target.cluster


def _no_gateway(target: Target) -> CliError:
    return CliError(
        f"{target.url} ({target.origin}) is a master, not a gateway: there is no login",
        hints=["through the gateway: dcos cluster setup https://MASTER"],
        exit_code=USAGE,
    )


def _note_variables() -> None:
    for variable in TOKEN_VARIABLES:
        if environment().get(variable):
            print_note(f"note: the environment variable {variable} holds another token, which goes first")
