"""Which hosts a command line names: as Ansible itself would say, asked with patterns that nobody has thought of."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcos_installer.hosts.choosing import groups_of, hosts_of
from dcos_installer.hosts.patterns import NobodyNamed, chosen
from tests.support.installer.folder_hosts import a_spec

HOSTS = ["m1", "a1", "a2", "a10", "p1", "web.example", "agents2"]
GROUPS = {
    "all": HOSTS,
    "masters": ["m1"],
    "agents": ["a1", "a2", "a10"],
    "public_agents": ["p1"],
    "rack1": ["a1", "p1", "web.example"],
    "empty": [],
}


def _ansible() -> InventoryManager:
    manager = InventoryManager(loader=DataLoader(), sources=None)
    for host in HOSTS:
        manager._inventory.add_host(host, "ungrouped" if host == "agents2" else "all")
    for group, members in GROUPS.items():
        if group != "all":
            manager._inventory.add_group(group)
            for host in members:
                manager._inventory.add_host(host, group)
    manager._inventory.reconcile_inventory()
    return manager


ANSIBLE = _ansible()

_NAMES = [*HOSTS, *GROUPS, "none"]
_GLOBS = st.sampled_from(["a*", "*", "m?", "[am]1", "~a.$", "~(m|p)1", "*agents*", "w*", "a1*"])
_SLICES = st.sampled_from(["", "", "", "[0]", "[1]", "[-1]", "[0:1]", "[1:]", "[7]"])
_SIGNS = st.sampled_from(["", "", "!", "&"])
# A subscript counts each host once. Ansible counts hosts again that several groups of one pattern have.
_PARTS = st.builds(
    lambda sign, name: sign + name,
    _SIGNS,
    st.builds(lambda name, part: name + part, st.sampled_from(_NAMES), _SLICES) | _GLOBS,
)
_WORDS = st.builds(
    lambda parts, by: by.join(parts), st.lists(_PARTS, min_size=1, max_size=3), st.sampled_from([",", ":"])
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_WORDS, min_size=1, max_size=3))
@example(["agents:!a1"])
@example(["agents[0:1],&rack1"])
@example(["all[-2]"])
@example(["!agents"])
def test_words_name_the_hosts_that_ansible_would_take(words: list[str]) -> None:
    try:
        theirs = {host.name for host in ANSIBLE.get_hosts(words)}
    except Exception:
        theirs = set()  # a subscript that is too large
    try:
        ours = set(chosen(words, GROUPS, HOSTS))
    except NobodyNamed:
        # Where Ansible passes over what names nobody, we refuse the whole.
        return
    assert ours == theirs


def test_without_words_all_are_meant_and_each_is_named_once_in_order() -> None:
    assert chosen([], GROUPS, HOSTS) == HOSTS
    assert chosen(["a2", "agents", "*2"], GROUPS, HOSTS) == ["a2", "a1", "a10", "agents2"]


@pytest.mark.parametrize("word", ["nobody", "empty", "agents[9]", "agents:!agents", "&none", "~(", ",", "a1:typo"])
def test_what_names_nobody_is_an_error_that_tells_who_there_is(word: str) -> None:
    with pytest.raises(NobodyNamed) as caught:
        chosen([word], GROUPS, HOSTS)
    assert "m1, a1, a2" in caught.value.hint and "masters, agents" in caught.value.hint and caught.value.why


def test_groups_are_the_roles_as_deployed_and_others_as_the_inventory_has_them(tmp_path: Path) -> None:
    inventory = tmp_path / "cluster.ini"
    inventory.write_text("[masters]\nm1\n[agents]\na1\na9\n[rack1]\na1\nm1\n[row:children]\nrack1\n")
    spec = a_spec(inventory_path=inventory)
    groups = groups_of(spec)
    assert groups["agents"] == ["a1"] and groups["public_agents"] == ["p1"]
    assert groups["rack1"] == groups["row"] == ["m1", "a1"]
    assert [host.name for host in hosts_of(spec, ["row:!masters"])] == ["a1"]
    inventory.unlink()
    assert [host.name for host in hosts_of(spec, ["masters"])] == ["m1"]
