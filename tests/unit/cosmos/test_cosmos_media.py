"""Media types: what is answered with is what was asked for, word for word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_runtime.cosmos.core import media
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.core.media import Media

V3, V2, V1 = (Media("package.describe-response", version) for version in (3, 2, 1))
ALL = [V3, V2, V1]


@pytest.mark.parametrize(
    ("accept", "chosen", "said"),
    [
        (str(V3), V3, str(V3)),
        (str(V2), V2, str(V2)),
        (str(V1), V1, str(V1)),
        (
            "application/vnd.dcos.package.describe-response+json; charset=utf-8; version=v2",
            V2,
            "application/vnd.dcos.package.describe-response+json; charset=utf-8; version=v2",
        ),
        (
            "application/vnd.dcos.package.describe-response+json;version=v1",
            V1,
            "application/vnd.dcos.package.describe-response+json;version=v1",
        ),
        (
            "application/vnd.dcos.package.describe-response+json;version=v1;charset=UTF-8",
            V1,
            "application/vnd.dcos.package.describe-response+json;version=v1;charset=UTF-8",
        ),
        (f"{V1};q=0.5, {V2};q=0.9", V2, str(V2)),
        (f"{V1}, {V3}", V3, str(V3)),
        (f"text/html, {V2}, */*;q=0.1", V2, str(V2)),
        ("*/*", V3, str(V3)),
        ("application/*", V3, str(V3)),
        ("application/vnd.dcos.package.describe-response+json", V3, str(V3)),
        (f"*/*, {V1}", V1, str(V1)),
    ],
)
def test_the_answer_is_what_was_accepted(accept: str, chosen: Media, said: str) -> None:
    assert media.choose(accept, ALL) == (chosen, said)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "application/json",
        "text/*",
        f"{V3};q=0",
        str(Media("package.search-response", 1)),
        "nothing",
        ",",
        "a/b c",
    ],
)
def test_nothing_else_is_answered(accept: str | None) -> None:
    with pytest.raises(CosmosError) as caught:
        media.choose(accept, ALL)
    assert caught.value.status == 400
    assert caught.value.data is not None
    assert caught.value.data["invalidItem"] == {"type": "header", "name": "Accept"}


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_header_is_an_answer_or_an_error(text: str) -> None:
    try:
        media.choose(text, ALL)
    except CosmosError as error:
        assert error.status == 400


@pytest.mark.parametrize(
    ("given", "well"),
    [
        (str(Media("package.search-request", 1)), True),
        ("application/vnd.dcos.package.search-request+json; version=v1", True),
        ("application/vnd.dcos.package.search-request+json", True),
        ("application/json", False),
        ("*/*", False),
        (str(Media("package.search-request", 2)), False),
        (str(Media("package.install-request", 1)), False),
        (None, False),
        ("", False),
    ],
)
def test_the_type_of_a_request(given: str | None, well: bool) -> None:
    if well:
        media.expect(given, Media("package.search-request", 1))
        return
    with pytest.raises(CosmosError):
        media.expect(given, Media("package.search-request", 1))
