"""The changes of an app that were requested during a storm, and what is known of the responses."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Ledger:
    """What was asked for, and what is known of it: the app has to be what the last accepted change made it."""

    turn: int = 0
    content: tuple[int, str] = (4, "0")
    possible: list[tuple[int, str]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    doubtful: bool = False
    """Whether something was asked for since the last acceptance, and no answer came."""

    def took(self, version: str, content: tuple[int, str] | None) -> None:
        assert not self.accepted or version > self.accepted[-1], f"{version} was given after {self.accepted[-1]}"
        self.accepted.append(version)
        self.doubtful = False
        if content is not None:
            self.possible = [content]

    def doubted(self, content: tuple[int, str] | None) -> None:
        self.doubtful = True
        if content is not None:
            self.possible.append(content)

    def settled(self, version: str, content: tuple[int, str]) -> None:
        """Nothing is under way any more: what is there now is what counts from here on."""
        self.possible, self.content, self.doubtful = [content], content, False
        if version != self.accepted[-1]:
            self.accepted.append(version)
