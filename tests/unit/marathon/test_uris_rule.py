"""``uris`` of an app: what is unpacked is decided by the name of the file, whatever query follows it."""

from __future__ import annotations

import pytest

from dcos_runtime.marathon.core.definition import DefinitionRules, complete


@pytest.mark.parametrize(
    ("uri", "extract"),
    [("http://h/app.tar.gz?sig=a", True), ("http://h/app.TGZ#x", True), ("http://h/app?f=x.zip", False)],
)
def test_a_query_does_not_keep_an_archive_packed(uri: str, extract: bool) -> None:
    app = complete({"id": "/a", "cmd": "true", "uris": [uri]}, None, DefinitionRules())
    assert [item.extract for item in app.fetch] == [extract]
