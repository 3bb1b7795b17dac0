"""``python3 -m dcos_images.prepare NAME``: installs an image's packages into the cache, with only Python's standard
library. `make deploy` runs it while the installer's environment is made; a build of the image waits for it.
"""

from __future__ import annotations

import sys

from dcos_images.errors import ImageError
from dcos_images.images import ImageBuilder


def main() -> int:
    """0: they are installed. An error is reported by the build of the image, which tries again."""
    try:
        ImageBuilder(trees_in_use=list).prepare(sys.argv[1])
    except ImageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
