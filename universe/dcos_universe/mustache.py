"""Mustache for JSON templates: the language that Cosmos renders with. Pure, one pass, bounded; no partials, no lambdas.

Values are their text in JSON (see `render`), so nothing is escaped here, and the content of a value is never read as a
template. pystache differs in which values are false and in how it prints numbers and truth values; a table in the tests
lists every difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dcos_universe.errors import UniverseError

MAX_TEMPLATE = 1024 * 1024
"""Characters of a template; the largest of the Universe has 52,000."""
MAX_TAGS = 10_000
"""Tags of a template; the largest number in the Universe is 703."""
MAX_NAME = 1000
"""Characters of a tag; the longest of the Universe has 124."""
MAX_OUTPUT = 1024 * 1024
"""Characters of the output: as much as ZooKeeper accepts for an app."""
MAX_STEPS = 100_000
"""Look-ups, roughly, and the characters they read: nested sections over long lists would take for ever."""
_PIECE = 256
"""Characters that are read or written in one step."""
MAX_DEPTH = 64
"""Depth of sections."""

AS_JSON = "asJson"


class TemplateError(UniverseError):
    """A template cannot be read or rendered. ``line`` counts from 1."""

    def __init__(self, what: str, line: int, *, why: str = "", hint: str = "") -> None:
        super().__init__(what, why=why, hint=hint or "correct the template there")
        self.line = line


@dataclass(slots=True)
class _Variable:
    name: str
    line: int
    way: list[str]


@dataclass(slots=True)
class _Section:
    name: str
    line: int
    way: list[str]
    inverted: bool
    parts: list[_Part] = field(default_factory=list)


_Part: TypeAlias = "str | _Variable | _Section"


@dataclass(frozen=True, slots=True)
class Tag:
    """A name that a template uses: ``name`` with dots, and the line."""

    name: str
    line: int
    section: bool


class Template:
    """A parsed template. Raises `TemplateError` if it cannot be parsed."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_TEMPLATE:
            raise TemplateError(f"the template is longer than {MAX_TEMPLATE} characters", 1)
        self._parts = _Reader(text).read()

    def tags(self) -> list[Tag]:
        """Every variable and section, in order; ``asJson`` is not one, but the name in it is."""
        found: list[Tag] = []
        _collect(self._parts, found)
        return found

    def render(self, context: Mapping[str, Any], as_json: Callable[[Any], str] = json.dumps) -> str:
        """``context``: values in the form of `text`. Raises `TemplateError` when the output exceeds a limit."""
        run = _Run(as_json)
        run.parts(self._parts, [context])
        return "".join(run.out)


def text(value: Any) -> str:
    """The text of a value in the output. Lists and objects as in JSON, of texts that are JSON already."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # The digits that the number was written with, not those of its binary form.
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)}: {_inside(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_inside(item, listed=True) for item in value) + "]"
    return str(value)


def _inside(value: Any, listed: bool = False) -> str:
    """In a list strings have their quotes already, in an object they do not."""
    if value is None:
        return "null"
    return f'"{value}"' if isinstance(value, str) and not listed else text(value)


def is_false(value: Any) -> bool:
    """Whether a section of the value is left out: null, false, an empty text, an empty list. 0 and an empty object are
    not false.
    """
    return value is None or value is False or value == "" or (isinstance(value, list | tuple) and not value)


# --- parsing ---------------------------------------------------------------------------------------------------------

_KINDS = "#^/!>&{=<$%"
_ALONE = re.compile(r"[ \t]*(\r?\n|\Z)")
_REFUSED = {
    ">": ("a partial", "a package has one template; write the text in its place"),
    "<": ("a parent template", "a package has one template; write the text in its place"),
    "$": ("a block", "a package has one template; write the text in its place"),
    "%": ("a pragma", "leave it out"),
}


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._open, self._close = "{{", "}}"
        self._root: list[_Part] = []
        self._stack: list[_Section] = []
        self._counted, self._line_there = 0, 1

    def read(self) -> list[_Part]:
        at = tags = 0
        while (start := self._text.find(self._open, at)) >= 0:
            tags += 1
            if tags > MAX_TAGS:
                raise self._error(f"it has more than {MAX_TAGS} tags", start)
            kind, name, end = self._tag(start)
            before, after = self._standalone(start, end) if kind and kind in "#^/!=" else (start, end)
            before = max(before, at)
            if before > at:
                self._add(self._text[at:before])
            self._take(kind, name, start)
            at = after
        if at < len(self._text):
            self._add(self._text[at:])
        if self._stack:
            left = self._stack[-1]
            raise TemplateError(
                f"section {left.name!r} of line {left.line} is not closed",
                left.line,
                hint=f"close it with {{{{/{left.name}}}}}",
            )
        return self._root

    def _tag(self, start: int) -> tuple[str, str, int]:
        """Kind, content and end of the tag that starts at ``start``."""
        inside = start + len(self._open)
        kind = self._text[inside : inside + 1]
        kind = kind if kind and kind in _KINDS else ""
        closing = ("}" if kind == "{" else "=" if kind == "=" else "") + self._close
        end = self._text.find(closing, inside + len(kind))
        if end < 0:
            raise self._error(f"a tag is not closed: {closing} is missing", start)
        return kind, self._text[inside + len(kind) : end].strip(), end + len(closing)

    def _standalone(self, start: int, end: int) -> tuple[int, int]:
        """The whole line, if it contains only this tag: it leaves no line behind."""
        begin = start
        while begin and self._text[begin - 1] in " \t":
            begin -= 1
        if begin and self._text[begin - 1] != "\n":
            return start, end
        rest = _ALONE.match(self._text, end)
        return (begin, rest.end()) if rest else (start, end)

    def _take(self, kind: str, name: str, start: int) -> None:
        if kind == "!":
            return
        if kind in _REFUSED:
            what, hint = _REFUSED[kind]
            raise self._error(f"the template uses {what}, {kind}{name[:60]}, which is not supported", start, hint)
        if kind == "=":
            self._delimiters(name, start)
            return
        # Other characters of a name do not matter, because it is only looked up; a tag or a line end in it shows an
        # unclosed tag.
        if not name or len(name) > MAX_NAME or "\n" in name or self._open in name:
            raise self._error(f"a tag has no name that could be looked up: {name[:60]!r}", start)
        line = self._line(start)
        way = name.split(".") if name != "." else []
        if kind in ("#", "^"):
            if len(self._stack) >= MAX_DEPTH:
                raise self._error(f"more than {MAX_DEPTH} sections in each other", start)
            section = _Section(name, line, way, kind == "^")
            self._add(section)
            self._stack.append(section)
        elif kind == "/":
            if not self._stack:
                raise self._error(f"section {name!r} is closed, and was not opened", start)
            if self._stack[-1].name != name:
                opened = self._stack[-1]
                what = f"section {name!r} is closed where {opened.name!r} of line {opened.line} is open"
                raise self._error(what, start)
            self._stack.pop()
        else:
            self._add(_Variable(name, line, way))

    def _delimiters(self, name: str, start: int) -> None:
        marks = name.split()
        if len(marks) != 2 or any("=" in mark for mark in marks):
            raise self._error("delimiters are set by two marks without '=', as in {{=<% %>=}}", start)
        self._open, self._close = marks

    def _add(self, part: _Part) -> None:
        (self._stack[-1].parts if self._stack else self._root).append(part)

    def _line(self, at: int) -> int:
        self._line_there += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line_there

    def _error(self, what: str, at: int, hint: str = "") -> TemplateError:
        line = self._text.count("\n", 0, at) + 1
        return TemplateError(f"line {line} of the template: {what}", line, hint=hint)


def _collect(parts: list[_Part], found: list[Tag]) -> None:
    for part in parts:
        if isinstance(part, _Variable):
            found.append(Tag(part.name, part.line, section=False))
        elif isinstance(part, _Section):
            if part.name == AS_JSON and not part.inverted:
                found.append(Tag(_named(part), part.line, section=False))
                continue
            found.append(Tag(part.name, part.line, section=True))
            _collect(part.parts, found)


def _named(section: _Section) -> str:
    """The name in ``{{#asJson}}name{{/asJson}}``."""
    if len(section.parts) == 1 and isinstance(section.parts[0], str):
        return section.parts[0].strip()
    raise TemplateError(
        f"line {section.line} of the template: {{{{#{AS_JSON}}}}} takes the name of an option and no tags",
        section.line,
        hint=f"write {{{{#{AS_JSON}}}}}name{{{{/{AS_JSON}}}}}",
    )


# --- rendering -------------------------------------------------------------------------------------------------------


class _Run:
    def __init__(self, as_json: Callable[[Any], str]) -> None:
        self.out: list[str] = []
        self._as_json = as_json
        self._size = 0
        self._steps = 0

    def parts(self, parts: list[_Part], stack: list[Any]) -> None:
        for part in parts:
            # A template consists of thousands of these two.
            if isinstance(part, str):
                self._write(part, 0)
            elif isinstance(part, _Variable):
                value = self._look_up(part.way, stack, part.line)
                self._write(value if type(value) is str else text(value), part.line)
            elif part.name == AS_JSON and not part.inverted:
                self._json(part, stack)
            else:
                self._section(part, stack)

    def _json(self, section: _Section, stack: list[Any]) -> None:
        value = self._look_up(_named(section).split("."), stack, section.line)
        # A text is parsed as JSON, so blanks in it do not count in the output.
        self._count(section.line, len(value) // _PIECE if isinstance(value, str) else 0)
        self._write(self._as_json(value), section.line)

    def _section(self, section: _Section, stack: list[Any]) -> None:
        value = self._look_up(section.way, stack, section.line)
        false = is_false(value)
        if section.inverted:
            if false:
                self.parts(section.parts, stack)
            return
        if false:
            return
        for item in value if isinstance(value, list | tuple) else (value,):
            self._count(section.line, 1)
            self.parts(section.parts, [*stack, item])

    def _write(self, piece: str, line: int) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise self._too_long(line)
        self._size += len(piece)
        if self._size > MAX_OUTPUT:
            raise TemplateError(f"the template makes more than {MAX_OUTPUT} characters", line or 1)
        self.out.append(piece)

    def _count(self, line: int, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise self._too_long(line)

    def _too_long(self, line: int) -> TemplateError:
        return TemplateError(
            "the template takes too long", line or 1, why="it has sections in sections over long lists"
        )

    def _look_up(self, way: list[str], stack: list[Any], line: int) -> Any:
        """Looks for the first name anywhere in the stack, and for the rest in its value; None if there is none."""
        if not way:
            return stack[-1]
        self._count(line, 1 + len(stack) // 4)
        value: Any = None
        first = way[0]
        for scope in reversed(stack):
            if isinstance(scope, (dict, Mapping)) and first in scope:
                value = scope[first]
                break
        if len(way) == 1:
            return value
        for name in way[1:]:
            if not isinstance(value, (dict, Mapping)) or name not in value:
                return None
            value = value[name]
        return value
