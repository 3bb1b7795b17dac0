"""A CycloneDX bill of materials of a package revision: always the same bytes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256

from cyclonedx.contrib.license.exceptions import InvalidSpdxLicenseException
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalContact
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from dcos_universe.artifacts import IMAGE, Artifact, entry_digest
from dcos_universe.model import Revision

VERSION = SchemaVersion.V1_6


def bom(revision: Revision, artifacts: Iterable[Artifact]) -> bytes:
    """JSON of CycloneDX 1.6. Its serial number follows from the digest of the revision and of its artifacts; its
    time is the package's ``lastUpdated``, which that digest covers, or the epoch if the package has none."""
    artifacts = list(artifacts)
    package = _package(revision)
    components = list(_components(artifacts))
    made = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sha256:{_digest(revision, artifacts)}"),
        metadata=BomMetaData(component=package, timestamp=_time(revision)),
        components=components,
        dependencies=[Dependency(package.bom_ref, [Dependency(one.bom_ref) for one in components])],
    )
    text = make_outputter(made, OutputFormat.JSON, VERSION).output_as_string(indent=None)
    return (text + "\n").encode("utf-8")


def _digest(revision: Revision, artifacts: list[Artifact]) -> str:
    lines = [entry_digest(revision), *(f"{one.uri} {one.digest.sha256 if one.digest else ''}" for one in artifacts)]
    return sha256("\n".join(lines).encode("utf-8")).hexdigest()


def _time(revision: Revision) -> datetime:
    """Never the present time, with which the bytes would differ each time."""
    return datetime.fromtimestamp(revision.updated or 0, UTC)


def _package(revision: Revision) -> Component:
    entry = revision.entry
    references = []
    for key, kind in (("website", ExternalReferenceType.WEBSITE), ("scm", ExternalReferenceType.VCS)):
        if entry.get(key):
            references.append(ExternalReference(type=kind, url=XsUri(str(entry[key]))))
    return Component(
        type=ComponentType.APPLICATION,
        name=revision.name,
        version=revision.version,
        bom_ref=BomRef("package"),
        description=str(entry.get("description") or "") or None,
        authors=[OrganizationalContact(name=str(entry["maintainer"]))] if entry.get("maintainer") else (),
        licenses=list(_licenses(entry.get("licenses"))),
        purl=PackageURL("generic", None, revision.name, revision.version, {"revision": str(revision.release_version)}),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=entry_digest(revision))],
        external_references=references,
    )


def _licenses(licences: object) -> Iterator[DisjunctiveLicense]:
    factory = LicenseFactory()
    for one in licences if isinstance(licences, list) else ():
        name = one.get("name") if isinstance(one, dict) else None
        if not name:
            continue
        url = XsUri(str(one["url"])) if one.get("url") else None
        try:
            yield factory.make_with_id(str(name), url=url)
        except InvalidSpdxLicenseException:
            yield factory.make_with_name(str(name), url=url)


def _components(artifacts: list[Artifact]) -> Iterator[Component]:
    for number, one in enumerate(artifacts):
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=one.digest.sha256)] if one.digest else []
        properties = [Property(name="dcos:kind", value=one.kind), Property(name="dcos:name", value=one.name)]
        if one.digest is not None and one.digest.size is not None:
            properties.append(Property(name="dcos:size", value=str(one.digest.size)))
        yield Component(
            type=ComponentType.CONTAINER if one.kind == IMAGE else ComponentType.FILE,
            name=one.uri if one.kind == IMAGE else one.uri.rpartition("/")[2] or one.uri,
            bom_ref=BomRef(f"artifact-{number}"),
            hashes=hashes,
            properties=properties,
            # An image has no address of its own: its reference is its name.
            external_references=[]
            if one.kind == IMAGE
            else [ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(one.uri), hashes=hashes)],
        )
