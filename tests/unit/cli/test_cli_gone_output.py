"""Reading an output whose head the agent has freed: what is left comes in order, once, and nothing else."""

from __future__ import annotations

import json
import urllib.parse
from email.message import Message
from typing import Any

import pytest

from dcos_runtime.cli.connection.http import Response
from dcos_runtime.cli.kernel.sandbox import BLOCK, File


class Output:
    """An agent with one output, of which everything before ``gone`` is a hole."""

    def __init__(self, data: bytes, gone: int) -> None:
        self.data, self.gone = data, gone
        self.reads = 0

    def get(self, agent: Any, path: str) -> Response:
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        offset, length = int(query["offset"]), int(query.get("length", BLOCK))
        self.reads += 1
        if offset == -1:
            answer = {"data": "", "offset": len(self.data)}
        else:
            begin = max(offset, self.gone)
            answer = {"data": self.data[begin:][: min(length, BLOCK)].decode(), "offset": begin}
        return Response(200, Message(), json.dumps(answer).encode(), "http://agent/files/read")


def lines(begin: int, end: int) -> bytes:
    return b"".join(b"%09d\n" % number for number in range(begin, end))


@pytest.mark.parametrize("gone", [0, 10, BLOCK, 3 * BLOCK - 1, 199_990])
@pytest.mark.parametrize("wanted", [1, 3, 1_000_000])
def test_the_end_of_an_output_is_what_is_left_of_it(gone: int, wanted: int) -> None:
    output = Output(lines(0, 20_000), gone)
    file = File(output, None, "/x/stdout")  # type: ignore[arg-type]  # no agent: its reads are replaced
    expected = b"".join(output.data[gone:].splitlines(keepends=True)[-wanted:])
    assert file.tail(wanted) == expected and file.position == 200_000


def test_who_follows_goes_on_behind_what_is_gone_and_reads_nothing_twice() -> None:
    output = Output(lines(0, 1_000), 0)
    file = File(output, None, "/x/stdout")  # type: ignore[arg-type]  # no agent: its reads are replaced
    assert file.tail(1) == lines(999, 1_000)
    output.data, output.gone = lines(0, 60_000), 400_000
    assert b"".join(file.appended()) == lines(40_000, 60_000)
    assert list(file.appended()) == [] and file.position == 600_000
    assert output.reads < 10
