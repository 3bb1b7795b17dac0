"""A cluster without internet: artifacts come from its own mirror, by digest, and images from its own registry. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dcos_runtime.cosmos.core import shown
from dcos_universe.index.mirror_names import blob_at, image_at
from dcos_universe.model import Json

_HEX = re.compile(r"[0-9a-f]{64}")


class NotMirrored(Exception):
    """The mirror does not have ``what``."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is not in the cluster's mirror, and nothing comes from elsewhere; have it mirrored with its digest"
        )
        self.what = what


def digests(sidecar: Any) -> dict[str, str]:
    """SHA-256 by URI, from ``artifacts/<package>.json`` of a mirror; invalid parts are left out. The URIs are those at
    the mirror and those in the packages of its source.
    """
    found: dict[str, str] = {}
    revisions = sidecar.get("revisions") if isinstance(sidecar, Mapping) else None
    for revision in revisions.values() if isinstance(revisions, Mapping) else ():
        artifacts = revision.get("artifacts") if isinstance(revision, Mapping) else None
        for one in artifacts if isinstance(artifacts, list) else ():
            uri, digest = (one.get("uri"), one.get("sha256")) if isinstance(one, Mapping) else (None, None)
            if isinstance(uri, str) and isinstance(digest, str) and _HEX.fullmatch(digest):
                origins = one.get("origins")
                for each in (uri, *(origins if isinstance(origins, list) else ())):
                    if isinstance(each, str):
                        found[each] = digest
    return found


def resource(given: Mapping[str, Any], base: str | None, registry: str | None, known: Mapping[str, str]) -> Json:
    """A ``resource`` whose assets come from the mirror and whose images come from the registry. Raises
    `NotMirrored`.
    """
    made = dict(given)
    assets = dict(made.get("assets") or {})
    if base is not None and isinstance(uris := assets.get("uris"), Mapping):
        assets["uris"] = {name: _asset(uri, base, known) for name, uri in uris.items()}
    container = assets.get("container")
    docker = container.get("docker") if isinstance(container, Mapping) else None
    if registry is not None and isinstance(container, Mapping) and isinstance(docker, Mapping):
        images = {
            name: image_at(registry, image) if isinstance(image, str) else image for name, image in docker.items()
        }
        assets["container"] = {**container, "docker": images}
    if assets:
        made["assets"] = assets
    if base is not None:
        # Pictures and command lines are fetched by the user's machine, through /package/resource.
        made = shown.rewritten({**made}, lambda uri: blob_at(base, uri, known[uri]) if uri in known else uri)
    return made


def _asset(uri: Any, base: str, known: Mapping[str, str]) -> Any:
    if not isinstance(uri, str) or not uri or uri.startswith(f"{base.rstrip('/')}/"):
        return uri
    if uri not in known:
        raise NotMirrored(uri)
    return blob_at(base, uri, known[uri])
