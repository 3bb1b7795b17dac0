"""What each service is to the rest of the house: one typed descriptor beside its role, all of them in a catalog.

`descriptor` is the form, `reading` turns ``roles/<name>/service.yml`` into it, `catalog` holds all that were found and
derives what the others ask: who runs where, ports, doors, routes, certificates.
"""

from dcos_installer.services.catalog import Catalog, installed, load
from dcos_installer.services.descriptor import Service
from dcos_installer.services.reading import DescriptorsInvalid

__all__ = ["Catalog", "DescriptorsInvalid", "Service", "installed", "load"]
