"""The parts of the simulation: time, network, obligations, disk, command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dcos_runtime.sim import cli
from dcos_runtime.sim.clock import START, Clock
from dcos_runtime.sim.ensemble import Ensemble, Member
from dcos_runtime.sim.network import STALL_SECONDS, Network, Stream
from dcos_runtime.sim.obligations import Obligations, Violation
from tests.support import documented
from tests.support.sim.mutations import ALL
from tests.support.sim.planting import planted


def test_what_was_said_first_of_the_same_time_is_done_first() -> None:
    clock, done = Clock(), []
    for name in "abc":
        clock.after(1.0, lambda name=name: done.append(name))  # type: ignore[misc]  # mypy infers no lambda with a default
    clock.after(0.5, lambda: clock.after(0.0, lambda: done.append("early")))
    clock.run(START + 2.0)
    assert done == ["early", "a", "b", "c"]
    assert clock.now == START + 2.0


class Ends:
    """A stream with what its ends noticed."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = Network(self.clock, b"seed")
        self.heard: list[bytes] = []
        self.noticed: list[str] = []
        self.stream = Stream(self.network, "server", "client")
        self.stream.on_record = self.heard.append
        self.stream.ended = lambda why: self.noticed.append("client")
        self.stream.gone = lambda: self.noticed.append("server")

    def run(self, seconds: float = 1.0) -> None:
        self.clock.run(self.clock.now + seconds)


class Writer:
    """A process that takes a store over, as often as it is started."""

    kind, name = "init", "init0"

    def __init__(self) -> None:
        self.life = 0
        self.member: Member | None = None

    def elected(self, member: Member) -> None:
        pass


class Store:
    """An ensemble, and who wrote to it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = Network(self.clock, b"seed")
        self.watch = self
        self.writers: list[Member] = []
        self.ensemble = Ensemble(self, "marathon", 10.0)

    def store_written(self, name: str, member: Member, fence: int, changes: Mapping[str, bytes | None]) -> None:
        self.writers.append(member)


def test_a_write_belongs_to_the_session_that_it_was_sent_in() -> None:
    store, process = Store(), Writer()
    former = store.ensemble.stand(process)
    taken = store.ensemble.take_over(former)
    assert taken is not None
    assert store.ensemble.write(former, taken[0], {"a": b"1"})
    store.ensemble.expire(former)
    process.member = present = store.ensemble.stand(process)
    assert not store.ensemble.write(former, taken[0], {"a": b"2"}), "a call that comes twice, of the former session"
    assert store.ensemble.take_over(present) == (taken[0] + 1, {"a": b"1"})
    assert store.writers == [former]


def test_records_come_in_order_however_long_each_takes() -> None:
    ends = Ends()
    ends.network.slow("server", "client", 5.0)
    for number in range(20):
        ends.stream.put(b"%d" % number)
    ends.run(200.0)
    assert ends.heard == [b"%d" % number for number in range(20)]


def test_what_is_held_up_by_a_partition_comes_when_that_ends() -> None:
    ends = Ends()
    ends.network.block("server", "client")
    ends.stream.put(b"a")
    ends.run(10.0)
    assert ends.heard == []
    ends.network.unblock("server", "client")
    ends.run()
    assert ends.heard == [b"a"]
    assert ends.noticed == []


def test_a_server_gives_a_client_up_that_reads_nothing_for_long() -> None:
    ends = Ends()
    ends.network.block("server", "client")
    ends.stream.put(b"a")
    ends.run(STALL_SECONDS + 1.0)
    assert ends.noticed == ["server"]


def test_an_end_that_is_not_told_holds_on() -> None:
    ends = Ends()
    ends.stream.deaden()
    ends.stream.put(b"a")
    ends.stream.abandon()
    ends.run(100.0)
    assert ends.heard == []
    assert ends.noticed == []


@pytest.mark.parametrize(
    ("mark", "requests", "ending"),
    [
        ("", 1, ["answered yes"]),
        ("lose", 0, ["failed"]),
        ("mute", 1, ["failed"]),
        ("double", 2, ["answered yes"]),
        ("replay", 2, ["answered yes"]),
        ("swallow", 0, ["answered proxy"]),
    ],
)
def test_what_befalls_a_call(mark: str, requests: int, ending: list[str]) -> None:
    clock = Clock()
    network, asked, ended = Network(clock, b"seed"), [], []

    def request(answer: Any) -> None:
        asked.append(1)
        answer("yes")

    if mark:
        network.mark("client", "server", mark)
    network.call(
        "client",
        "server",
        request,
        lambda value: ended.append(f"answered {value}"),
        lambda why: ended.append("failed"),
        30.0,
        swallowed="proxy",
    )
    clock.run(START + 60.0)
    assert (len(asked), ended) == (requests, ending)


class Owner:
    name = "owner"
    well_since: float | None = 0.0


def test_what_is_owed_and_not_done_is_complained_of() -> None:
    owed, owner = Obligations(), Owner()
    owed.owe(("kind", "owner", "a"), owner, 10.0, 5.0, "a is not done")
    owed.owe(("kind", "owner", "b"), owner, 10.0, 5.0, "b is not done")
    owed.check(14.0)
    owed.met(("kind", "owner", "a"))
    with pytest.raises(Violation, match="b is not done"):
        owed.check(16.0)


def test_owing_it_anew_moves_the_deadline() -> None:
    owed, owner = Obligations(), Owner()
    for now in range(10, 100, 4):
        owed.owe(("kind", "owner", "a"), owner, float(now), 5.0, "a is not done")
        owed.check(float(now))
    assert len(owed) == 1


def test_time_in_which_the_owner_could_not_act_does_not_count() -> None:
    owed, owner = Obligations(), Owner()
    owed.owe(("kind", "owner", "a"), owner, 10.0, 5.0, "a is not done")
    owner.well_since = None
    owed.check(100.0)
    owner.well_since = 103.0
    owed.check(107.0)
    with pytest.raises(Violation):
        owed.check(109.0)


def test_who_dies_owes_nothing() -> None:
    owed, owner = Obligations(), Owner()
    owed.owe(("kind", "owner", "a"), owner, 10.0, 5.0, "a is not done")
    owed.owe(("other", "owner", "a"), owner, 10.0, 5.0, "a is not done")
    owed.forgive("owner", frozenset({"kind"}))
    assert owed.of("owner") == [("other", "owner", "a")]
    owed.forgive("owner")
    owed.check(100.0)


# --- the command line -------------------------------------------------------------------------------------------------


def test_a_run_that_went_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--seed", "5", "--agents", "2", "--tasks", "4", "--seconds", "60", "--faults", "cut=2,kill"]) == 0
    assert "seed 5" in capsys.readouterr().out


def test_a_run_without_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--faults", "none", "--seconds", "30", "--trace"]) == 0
    assert ": 0 faults" in capsys.readouterr().out


def test_a_failure_tells_its_seed_and_the_least_that_makes_it(capsys: pytest.CaptureFixture[str]) -> None:
    with planted(next(one for one in ALL if one.name == "agent-id-not-kept")):
        assert cli.main(["--seed", "9", "--seconds", "60"]) == 1
    output = capsys.readouterr().out
    assert "The least that makes seed 9 fail" in output
    assert "no fault at all" in output
    assert "is not on its disk" in output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--faults", "rain"], "'rain' is none of"),
        (["--faults", "cut=x"], "the weight of cut is a number"),
        (["--faults", "crash,cut="], "the weight of cut is a number"),
        *(
            (["--faults", f"cut={weight}"], "the weight of cut is a number from 0")
            for weight in ("nan", "-1", "inf", "1e300")
        ),
        (["--faults", "cut=0,kill=0"], "no weight is above 0"),
        *(
            ([f"--{name}", value], f"--{name} wants a number above 0")
            for name in ("seconds", "every")
            for value in ("nan", "inf", "1e300", "0", "-1")
        ),
        *(
            ([f"--{name}", value], f"--{name} wants a number of at least 1, and 100,000 at most")
            for name in ("agents", "masters", "frameworks", "tasks")
            for value in ("0", "-1", "100001", "9" * 30)
        ),
        (["--every", "1e-9"], "--every: a fault every 1e-09 of 600 seconds is more than 100,000 faults"),
        (["--seed", "\udcff"], "--seed wants a text in UTF-8"),
        (["--seconds", "-1"], "--seconds wants a number above 0"),
        *(
            (["--seeds", "2", f"--seed={seed}"], f"--seed: {seed!r} is no number of at most 18 digits")
            for seed in ("x", "", "1.0", "٣", "1_0", " 1", "9" * 5000)
        ),
        (["--profile", "none"], "invalid choice"),
        (["--http", "--every", "1", "--whole"], "--every, --whole: not with --http"),
        (["--rate", "1", "--json"], "--rate, --json: only with --http"),
        (["--http", "--tasks", "1", "--frameworks", "0"], "--tasks wants --frameworks"),
        (["--http", "--master", "http://a:b"], "expected host:port"),
        *(
            (["--http", f"--lasting={value}"], "--lasting wants a number from 0 to 1,000,000")
            for value in ("nan", "-1")
        ),
        *((["--http", "--agents", value], "--agents wants a number from 1 to 100,000") for value in ("0", "100001")),
    ],
)
def test_wrong_usage(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


COMMANDS = [
    command.words[3:]
    for command in documented.all_commands()
    if command.words[:3] == ("python", "-m", cli.__package__) and "--http" not in command.words
]


@pytest.mark.parametrize(
    "words",
    [pytest.param(one, id=" ".join(one), marks=[pytest.mark.soak] if "--seeds" in one else []) for one in COMMANDS],
)
def test_the_documented_commands_run(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    assert "virtual seconds" in capsys.readouterr().out


def test_there_are_documented_commands_of_each_kind() -> None:
    assert {word for words in COMMANDS for word in words if word.startswith("--")} >= {
        *("--profile", "--seed", "--seeds", "--agents", "--tasks", "--seconds", "--faults", "--every", "--trace"),
    }
