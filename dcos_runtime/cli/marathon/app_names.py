"""Ids for apps without a name: readable, and practically unique."""

from __future__ import annotations

from random import Random

from dcos_runtime.data import data_root


def readable_id(random: Random) -> str:
    """Such as ``brisk-otter-3f2a``: about 400 million of them."""
    lines = (data_root() / "words.txt").read_text().splitlines()
    words = {kind: rest.split() for kind, _, rest in (line.partition(" ") for line in lines)}
    return f"{random.choice(words['adjectives'])}-{random.choice(words['nouns'])}-{random.randrange(16**4):04x}"
