"""Keys and nodes: every key has a node of its own, from which it is read again, and no two keys share one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.store import StoreError
from dcos_runtime.store.layout import Layout

LAYOUT = Layout("/dcos/x", loose="_", own=frozenset(("epoch",)))
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
KEYS = st.one_of(TEXT.filter(lambda text: "/" not in text), st.builds("{}/{}".format, TEXT, TEXT))


def usable(key: str) -> bool:
    try:
        LAYOUT.node(key)
    except StoreError:
        return False
    return True


@given(KEYS.filter(usable), KEYS.filter(usable))
def test_a_key_is_read_again_from_its_node(key: str, other: str) -> None:
    node = LAYOUT.node(key)
    _, folder, name = node.removeprefix("/dcos/").split("/")
    assert LAYOUT.key(folder, name) == key == LAYOUT.key_at(node)
    assert name not in ("", ".", "..") and folder not in ("", ".", "..", "epoch")
    assert (LAYOUT.node(other) == node) is (other == key)


@given(KEYS.filter(usable), st.integers(0, 25))
def test_the_folder_of_a_key_may_hold_every_prefix_of_it(key: str, length: int) -> None:
    prefix = key[:length]
    folder = LAYOUT.node(key).split("/")[3]
    assert LAYOUT.may_hold(folder, (prefix,))
    folders = LAYOUT.only_folders((prefix,))
    assert folders is None or folder in folders


@pytest.mark.parametrize("key", ["epoch/x", "_/x", "/x", "a/", "./x", "../x"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(StoreError, match="cannot be a key"):
        LAYOUT.node(key)
