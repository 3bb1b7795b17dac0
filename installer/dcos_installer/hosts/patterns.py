"""Selects hosts by the words of a command line: hosts, groups, and Ansible's patterns of both. Pure.

The rules are Ansible's (``web*``, ``~regex``, ``agents[0:2]``, ``!m1``, ``&public_agents``, joined by ``,`` or ``:``),
with two exceptions: a pattern without a match is an error, not a warning; and a subscript counts each host once, even
if several groups of a pattern contain it.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence

from dcos_installer.errors import InstallerError

_SUBSCRIPT = re.compile(r"(.+)\[(?:(-?\d+)|(\d+):(\d*))\]", re.ASCII)
_PART = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")
_SHOWN = 30


class NobodyNamed(InstallerError):
    """A word matches no host."""


def chosen(words: Sequence[str], groups: Mapping[str, Sequence[str]], hosts: Sequence[str]) -> list[str]:
    """The hosts that match ``words``, each once; without words, all.

    ``groups`` has all hosts of each group, including those of its children. Raises `NobodyNamed`.
    """
    parts = [part for word in words for part in _parts(word)]
    if words and not parts:
        raise _nobody(" ".join(words), groups, hosts, "these words name nothing")
    plain = [part for part in parts if part[0] not in "!&"] or ["all"]
    found: dict[str, None] = {}
    for part in plain:
        found |= dict.fromkeys(_matching(part, groups, hosts))
    for part in parts:
        if part[0] == "&":
            found = dict.fromkeys(name for name in found if name in set(_matching(part[1:], groups, hosts)))
    for part in parts:
        if part[0] == "!":
            found = dict.fromkeys(name for name in found if name not in set(_matching(part[1:], groups, hosts)))
    if not found:
        raise _nobody(" ".join(words), groups, hosts, "no host matches all of these words")
    return list(found)


def _parts(word: str) -> Iterator[str]:
    found = word.split(",") if "," in word else [word] if word.startswith("~") else _PART.findall(word)
    yield from (part.strip() for part in found if part.strip())


def _matching(part: str, groups: Mapping[str, Sequence[str]], hosts: Sequence[str]) -> list[str]:
    if part in hosts:
        return [part]
    expression, first, last = part, 0, None
    indexed = False
    if part[:1] != "~" and (match := _SUBSCRIPT.fullmatch(part)):
        indexed, expression = True, match[1]
        first = int(match[2] or match[3])
        last = first if match[2] else int(match[4]) if match[4] else None
    matches = _matcher(expression, groups, hosts)
    named = [name for name in groups if matches(name)]
    found = [host for name in named for host in groups[name]]
    if not named or expression[:1] == "~" or any(special in expression for special in ".?*["):
        found += [host for host in hosts if matches(host)]
    found = list(dict.fromkeys(found))
    if indexed:
        found = found[first:] if last is None or last == -1 else found[first : last + 1]
    if not found:
        raise _nobody(part, groups, hosts, "no host and no group of a host has that name")
    return found


def _matcher(expression: str, groups: Mapping[str, Sequence[str]], hosts: Sequence[str]) -> _Matches:
    try:
        return _Matches(expression[1:] if expression[:1] == "~" else fnmatch.translate(expression))
    except re.error as error:
        raise _nobody(expression, groups, hosts, f"that is no regular expression: {error}") from None


class _Matches:
    def __init__(self, expression: str) -> None:
        self._expression = re.compile(expression)

    def __call__(self, name: str) -> bool:
        return self._expression.match(name) is not None


def _nobody(word: str, groups: Mapping[str, Sequence[str]], hosts: Sequence[str], why: str) -> NobodyNamed:
    names = [*hosts[:_SHOWN], "…"] if len(hosts) > _SHOWN else list(hosts)
    filled = [name for name, members in groups.items() if members]
    return NobodyNamed(
        f"{word or 'nothing'} names no host of this cluster",
        why=why,
        hint=f"the hosts are {', '.join(names)}; the groups are {', '.join(filled)}",
    )
