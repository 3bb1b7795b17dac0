"""An agent that is connected; a fetch process and a server to fetch from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent.fetching_lab import MB, Fetch, Outcome, Ready, Server
from tests.support.cores.agent_world import World


@pytest.fixture
def world() -> World:
    made = World()
    made.connect()
    return made


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(scope="session")
def ready() -> Iterator[Ready]:
    made = Ready()
    yield made
    made.close()


@pytest.fixture
def fetch(tmp_path: Path, ready: Ready) -> Fetch:
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()

    def run(*uris: str | dict[str, Any], **changed: Any) -> Outcome:
        order: dict[str, Any] = {
            "sandbox": str(sandbox),
            "uris": [
                {"extract": True, "executable": False, "output_file": None, "cached": None}
                | ({"value": uri} if isinstance(uri, str) else uri)
                for uri in uris
            ],
            "user": None,
            "stall_seconds": 60,
            "max_bytes": 64 * MB,
            "max_rule": "that is the rule",
            "roots": {str(tmp_path / "open"): str(tmp_path / "open")},
            "never": [str(tmp_path / "open/never")],
            "home": None,
            "public_only": False,
            **changed,
        }
        code, why, said = ready.run(order)
        outcome = Outcome(code, why.strip(), said, sandbox)
        assert "Traceback" not in outcome.said + outcome.why, outcome.said
        return outcome

    return run
