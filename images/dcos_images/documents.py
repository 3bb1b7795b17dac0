"""Documents beside an image: a manifest, a CycloneDX bill of materials, its provenance. They follow from the inputs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dcos_images.lock import Lock

if TYPE_CHECKING:
    from dcos_images.packages import Job

_SERIALS = uuid.UUID("5b1c9a0e-6d0c-5d3c-8f43-0e1b1f9ad3c1")
MANIFEST, SBOM, PROVENANCE = "manifest.json", "sbom.cdx.json", "provenance.json"


def write_documents(job: Job, folder: Path, keys: Mapping[str, str], outputs: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes all three. They contain neither the time and place of the build, nor a package source's address."""
    for name, content in (
        (MANIFEST, manifest(job, outputs)),
        (SBOM, sbom(job.lock, job.definition.epoch)),
        (PROVENANCE, provenance(job, keys, outputs)),
    ):
        (folder / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def manifest(job: Job, outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The image's properties, its packages, and the digests of its outputs. Package and version are the keys in lists
    of known vulnerabilities.
    """
    return {
        "name": job.definition.name,
        "description": job.definition.description,
        "release": job.release.codename,
        "os": f"{job.release.os_id} {job.release.os_version}",
        "arch": job.host.arch,
        "outputs": outputs,
        "packages": {one.name: one.version for one in job.lock.packages},
        # The parts that a machine made of it has from the start, so that a deploy need not upload them.
        "runtime": job.runtime.folder if job.runtime else "",
        "users": [user.name for user in job.definition.users],
        "links": {link.path: link.target for link in job.definition.links},
    }


def sbom(lock: Lock, epoch: int) -> dict[str, Any]:
    """CycloneDX 1.6. The serial number follows from the lock, the time is the image's own."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SERIALS, lock.digest())}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).isoformat(),
            "component": {"type": "operating-system", "bom-ref": "image", "name": lock.image, "version": lock.release},
        },
        "components": [
            {
                "type": "library",
                "bom-ref": f"{one.name}/{one.version}",
                "name": one.name,
                "version": one.version,
                "purl": f"pkg:deb/debian/{quote(one.name, safe='')}@{quote(one.version, safe='')}"
                f"?arch={one.arch}&distro={lock.release}",
                "hashes": [{"alg": "SHA-256", "content": one.sha256}],
            }
            for one in lock.packages
        ],
        "dependencies": [
            {"ref": "image", "dependsOn": [f"{one.name}/{one.version}" for one in lock.packages]},
        ],
    }


def provenance(job: Job, keys: Mapping[str, str], outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The inputs and the tools of the image, in the form of an in-toto statement."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": one["file"], "digest": {"sha256": one["sha256"]}} for one in outputs.values()],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "dcos-image",
                "externalParameters": {"image": job.definition.name, "release": job.release.codename},
                "internalParameters": {"arch": job.host.arch, "epoch": job.definition.epoch},
                "resolvedDependencies": [
                    {"name": "definition", "digest": {"sha256": job.definition.digest()}},
                    {"name": "lock", "digest": {"sha256": job.lock.digest()}},
                    *([{"name": job.runtime.folder, "digest": {"sha256": job.runtime.sha256}}] if job.runtime else []),
                ],
            },
            "runDetails": {"builder": {"id": "dcos-installer image build"}, "metadata": {"steps": dict(keys)}},
        },
    }
