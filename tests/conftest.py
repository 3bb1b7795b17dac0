"""Properties are no races: they hold on a machine that is busy, too. What helpers assert is shown as a test's."""

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.support")
pytest_plugins = ["tests.support.cost"]

settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
