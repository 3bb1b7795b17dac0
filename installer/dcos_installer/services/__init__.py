"""The descriptors of services: a typed one beside each role, all of them in a catalog.

`descriptor` is the form, `reading` turns ``roles/<name>/service.yml`` into it, `catalog` holds all descriptors and
derives what other parts need: the services of each host, ports, endpoints, routes, certificates.
"""

from dcos_installer.services.catalog import Catalog, installed, load
from dcos_installer.services.descriptor import Service
from dcos_installer.services.reading import DescriptorsInvalid

__all__ = ["Catalog", "DescriptorsInvalid", "Service", "installed", "load"]
