"""Ids for apps nobody named: readable, and as good as unique."""

from __future__ import annotations

from random import Random

_ADJECTIVES = """
able amber ample bold brave brisk calm clear cosy crisp daring deft eager early fair fond fresh gentle glad golden
grand happy hardy honest humble jolly keen kind lively loyal lucky mellow merry mild neat nimble noble plucky polite
proud quick quiet rapid ready robust rosy serene sharp shiny silent silver smart snug solid sound spry stout sunny
sure swift tidy trusty vivid warm wise witty young zesty
"""
_NOUNS = """
badger beaver bee bison bittern cedar crane cricket curlew deer dolphin dove eagle egret elk falcon ferret finch fox
gannet gecko goose grouse hare hawk heron horse ibex ibis jackdaw jay kestrel kite lark lemur linnet lynx magpie
marten merlin mole moose newt orca osprey otter owl panda pelican pigeon plover puffin quail rabbit raven robin
salmon seal shrew snipe sparrow starling stoat stork swallow swan swift tern thrush tiger trout turtle vole walrus
weasel whale wombat wren yak zebra
"""


def readable_id(random: Random) -> str:
    """Such as ``brisk-otter-3f2a``: about 400 million of them."""
    return f"{random.choice(_ADJECTIVES.split())}-{random.choice(_NOUNS.split())}-{random.randrange(16**4):04x}"
