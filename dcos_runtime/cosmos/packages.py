"""What can be done with packages: everything that Cosmos' API does, without HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from dcos_runtime.core.frozen import Reply
from dcos_runtime.cosmos import asking, uninstaller
from dcos_runtime.cosmos.asking import Asked
from dcos_runtime.cosmos.core import errors, shown
from dcos_runtime.cosmos.core.catalog import Catalog, Kept
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.core.events import AddRepository, BeginUninstalls, DeleteRepository
from dcos_runtime.cosmos.core.uninstalls import Step, decode_all, encode
from dcos_runtime.cosmos.managers import Managers
from dcos_runtime.cosmos.shell import CosmosShell
from dcos_runtime.cosmos.tasks import ServiceTasks
from dcos_runtime.cosmos.upstream import InitClient
from dcos_runtime.wire.quoting import shown as quoted
from dcos_universe import render as rendering
from dcos_universe.errors import UniverseError
from dcos_universe.model import Json, Revision
from dcos_universe.mustache import TemplateError
from dcos_universe.schema_walk import pointer
from dcos_universe.validate import Mismatch

log = logging.getLogger(__name__)

REFUSED_SHOWN = 20
"""Invalid entries of a repository that are listed one by one."""
MOST_ORIGINS = 8
"""The most origins for which results are kept: a client may name any host."""


@dataclass(frozen=True)
class _Ready:
    """A revision rendered with a user's options, as the init gets it."""

    app: Json
    options: Json
    source: str
    package: str
    resource: Mapping[str, Any] | None
    """The entry as the repository has it."""


class Assets(Protocol):
    """Where assets of packages come from, if not from the URLs in the package. Each method raises `CosmosError`."""

    async def resource(self, source: str, package: str, given: Mapping[str, Any]) -> Json:
        """The ``resource`` of a package of the repository at ``source``, with other URLs."""
        ...

    async def place(self, source: str, package: str, given: Mapping[str, Any]) -> None:
        """Returns when the assets are there, before an app fetches them."""
        ...


class Packages:
    """The operations of Cosmos' API on packages."""

    def __init__(self, init: InitClient, tasks: ServiceTasks, assets: Sequence[Assets] = ()) -> None:
        """``assets`` are applied one after another: each takes the URLs that the one before it gives."""
        self._init, self._assets = init, assets
        self._managers = Managers(init, tasks)
        self._searched: Catalog | None = None
        self._shown: dict[str, dict[str, bytes]] = {}

    # --- looking ---

    async def search(self, shell: CosmosShell, body: Json, asked: Asked) -> bytes:
        catalog = await shell.repositories.catalog()
        results = self._results(catalog, asked.origin)
        found = [results[one["name"]] for one in catalog.search(asking.text(body, "query"))]
        return b'{"packages":[' + b",".join(found) + b"]}"

    def _results(self, catalog: Catalog, origin: str) -> dict[str, bytes]:
        """Every package as a search shows it, in JSON; made once for each origin."""
        if self._searched is not catalog or len(self._shown) > MOST_ORIGINS:
            self._searched, self._shown = catalog, {}
        if origin not in self._shown:
            change = shown.through(origin)
            self._shown[origin] = {
                one["name"]: json.dumps(_with_images(one, change)).encode() for one in catalog.search(None)
            }
        return self._shown[origin]

    async def describe(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        catalog = await shell.repositories.catalog()
        kept = catalog.package(asking.needed(body, "packageName"), asking.text(body, "packageVersion"))
        return shown.described(shown.with_urls(kept.entry, shown.through(asked.origin)), asked.version)

    async def list_versions(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        catalog = await shell.repositories.catalog()
        name = asking.needed(body, "packageName")
        return {"results": {kept.version: str(kept.release) for kept in reversed(catalog.versions(name))}}

    async def render(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        catalog = await shell.repositories.catalog()
        kept = catalog.package(asking.needed(body, "packageName"), asking.text(body, "packageVersion"))
        return {"marathonJson": (await self._rendered(kept, asking.object_(body, "options"), asking.app_id(body))).app}

    # --- what is installed ---

    async def installed(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        name, wanted = asking.text(body, "packageName"), asking.app_id(body)
        catalog = await shell.repositories.catalog()
        change = shown.through(asked.origin)
        found = []
        for app in await self._init.apps():
            labels = app.get("labels") or {}
            if (name is not None and labels.get(shown.NAME) != name) or (wanted is not None and app["id"] != wanted):
                continue
            entry = shown.entry_of(catalog, app)
            if entry is not None:
                found.append(
                    (entry["name"], app["id"], shown.installed(app, shown.with_urls(entry, change), asked.version))
                )
        return {"packages": [one for _, _, one in sorted(found, key=lambda one: one[:2])]}

    async def service(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        app_id = asking.needed_id(body)
        forwarded, app = await self._managers.service(shell, body, asked, "service/describe", app_id)
        if forwarded is not None:
            return forwarded
        if app is None:
            raise errors.app_not_found(app_id)
        catalog = await shell.repositories.catalog()
        entry = shown.entry_of(catalog, app)
        if entry is None:
            raise errors.app_not_found(app_id)
        asking.check_meant(body, app_id, entry)
        options = shown.stored_options(app)
        answer: Json = {
            "package": shown.with_urls(entry, shown.through(asked.origin)),
            "upgradesTo": catalog.upgrades(entry["name"], entry["version"]),
            "downgradesTo": catalog.downgrades(entry),
        }
        if options is not None:
            config = entry.get("config")
            answer["resolvedOptions"] = rendering.merge(rendering.defaults(config) if config else {}, options)
            answer["userProvidedOptions"] = options
        return answer

    # --- changing ---

    async def install(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        forwarded = await self._managers.answer(shell, body, asked, "package/install")
        if forwarded is not None:
            return forwarded
        catalog = await shell.repositories.catalog()
        kept = catalog.package(asking.needed(body, "packageName"), asking.text(body, "packageVersion"))
        entry = shown.with_urls(kept.entry, shown.through(asked.origin))
        try:
            ready = await self._rendered(kept, asking.object_(body, "options"), asking.app_id(body))
        except CosmosError as error:
            if error.type != "ServiceMarathonTemplateNotFound":
                raise
            return shown.install_response(kept, entry, None, asked.version)
        await self._placed(ready)
        with shell.changing(asking.normal(str(ready.app.get("id", "")))):
            try:
                created = await self._init.create(ready.app)
            except CosmosError as error:
                if error.type != "ServiceAlreadyStarted":
                    raise
                taken = asking.normal(str(ready.app.get("id", "")))
                there = await self._init.app(taken)
                package = None if there is None else (there.get("labels") or {}).get(shown.NAME)
                if there is None or package == kept.name:
                    raise errors.already_installed() from error
                raise errors.id_taken(taken, package if isinstance(package, str) else None) from error
        app = str(created.get("id", ready.app.get("id", "")))
        log.info("%s installed %s %s as %s", quoted(asked.by), kept.name, quoted(kept.version), quoted(app))
        return shown.install_response(kept, entry, app, asked.version)

    async def uninstall(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        forwarded = await self._managers.answer(shell, body, asked, "package/uninstall")
        if forwarded is not None:
            return forwarded
        name, wanted = asking.needed(body, "packageName"), asking.app_id(body)
        if wanted is not None:
            app = await self._init.app(wanted)
            if app is None:
                raise errors.not_installed_as(name, wanted)
            apps = [app]
        else:
            apps = await self._init.apps()
        found = [app for app in apps if (app.get("labels") or {}).get(shown.NAME) == name]
        if not found:
            raise errors.not_installed(name)
        if len(found) > 1 and not asking.truth(body, "all"):
            raise errors.ambiguous(name, [str(app["id"]) for app in found])
        results: dict[str, list[Json]] = {}
        for app in found:
            forwarded = await self._managers.answer(
                shell, {**body, "appId": app["id"]}, asked, "package/uninstall", app=app
            )
            if forwarded is not None:
                results[str(app["id"])] = list(forwarded.get("results") or ())
        ours = [app for app in found if str(app["id"]) not in results]
        if ours:
            results.update(await self._uninstall(shell, ours, asked))
        return {"results": [one for app in found for one in results.get(str(app["id"]), ())]}

    async def _uninstall(self, shell: CosmosShell, apps: Sequence[Json], asked: Asked) -> dict[str, list[Json]]:
        """Uninstalls all of them, or none. Returns the result for each, by its id."""
        begun = []
        for app in apps:
            uninstall = uninstaller.of_app(app, asked.by)
            assert uninstall is not None
            begun.append(await shell.uninstaller.known(uninstall))
        encoded = tuple(encode(uninstall) for uninstall in begun)
        with shell.ending([uninstall.app for uninstall in begun]):
            for uninstall in begun:
                log.info("%s uninstalls %s (%s)", quoted(asked.by), quoted(uninstall.app), quoted(uninstall.package))
            reply = await shell.ask(lambda number: BeginUninstalls(number, encoded))
        entries = {str(app["id"]): shown.entry_of(shell.repositories.now, app) for app in apps}
        results: dict[str, list[Json]] = {}
        for done in decode_all(_well(reply)):
            result: Json = {"packageName": done.package, "appId": done.app}
            if done.version is not None:
                result["packageVersion"] = done.version
            entry = entries.get(done.app)
            if entry is not None and isinstance(notes := entry.get("postUninstallNotes"), str):
                result["postUninstallNotes"] = notes
            if done.left:
                result["notFreed"] = list(done.left)  # ours
            if done.step is not Step.DONE:
                result["underWay"] = done.step.value  # ours
            results[done.app] = [result]
        return results

    async def update(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        """``force``, which Cosmos does not have, replaces a deployment of the app that is not finished."""
        app_id = asking.needed_id(body)
        forwarded, app = await self._managers.service(shell, body, asked, "service/update", app_id)
        if forwarded is not None:
            return forwarded
        entry, ready, _ = await self._planned(shell, body, app_id, app)
        await self._placed(ready)
        with shell.changing(app_id):
            deployment = await self._init.replace(app_id, ready.app, force=asking.truth(body, "force"))
        if deployment is None:
            raise errors.app_not_found(app_id)
        log.info(
            "%s updated %s to %s %s", quoted(asked.by), quoted(app_id), entry["name"], quoted(str(entry["version"]))
        )
        return {
            "package": shown.with_urls(entry, shown.through(asked.origin)),
            "resolvedOptions": ready.options,
            "marathonDeploymentId": deployment,
        }

    async def plan(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        """What `update` with the same body would do; nothing is changed. Cosmos does not have this."""
        app_id = asking.needed_id(body)
        app = await self._init.app(app_id)
        entry, ready, before = await self._planned(shell, body, app_id, app)
        return {
            "package": shown.with_urls(entry, shown.through(asked.origin)),
            "currentVersion": before["version"],
            "resolvedOptions": ready.options,
            "marathonJson": ready.app,
            "changes": shown.changes(app or {}, ready.app),
            "optionChanges": shown.option_changes(
                shown.stored_options(app or {}) or {}, shown.stored_options(ready.app) or {}
            ),
        }

    async def _planned(
        self, shell: CosmosShell, body: Json, app_id: str, app: Json | None
    ) -> tuple[Json, _Ready, Json]:
        """The revision to update to, rendered, and the present one."""
        catalog = await shell.repositories.catalog()
        before = None if app is None else shown.entry_of(catalog, app)
        if app is None or before is None:
            raise errors.app_not_found(app_id)
        asking.check_meant(body, app_id, before)
        source = str((app.get("labels") or {}).get(shown.SOURCE, ""))
        wanted = asking.text(body, "packageVersion")
        entry = before
        if wanted is not None and wanted != before["version"]:
            kept = catalog.package(str(before["name"]), wanted)
            ways = [*catalog.upgrades(kept.name, str(before["version"])), *catalog.downgrades(before)]
            if wanted not in ways:
                raise errors.no_such_way(str(before["version"]), wanted, ways)
            entry, source = kept.entry, kept.source
        stored, given = shown.stored_options(app), asking.object_(body, "options")
        if asking.truth(body, "replace"):
            options = given or {}
        elif stored is None:
            raise errors.options_not_stored()
        else:
            options = rendering.merge(stored, given or {})
        own_id = await self._own_id(before, stored)
        ready = await self._render_entry(entry, source, options, None if own_id == app_id else app_id)
        changed = asking.normal(str(ready.app.get("id", app_id)))
        if changed != app_id:
            raise errors.app_id_changed(changed, app_id)
        if "instances" not in ready.app and "instances" in app:
            # Where the package leaves it to others how many there are, they may have scaled the app.
            ready = replace(ready, app={**ready.app, "instances": app["instances"]})
        return entry, ready, before

    async def _own_id(self, entry: Json, options: Json | None) -> str | None:
        """The app's id according to the template; the user may have chosen another at the installation."""
        try:
            return asking.normal(str(rendering.render(Revision(entry), options or {}).app.get("id", "")))
        except UniverseError:
            return None

    # --- repositories ---

    async def repositories(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        """Cosmos' response, with ``problem`` for a repository whose last fetch failed, and ``refused`` for one with
        invalid entries.
        """
        troubles, refused = shell.repositories.troubles(), shell.repositories.refused()
        repositories = []
        for one in shell.core.shown_repositories():
            uri = one["uri"]
            problem: Json = {"problem": troubles[uri].as_json} if uri in troubles else {}
            texts = refused.get(uri, ())
            left: Json = {"refused": {"count": len(texts), "entries": list(texts[:REFUSED_SHOWN])}} if texts else {}
            repositories.append({**one, **problem, **left})
        return {"repositories": repositories}

    async def add_repository(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        name, uri, index = asking.needed(body, "name"), asking.needed(body, "uri"), asking.number(body, "index")
        asking.check_short("name", name, 200)
        asking.check_short("uri", uri, 2000)
        await shell.repositories.probe(name, uri)
        reply = await shell.ask(lambda number: AddRepository(number, name, uri, index))
        answer: Json = json.loads(_well(reply))
        log.info("%s added repository %s: %s", quoted(asked.by), quoted(name), quoted(uri, 300))
        return answer

    async def delete_repository(self, shell: CosmosShell, body: Json, asked: Asked) -> Json:
        name, uri = asking.text(body, "name"), asking.text(body, "uri")
        reply = await shell.ask(lambda number: DeleteRepository(number, name, uri))
        answer: Json = json.loads(_well(reply))
        log.info("%s removed repository %s", quoted(asked.by), quoted(name or uri or ""))
        return answer

    # --- rendering ---

    async def _rendered(self, kept: Kept, options: Json | None, app_id: str | None) -> _Ready:
        return await self._render_entry(kept.entry, kept.source, options, app_id)

    async def _render_entry(self, entry: Json, source: str, options: Json | None, app_id: str | None) -> _Ready:
        revision = Revision(entry)
        resource = revision.resource
        given = resource
        if resource is not None:
            for one in self._assets:
                resource = await one.resource(source, revision.name, resource)
        try:
            made = rendering.render(revision, options, resource=resource)
        except rendering.NoTemplate:
            raise errors.no_template(revision.name, revision.version) from None
        except rendering.OptionsNotAllowed:
            raise errors.options_not_allowed() from None
        except rendering.OptionsMismatch as error:
            raise errors.options_mismatch([_mismatch(one) for one in error.mismatches]) from None
        except (rendering.RenderedWrong, TemplateError) as error:
            raise errors.template_wrong(f"{error.what}: {error.why}" if error.why else error.what) from None
        except UniverseError as error:
            raise errors.template_wrong(f"{error.what}: {error.why}" if error.why else error.what) from None
        labels = {**(made.app.get("labels") or {}), **shown.labels(entry, source, options)}
        app = {**made.app, **({"id": app_id} if app_id is not None else {}), "labels": labels}
        return _Ready(app, made.options, source, revision.name, given)

    async def _placed(self, ready: _Ready) -> None:
        """Makes sure that the assets are where tasks will fetch them."""
        if ready.resource is not None:
            for one in self._assets:
                await one.place(ready.source, ready.package, ready.resource)


# --- small things ----------------------------------------------------------------------------------------------------


def _well(reply: Reply) -> bytes:
    """The core's reply. Raises the error that it holds."""
    if reply.status < 300:
        return reply.body
    try:
        error = json.loads(reply.body)
        raise CosmosError(error["type"], error["message"], error.get("data"), status=reply.status)
    except (ValueError, KeyError, TypeError):
        raise RuntimeError(reply.body.decode(errors="replace")) from None


def _with_images(result: Json, change: shown.Rewrite) -> Json:
    return {**result, "images": shown.images(result["images"], change)} if "images" in result else result


def _mismatch(one: Mismatch) -> Json:
    """In the form of the library that Cosmos checks with."""
    shown_one: Json = {
        "level": "error",
        "domain": "validation",
        "instance": {"pointer": "" if not one.path else pointer(one.path)},
        "keyword": one.keyword,
        "message": one.message,
    }
    if one.unwanted:
        shown_one["unwanted"] = list(one.unwanted)
    if one.missing:
        shown_one["missing"] = list(one.missing)
    return shown_one
