"""``python3 -m dcos_images.prepare NAME``: installs an image's packages into the cache, with nothing but Python's own
library. `make deploy` has it done while the installer's environment is made; whoever builds the image waits for it.
"""

from __future__ import annotations

import sys

from dcos_images.errors import ImageError
from dcos_images.images import ImageBuilder


def main() -> int:
    """0: they are there. What fails is told by whoever builds the image, who tries again."""
    try:
        ImageBuilder(trees_in_use=list).prepare(sys.argv[1])
    except ImageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
