"""The package repository. Stands alone: imports none of the other packages."""

import importlib.util
import sys
import types
from typing import Any


class _Later(types.ModuleType):
    """Stands for a library until an attribute of it is used."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def _import_when_used(name: str) -> None:
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is not None:
        later = sys.modules[name] = _Later(name)
        later.__spec__ = spec


# If it is installed, securesystemslib imports it for Amazon's keys: that takes a third of the start of the package
# manager, and of each command here that verifies.
_import_when_used("boto3")
