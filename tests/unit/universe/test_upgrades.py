"""What another version of the program wrote into a signed tree is written anew; a foreign record counts as none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dcos_universe import sbom
from dcos_universe.trust import verifying
from tests.support.universe.publisher import Publisher, replace, write_package

ALPHA, BOM = "artifacts/alpha.json", "sbom/alpha/0.cdx.json"


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path)
    made.begin()
    made.publish()
    return made


def caches(publisher: Publisher) -> list[str]:
    return [path.name for path in (publisher.folder / ".out.build" / "cache").glob("digests*")]


def test_what_another_version_signed_is_written_anew(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    before, before_caches = (publisher.out / BOM).read_bytes(), caches(publisher)
    made = sbom.bom
    monkeypatch.setattr(sbom, "bom", lambda *about: made(*about) + b"\n")
    assert publisher.sign().renewed == []
    assert (publisher.out / BOM).read_bytes() == before, "the same version keeps what it has"
    monkeypatch.setattr("dcos_universe.building.digests.maker", lambda *modules: "of tomorrow")
    write_package(publisher.source, "gamma")
    publisher.build()
    publisher.sign()
    assert (publisher.out / BOM).read_bytes() == before + b"\n"
    assert len(before_caches) == 1 and caches(publisher) == ["digests-of tomorrow"]
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned == []
    signed = publisher.sign()
    assert (signed.renewed, signed.read) == ([], 0)


NO_RECORDS: dict[str, Any] = {
    "no JSON": b"{",
    "no records": {"revisions": []},
    "an empty record": {"revisions": {"0": {}}},
    "an artifact without its address": {
        "revisions": {"0": {"version": "1", "entry": "", "artifacts": [{}], "sbom": {"file": "", "sha256": ""}}}
    },
    "an invalid bill of materials": {
        "revisions": {"0": {"version": "1", "entry": "", "artifacts": [], "sbom": "here"}}
    },
}


@pytest.mark.parametrize("form", NO_RECORDS)
@pytest.mark.parametrize("known", [True, False], ids=["known", "not known"])
def test_a_record_of_another_form_counts_as_none(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, form: str, known: bool
) -> None:
    good = (publisher.out / ALPHA).read_bytes()
    found = NO_RECORDS[form]
    replace(publisher.out / ALPHA, found if isinstance(found, bytes) else json.dumps(found).encode())
    if known:
        # As if the last signing had left it so.
        monkeypatch.setattr("dcos_universe.trust.staging.Staging.is_known", lambda self, name: True)
    publisher.sign()
    assert (publisher.out / ALPHA).read_bytes() == good
