"""The cluster's secrets: made once, kept in the operator's state, brought to the machines beside their manifests.

`vault` is what the rest of the installer uses; `authority` issues certificates, `roots` are what everything hangs on.
"""

from dcos_installer.secrets.authority import SecretsDamaged, fingerprint
from dcos_installer.secrets.vault import Vault, load, make

__all__ = ["SecretsDamaged", "Vault", "fingerprint", "load", "make"]
