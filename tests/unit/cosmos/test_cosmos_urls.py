"""What Cosmos answers where a URL of a user or of a package is malformed."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from dcos_runtime.cosmos.artifacts import _place
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.repositories import Repositories

BAD = ["http://[/b", "http://[::g]/b", "http://::1]/b", "http://a:b/", "http://a:99999/", "http://:80/", "http://℀/b"]


@pytest.mark.parametrize(("uri", "type"), [*((url, "RepositoryUriSyntax") for url in BAD), ("[::1", "Unsupported")])
def test_such_a_repository_is_refused(uri: str, type: str) -> None:
    with pytest.raises(CosmosError) as refused:
        asyncio.run(Repositories.probe(cast(Any, None), "x", uri))
    assert refused.value.type.startswith(type)


@pytest.mark.parametrize("url", BAD)
def test_such_an_artifact_has_a_place_so_that_its_transfer_can_be_refused(url: str) -> None:
    key, name = _place(url, None)
    assert key.startswith("uri-") and name
