"""The agent protocol's versions: the newest that both sides know is spoken, others are refused by name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dcos_runtime.wire import codec, internal

FORMER = (
    b'{"version":1,"agent":{"hostname":"h","port":5051,"resources":[]},"software":"0.1","boot_id":"b","tasks":[{'
    b'"framework_id":"f","task":{"name":"n"},"state":"TASK_RUNNING","status":null,"unacknowledged":null}],'
    b'"frameworks":[]}'
)
"""What an agent of version 1 said."""


@pytest.mark.parametrize(
    ("spoken", "version"),
    [([1], 1), ([1, 2], 2), ([3, 1], 3), ([4, 5], 4), ([2], 2), ([0, 1], 1), ([0, 1, 2, 3, 4, 5], 4)],
)
def test_the_newest_that_both_speak_is_spoken(spoken: Sequence[int], version: int) -> None:
    assert internal.agreed(spoken, "the master", "this agent") == version


@pytest.mark.parametrize(
    ("spoken", "text"),
    [
        (
            [5, 6],
            "the master speaks versions 5 and 6 of the agent protocol, this agent versions 1, 2, 3 and 4; "
            "upgrade this agent",
        ),
        (
            [0],
            "the master speaks version 0 of the agent protocol, this agent versions 1, 2, 3 and 4; upgrade the master",
        ),
        (
            [],
            "the master speaks version none of the agent protocol, this agent versions 1, 2, 3 and 4;"
            " upgrade the master",
        ),
    ],
)
def test_who_speaks_no_version_of_ours_is_told_which_there_are(spoken: Sequence[int], text: str) -> None:
    with pytest.raises(internal.UnknownVersion) as refused:
        internal.agreed(spoken, "the master", "this agent")
    assert str(refused.value) == text


def test_what_a_former_agent_says_first_is_read() -> None:
    call, version = internal.connect(FORMER)
    assert version == 1 and call.versions == [] and call.tasks[0].task_id == ""


def test_an_agent_of_another_version_is_refused_whatever_else_it_says() -> None:
    with pytest.raises(internal.UnknownVersion, match="this agent speaks versions 5 and 6"):
        internal.connect(b'{"version":5,"versions":[5,6],"agent":7,"tasks":"as never before"}')
    with pytest.raises(codec.DecodeError):
        internal.connect(b'{"agent":7}')
    with pytest.raises(codec.DecodeError):
        internal.connect(b'{"version":1,"agent":7}')
