"""The last step: the tree of an image, its outputs, and the documents beside them, in one folder."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_images.composing import compose
from dcos_images.digest import tree_digest
from dcos_images.documents import write_documents
from dcos_images.outputs import Parts, digest_of, make_outputs, size_of

if TYPE_CHECKING:
    from dcos_images.cache import Note
    from dcos_images.packages import Job
    from dcos_images.steps import Keys


def assemble(job: Job, keys: Keys, packages: Path, boot: Path, runtime: Path | None, note: Note) -> dict[str, Any]:
    """Fills the job's folder, and returns the record of the image.

    ``packages`` is the tree of packages, ``boot`` the folder of kernel and initrd, ``runtime`` the image's runtime
    package, unpacked.
    """
    compose(job, packages, runtime)
    work = job.folder / ".work"
    work.mkdir()
    parts = Parts(job.definition, job.tree.root, boot, job.folder, work, job.log_file)
    digests: dict[str, Future[str]] = {}
    # The digest of one output is taken while the next is made: each is seconds.
    with ThreadPoolExecutor(1) as pool:
        made = make_outputs(parts, note, lambda kind, path: digests.update({kind: pool.submit(digest_of, path)}))
    outputs = {
        kind: {"file": path.name, "sha256": digests[kind].result(), "size": size_of(path)}
        for kind, path in made.items()
    }
    digest = ""
    if "tree" in job.definition.outputs:
        digest = tree_digest(job.tree.root)
    else:
        shutil.rmtree(job.tree.root)
    write_documents(job, job.folder, asdict(keys), outputs)
    return {
        "name": job.definition.name,
        "release": job.release.codename,
        "arch": job.host.arch,
        "digest": digest,
        "outputs": outputs,
        "packages": {one.name: one.version for one in job.lock.packages},
        "steps": asdict(keys),
    }
