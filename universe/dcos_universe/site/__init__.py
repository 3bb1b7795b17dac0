"""The catalogue of a repository as static pages: no server, nothing from other hosts, all texts of packages escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

from dcos_universe.states import States
from dcos_universe.stock import Stock

_HERE = Path(__file__).parent
_STATIC = ("style.css", "search.js")


@dataclass(frozen=True)
class Page:
    """A file of the site. ``of`` is a digest of all its inputs; its bytes are made when they are needed."""

    name: str
    of: str
    make: Callable[[], bytes]


def pages(packages: Mapping[str, Stock], states: States, *, title: str, channel: str) -> Iterator[Page]:
    """Every file of the catalogue, by its path in the tree."""
    for name in _STATIC:
        content = (_HERE / "static" / name).read_bytes()
        yield Page(f"site/{name}", sha256(content).hexdigest(), partial(bytes, content))
    common = f"{_maker()}\0{title}\0{channel}"
    whole = sha256(common.encode())
    for name, stock in packages.items():
        of = sha256(common.encode())
        for row in stock.rows:
            state = states.of(name, row.number)
            of.update(f"\0{row.number}\0{row.whole[0]}\0{state!r}".encode())
        whole.update(of.digest())
        yield Page(f"site/package/{name}.html", of.hexdigest(), _package(title, stock, states, channel))
    yield Page("index.html", whole.hexdigest(), _index(title, packages, states, channel))


def _package(title: str, stock: Stock, states: States, channel: str) -> Callable[[], bytes]:
    def make() -> bytes:
        from dcos_universe.site import views

        view = views.package(stock.name, stock.pieces, states)
        return views.render("package.html", title=title, channel=channel, package=view)

    return make


def _index(title: str, packages: Mapping[str, Stock], states: States, channel: str) -> Callable[[], bytes]:
    def make() -> bytes:
        from dcos_universe.site import views

        cards = [views.card(name, stock.pieces, states) for name, stock in packages.items()]
        return views.render("index.html", title=title, channel=channel, cards=cards, tags=views.common_tags(cards))

    return make


@cache
def _maker() -> str:
    """The digest of the code and the templates: pages of another version are made again."""
    made = sha256()
    for path in sorted([*_HERE.glob("*.py"), *_HERE.glob("templates/*"), *_HERE.glob("static/*")]):
        made.update(sha256(path.read_bytes()).digest())
    return made.hexdigest()
