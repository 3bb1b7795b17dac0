"""The cluster's secrets: created once, kept in the operator's state, sent to the machines beside their manifests.

The installer uses `vault`; `authority` issues certificates, `roots` are the secrets that all others depend on.
"""

from dcos_installer.secrets.authority import SecretsDamaged, fingerprint
from dcos_installer.secrets.vault import Vault, load, make

__all__ = ["SecretsDamaged", "Vault", "fingerprint", "load", "make"]
