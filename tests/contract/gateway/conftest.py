"""One gateway for all tests of this folder: to start it takes longer than most of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.daemons.gateway import Gateway
from tests.support.daemons.gateway_backends import Made, made_gateway


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    if os.geteuid() != 0:
        pytest.skip("needs root: tasks get an address of their own")
    with made_gateway(tmp_path_factory.mktemp("gateway")) as made:
        yield made


@pytest.fixture
def gateway(made: Made) -> Gateway:
    return made.gateway


@pytest.fixture(scope="package")
def admin(made: Made) -> dict[str, str]:
    return made.gateway.token()
