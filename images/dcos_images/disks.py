"""The layout of a disk: its partitions with their fixed UUIDs, and the image's files about them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from dcos_images.definition import ImageDefinition, ImageFile, Partitions
from dcos_images.machine.loader import SLOTS, entry_text
from dcos_images.programs import program_files

_NAMES = uuid.UUID("2c7be5a4-0f5e-5b0e-9d5f-6d1d2a1c9b57")
SECTORS_PER_MB = 2048
GPT_ROOT_AMD64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
"""The type of a root partition: the Discoverable Partitions Specification."""


def disk_uuid(part: str) -> uuid.UUID:
    """The UUID of a disk's part. It is the same for all images: an update writes another image's root to a slot."""
    return uuid.uuid5(_NAMES, part)


def volume_id() -> str:
    """The ESP's volume id, in the form of mkfs.vfat."""
    return disk_uuid("esp volume").hex[:8]


@dataclass(frozen=True)
class Slot:
    """The place of a partition on the disk, in sectors of 512 bytes."""

    name: str
    type: str
    start: int
    size: int

    def line(self) -> str:
        """The partition in the form of sfdisk."""
        return (
            f'start={self.start}, size={self.size}, type={self.type}, uuid={disk_uuid(self.name)}, name="{self.name}"\n'
        )


def shipped_slots(partitions: Partitions) -> tuple[Slot, ...]:
    """The partitions of a new disk: the ESP and the first root. The machine makes the others at its first boot."""
    esp = Slot("esp", "uefi", SECTORS_PER_MB, partitions.esp_mb * SECTORS_PER_MB)
    root = Slot("root-a", GPT_ROOT_AMD64, esp.start + esp.size, partitions.root_mb * SECTORS_PER_MB)
    return (esp, root)


def table(slots: tuple[Slot, ...]) -> str:
    """The partition table in the form of sfdisk."""
    return f"label: gpt\nlabel-id: {disk_uuid('disk')}\n" + "".join(slot.line() for slot in slots)


def slot_uuids() -> dict[str, str]:
    """The UUID of each slot's partition."""
    return {slot: str(disk_uuid(f"root-{slot}")) for slot in SLOTS}


def first_entry(image: str, arguments: tuple[str, ...]) -> str:
    """The entry of systemd-boot for the slot of a new disk. ``image`` is the SHA-256 of the root in it."""
    return entry_text("a", slot_uuids()["a"], arguments, image=image, version=1)


def disk_files(definition: ImageDefinition) -> tuple[ImageFile, ...]:
    """The files that follow from the partitions, for the root and the initrd: UUIDs, and the partitions for repart."""
    partitions = definition.partitions
    if partitions is None:
        return ()
    environment = (
        f"STATE_UUID={disk_uuid('state')}\nSEED_UUID={disk_uuid('seed')}\nLEAST_DISK_MB={partitions.least_disk_mb}\n"
    )
    sizes = f"SizeMinBytes={partitions.root_mb}M\nSizeMaxBytes={partitions.root_mb}M\n"
    return (
        ImageFile("/usr/lib/dcos/image.env", 0o644, environment.encode()),
        # A slot is identified by its root: so another kernel command line makes another root.
        ImageFile("/usr/lib/dcos/arguments", 0o644, f"{' '.join(definition.arguments)}\n".encode()),
        _repart("10-esp", "Type=esp\n"),
        _repart("20-root-a", "Type=root\n"),
        _repart("30-root-b", f"Type=root\nLabel=root-b\nUUID={disk_uuid('root-b')}\n{sizes}"),
        _repart(
            "40-state",
            f"Type=linux-generic\nLabel=state\nUUID={disk_uuid('state')}\nFormat=ext4\n"
            f"SizeMinBytes={partitions.state_min_mb}M\n",
        ),
    )


def all_files(definition: ImageDefinition) -> tuple[ImageFile, ...]:
    """The definition's own files, those that follow from its partitions, and our programs."""
    return (*definition.files, *disk_files(definition), *program_files(definition))


def _repart(name: str, text: str) -> ImageFile:
    return ImageFile(f"/usr/lib/repart.d/{name}.conf", 0o644, f"[Partition]\n{text}".encode())
