"""RecordIO: what was written comes out, however it was cut on the way; what is no RecordIO is refused for good."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dcos_runtime.wire import recordio


@given(st.lists(st.binary(max_size=50), max_size=8), st.lists(st.integers(1, 9), max_size=300))
def test_records_come_out_whole_however_they_are_cut(records: list[bytes], cuts: list[int]) -> None:
    data = b"".join(recordio.encode(record) for record in records)
    decoder = recordio.Decoder()
    received: list[bytes] = []
    position = 0
    for cut in cuts:
        received += decoder.feed(data[position : position + cut])
        position += cut
    received += decoder.feed(data[position:])
    assert received == records
    assert decoder.clean


def test_the_form_is_a_decimal_length_a_newline_and_the_bytes() -> None:
    assert recordio.encode(b'{"type":"HEARTBEAT"}') == b'20\n{"type":"HEARTBEAT"}'
    assert recordio.encode(b"") == b"0\n"


def test_a_stream_that_ends_in_a_record_is_not_clean() -> None:
    decoder = recordio.Decoder()
    assert list(decoder.feed(b"5\nab")) == []
    assert not decoder.clean
    assert list(decoder.feed(b"cde")) == [b"abcde"]
    assert decoder.clean


@pytest.mark.parametrize("data", [b"x\n", b"-1\n", b"1 \n", b"\n", b"0x5\n", b"1.0\n", b"9" * 40, b"99999999999\n"])
def test_what_is_no_length_is_refused_and_nothing_after_it_is_trusted(data: bytes) -> None:
    decoder = recordio.Decoder()
    with pytest.raises(recordio.RecordError):
        list(decoder.feed(data))
    with pytest.raises(recordio.RecordError):
        list(decoder.feed(b"1\na"))


def test_a_record_over_the_bound_is_refused_before_it_is_kept() -> None:
    decoder = recordio.Decoder(max_record=10)
    assert list(decoder.feed(recordio.encode(b"x" * 10))) == [b"x" * 10]
    with pytest.raises(recordio.RecordError, match="over the limit of 10"):
        list(decoder.feed(b"11\n"))


def test_records_before_a_fault_are_still_given() -> None:
    decoder = recordio.Decoder()
    received = []
    with pytest.raises(recordio.RecordError):
        for record in decoder.feed(b"1\na2\nbbnonsense\n"):
            received.append(record)
    assert received == [b"a", b"bb"]
