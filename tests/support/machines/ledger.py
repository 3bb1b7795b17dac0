"""The changes of an app that were requested during a storm, and the known responses."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Ledger:
    """The requests, and what is known of them: the app must be as the last accepted change made it."""

    turn: int = 0
    content: tuple[int, str] = (4, "0")
    possible: list[tuple[int, str]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    doubtful: bool = False
    """Whether there was a request since the last accepted one, without an answer."""

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

    def confirmed(self, version: str, content: tuple[int, str]) -> None:
        """No request is under way any more: the present state counts from here on."""
        self.possible, self.content, self.doubtful = [content], content, False
        if version != self.accepted[-1]:
            self.accepted.append(version)
