"""What `status` tells of a cluster: every ZooKeeper that does not serve, the init that leads."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from dcos_installer import status
from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import DeadlinePassed
from dcos_installer.phases import checks
from dcos_installer.phases.checks.coordination import Quorum, ask_quorum
from dcos_installer.phases.checks.init import init
from dcos_installer.phases.verify_cluster import VerifyCluster
from dcos_installer.services import installed
from dcos_installer.services.descriptor import CheckedBy
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.pretended import Daemons, PretendedContext, deployed, pretend, spec_of

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)


@pytest.fixture
def three(tmp_path: Path) -> PretendedContext:
    """A deployed cluster of three masters."""
    return deployed(pretend(tmp_path, spec_of(tmp_path, masters=3)))


def daemons(ctx: PretendedContext) -> Daemons:
    assert isinstance(ctx.ask, Daemons)
    return ctx.ask


def zookeeper_problems(ctx: PretendedContext) -> list[str]:
    return [problem for problem in status.read(ctx).problems if "ZooKeeper" in problem]


def test_where_every_zookeeper_serves_none_is_a_problem(three: PretendedContext) -> None:
    assert zookeeper_problems(three) == []
    assert status.read(three).data["zookeepers"] == {"m1": "follower", "m2": "follower", "m3": "follower"}


def test_a_zookeeper_that_does_not_serve_is_told_with_what_may_still_fail(three: PretendedContext) -> None:
    daemons(three).joining = {"m2"}
    assert zookeeper_problems(three) == [
        "a ZooKeeper does not serve: m2 (it runs, and does not reach a majority); 2 of 3 serve, no other may fail"
    ]
    assert status.read(three).data["zookeepers"] == {"m1": "follower", "m2": "", "m3": "follower"}


def test_a_zookeeper_whose_process_ended_is_told_with_why_it_gave_no_answer(three: PretendedContext) -> None:
    three.provider.power_off(["m3"])
    assert "m3 (connection refused); 2 of 3 serve" in zookeeper_problems(three)[0]


def test_a_cluster_without_a_majority_of_its_zookeepers_says_that_nobody_can_lead(three: PretendedContext) -> None:
    daemons(three).joining = {"m1", "m2"}
    (problem,) = zookeeper_problems(three)
    assert problem.startswith(
        "ZooKeeper has no majority: 1 of 3 serve, 2 must, so no daemon can lead; not served by: m1 ("
    )


@pytest.mark.parametrize(
    ("serving", "size", "said"),
    [
        (5, 5, ""),
        (4, 5, "4 of 5 serve, 1 more may fail"),
        (3, 5, "3 of 5 serve, no other may fail"),
        (2, 5, "no majority: 2 of 5 serve, 3 must"),
        (0, 1, "the only ZooKeeper does not serve, so no daemon can lead: m1 (gone)"),
    ],
)
def test_what_a_missing_zookeeper_means_depends_on_how_many_serve(serving: int, size: int, said: str) -> None:
    names = [f"m{number}" for number in range(1, size + 1)]
    quorum = Quorum(dict.fromkeys(names[:serving], "follower"), dict.fromkeys(names[serving:], "gone"))
    assert said in quorum.problem
    assert bool(quorum.problem) is (serving < size)
    assert quorum.holds is (serving * 2 > size)


def test_a_zookeeper_in_a_mode_that_is_none_of_a_voters_does_not_serve(three: PretendedContext) -> None:
    three.ask = lambda url, **_: "Mode: read-only\n" if "198.18.1.2" in url else "Mode: leader\n"
    assert ask_quorum(three).silent == {"m2": "it says Mode: read-only"}


def test_a_deploy_that_finds_no_leader_tells_that_there_is_no_majority(three: PretendedContext) -> None:
    whole = daemons(three)
    whole.joining = {"m1", "m3"}

    def ask(url: str, **more: object) -> object:
        return {"master/elected": 0.0} if "metrics" in url else whole(url, **more)  # type: ignore[arg-type]  # given by keyword

    three.ask = ask
    with pytest.raises(DeadlinePassed, match="a master leads: not within") as caught:
        VerifyCluster().run(three)
    assert caught.value.why.startswith("ZooKeeper has no majority: 1 of 3 serve")
    assert "dcos-zookeeper.service of m1, m3" in caught.value.hint


def test_a_deploy_is_not_done_while_a_zookeeper_does_not_serve(three: PretendedContext) -> None:
    daemons(three).joining = {"m3"}
    with pytest.raises(DeadlinePassed, match="every ZooKeeper serves: not within") as caught:
        VerifyCluster().run(three)
    assert "2 of 3 serve, no other may fail" in caught.value.why


def test_an_agent_without_its_port_is_a_problem_and_no_deploy_is_done_with_it(three: PretendedContext) -> None:
    """It is registered, its unit is active, and somebody answers at its port; only not the agent."""
    daemons(three).robbed = {"a1": "port 5051 is taken by pid 77 ('python3') of the task thief"}
    (problems_found,) = [problem for problem in status.read(three).problems if "agent of" in problem]
    assert (
        problems_found.startswith("the agent of a1 does not answer as it should")
        and "of the task thief" in problems_found
    )
    with pytest.raises(DeadlinePassed) as caught:
        VerifyCluster().run(three)
    assert "no healthy answer from the agent of a1" in str(caught.value.why) and "thief" in str(caught.value.evidence)


def test_the_init_that_leads_is_named_whichever_answers_first(three: PretendedContext) -> None:
    daemons(three).leading_init = "198.18.1.3"
    assert init(three.ask, three.spec, three.services).name == "m3"
    assert status.read(three).data["init"] == "http://198.18.1.3:8080"


def test_an_init_that_names_nobody_of_the_cluster_is_not_taken_for_a_leader(three: PretendedContext) -> None:
    daemons(three).leading_init = "203.0.113.9"
    with pytest.raises(NotWell, match="no init leads") as caught:
        init(three.ask, three.spec, three.services)
    assert "m1: names no master's init as the one that leads, but 203.0.113.9:8080" in caught.value.evidence


def test_every_check_that_a_descriptor_may_name_is_there() -> None:
    assert set(get_args(CheckedBy)) == set(checks._KNOWN)
    for name in get_args(CheckedBy):
        assert installed().checked_by(name), f"no service names {name}"
