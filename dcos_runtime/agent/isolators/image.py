"""The root of a container of an image: an overlay of its layers, written to in the container's own folder."""

from __future__ import annotations

import contextlib
from pathlib import Path

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers import overlay
from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec, ImageRoot
from dcos_runtime.agent.isolators.base import Document, Isolator
from dcos_runtime.agent.isolators.mounts import bind
from dcos_runtime.agent.removal import remove

INIT = "/mnt/mesos/init"
"""Where the container's first program is: an image has none of ours."""

RESOLVING = ("hosts", "resolv.conf", "hostname")
"""What an image is given of /etc: containers have the machine's network and names."""

ROOT = "image"
"""Where the root is mounted, in the container's folder."""

WRITTEN = "overlay"
"""What is written into it, in the container's folder."""

LAYERS = "layers"
"""The file in the container's folder that names the layers of its root."""


class ImageIsolator(Isolator):
    """Comes after `RootIsolator`, whose copy of /etc it uses."""

    pool = pools.REMOVALS  # a task may leave a million files

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        if not isinstance(spec.root, ImageRoot):
            return
        # Written first: whatever happens now, the store knows what is in use.
        (place.folder / LAYERS).write_text("\n".join(layer.name for layer in spec.root.layers))
        folder = place.folder.resolve()  # runc refuses a root that is reached through a link
        overlay.mount(spec.root.layers, folder / WRITTEN, folder / ROOT, privileged=spec.privileged)
        document["root"] = {"path": str(folder / ROOT), "readonly": not spec.root.writable}
        etc = place.folder / "etc"
        document["mounts"] += [
            bind(str((etc / name).resolve()), f"/etc/{name}", "ro", "noexec")
            for name in RESOLVING
            if (etc / name).is_file()
        ]
        arguments = document["process"]["args"]
        document["mounts"].append(bind(arguments[0], INIT, "ro"))
        arguments[0] = INIT

    def cleanup(self, place: ContainerPlace) -> None:
        overlay.unmount(place.folder / ROOT)
        for folder in (place.folder / ROOT, *folders(place)):
            if folder.exists():
                remove(folder)


def folders(place: ContainerPlace) -> tuple[Path, ...]:
    """The folder on the disk that holds what is written into the root."""
    return (place.folder / WRITTEN,)


def layers_in_use(containers: Path) -> set[str]:
    """The names of the layers that containers have in their roots; each container's folder is in ``containers``."""
    found: set[str] = set()
    for path in containers.glob(f"*/{LAYERS}"):
        with contextlib.suppress(FileNotFoundError):
            found.update(path.read_text().split())
    return found
