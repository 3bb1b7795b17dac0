"""Why a container image cannot be fetched."""

from __future__ import annotations


class ImageError(Exception):
    """The image cannot be named, fetched, unpacked or run. The text is for the framework's author, without secrets."""


class DiskFull(ImageError):
    """There is no room left for the image."""
