"""What no client should send, over HTTP: refused with the reason, and the init goes on for everybody else."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest

from tests.support.cores.marathon_api import Api, until


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with Api() as made:
        await made.lead()
        yield made


DIGITS = b"9" * 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"id":"/a","cmd":"x","cpus":' + DIGITS + b"}", 422),
        (b'{"id":"/a","cmd":"x","instances":' + DIGITS + b"}", 422),
        (b'{"id":"/a","cmd":"x","instances":-' + DIGITS + b"}", 422),
        (b'{"id":"/a","cmd":"x","backoffSeconds":' + DIGITS + b"}", 422),
        (b'{"id":"/a","cmd":"x","cpus":' + b"9" * 6000 + b"}", 400),
        (b'{"id":"/a","cmd":"x","cpus":1e308}', 422),
        (b'{"id":"/a","cmd":"x","constraints":[["hostname","MAX_PER",' + DIGITS + b"]]}", 422),
        (b'{"id":"/a","cmd":"x\\u0000"}', 422),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_an_impossible_body_is_refused_and_not_an_error_of_the_init(api: Api, body: bytes, status: int) -> None:
    answered, data, _ = await api.ask("POST", "/v2/apps", body)
    assert answered == status, data
    assert (await api.ask("GET", "/v2/apps"))[1] == {"apps": []}


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b'{"id":"/a"}')[:-14]], ids=["wrong", "cut"])
async def test_a_body_whose_compression_is_broken_answers_400(api: Api, body: bytes) -> None:
    status, data, _ = await api.ask("POST", "/v2/apps", body, Content_Encoding="gzip")
    assert status == 400, data
    assert (await api.ask("GET", "/ping"))[0] == 200


async def test_a_compressed_body_that_grows_without_bounds_answers_413(api: Api) -> None:
    bomb = gzip.compress(b" " * 60_000_000, compresslevel=9)
    status, data, _ = await api.ask("POST", "/v2/apps", bomb, Content_Encoding="gzip")
    assert status == 413, data


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_more_instances_than_one_app_may_have_are_refused_whichever_way_they_are_asked_for(
    api: Api, method: str
) -> None:
    assert (await api.ask("POST", "/v2/apps", {"id": "/a", "cmd": "x", "instances": 0}))[0] == 201
    for path, body in (("/v2/apps//a", {"instances": 10**30}), ("/v2/apps", [{"id": "/a", "instances": 100_001}])):
        status, data, _ = await api.ask(method, path, body)
        assert status == 422
        assert "100000 instances at most" in str(data["details"])


async def test_very_many_instances_come_up_in_turns_between_which_others_are_answered(api: Api) -> None:
    assert (await api.ask("POST", "/v2/apps", {"id": "/a", "cmd": "x", "instances": 5_000}))[0] == 201
    state = api.running().core.state.apps["/a"]
    assert len(state.instances) < 5_000  # acknowledged after the first turn
    await until(lambda: len(state.instances) == 5_000)
    assert (await api.ask("PUT", "/v2/apps//a?force=true", {"instances": 0}))[0] == 200
    await until(lambda: not state.instances)


async def test_the_root_leads_to_a_page_that_says_there_is_none(api: Api) -> None:
    async with api.http.get(api.server.make_url("/"), allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/ui/")
    async with api.http.get(api.server.make_url("/")) as answer:
        assert answer.content_type == "text/plain"
        assert "no web page" in await answer.text()


async def test_half_of_a_surrogate_pair_is_called_that(api: Api) -> None:
    status, data, _ = await api.ask("POST", "/v2/apps", rb'{"id":"/a","cmd":"x","labels":{"a":"\ud800"}}')
    assert status == 400
    assert data["details"][0]["errors"] == [
        r"JSON is malformed: \ud800 (byte 36) is half of a surrogate pair, and no character"
    ]
