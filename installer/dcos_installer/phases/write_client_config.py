"""Configures this user's `dcos` command: the cluster's address and CA, and a login as the administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_installer import client
from dcos_installer.config.late_addresses import unknown
from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.phases.checks.login import gateway_url, login, refused, token_lives, units
from dcos_installer.phases.kit.base import Context
from dcos_installer.secrets import Vault, load

if TYPE_CHECKING:
    from pathlib import Path


class WriteClientConfig:
    """A valid token of any user is kept; an expired or refused one is renewed."""

    title = "Set up the dcos command"

    def should_run(self, ctx: Context) -> str:
        wanted, _ = _wanted(ctx)
        if wanted is None:
            return ""
        token = client.token_of(self._folder(ctx), wanted)
        if not token or client.is_expired(token, ctx.wall()) or not token_lives(ctx.ask, ctx.spec, ctx.services, token):
            return ""
        return "it is set up"

    def run(self, ctx: Context) -> None:
        folder = self._folder(ctx)
        step = f"write {folder}/clusters/{ctx.spec.cluster_id}/{client.SETTINGS_FILE}"
        wanted, vault = _wanted(ctx)
        if wanted is None:
            ctx.change("", step, _nothing_yet)
            return
        # A plan logs in, too: otherwise it is not known whether a token would be written.
        try:
            token = "(unknown)" if unknown(ctx.spec) else _log_in(ctx, vault)
        except InstallerError:
            if not ctx.dry_run:
                raise
            token = "(unknown)"
        if not token and client.token_of(folder, wanted) == "":
            return
        ctx.change("", step, lambda: client.write(folder, wanted, token))

    def _folder(self, ctx: Context) -> Path:
        return ctx.client_dir or client.dcos_dir()


def _wanted(ctx: Context) -> tuple[client.Wanted | None, Vault]:
    """The settings of the command; None as long as there is no CA."""
    vault = load(ctx.state, ctx.spec, ctx.wall(), hosts=(), services=ctx.services)
    if vault.trust is None:
        return None, vault
    gateways = tuple(gateway_url(host, ctx.services) for host in ctx.spec.masters)
    return client.Wanted(ctx.spec.cluster_id, ctx.spec.name, gateways, vault.trust.ca), vault


def _log_in(ctx: Context, vault: Vault) -> str:
    """A token from the first gateway that answers. Empty if the administrator's password was changed."""
    who = vault.administrator
    if who is None:
        raise InstallerError(
            "there is no administrator to log in as",
            why="the secrets in the operator's state have none",
            hint="report this: the secrets are made before",
            final=True,
        )
    last: NotWell | None = None
    for host in ctx.spec.masters:
        try:
            return login(ctx.ask, gateway_url(host, ctx.services), who.uid, who.password)
        except NotWell as error:
            last = error
            if error.status == 401 and who.shown:
                ctx.note("", f"{refused(who.uid)}: log in with dcos auth login")
                return ""
    assert last is not None
    raise InstallerError(
        f"{who.uid} could not log in at any gateway",
        why="; ".join(part for part in (last.what, last.why) if part),
        hint=f"look at {' and '.join(units(ctx.services))} on the masters, then run again",
        evidence=last.evidence,
    )


def _nothing_yet() -> None:
    raise InstallerError(
        "there is no CA yet",
        why="the secrets in the operator's state have none",
        hint="report this: the secrets are made before",
        final=True,
    )
