"""What docs/universe.md says of making, publishing and serving packages, run as it stands there."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from pathlib import Path

from tests.support.daemons.byhand import PROGRAMS
from tests.support.documented import all_fences
from tests.support.universe.serving import serving


def fence(holding: str) -> str:
    (found,) = [one for one in all_fences() if one.document == "docs/universe.md" and holding in one.text]
    return found.text


def run(text: str, folder: Path) -> str:
    environment = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", "-exu", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_from_an_app_to_a_repository_that_is_served(tmp_path: Path) -> None:
    printed = run(fence("dcos-universe convert"), tmp_path)
    assert '"yanked": "loses data"' in printed and "Apache License" in printed
    source = tmp_path / "my-repository"
    strict = tmp_path / "strict"
    strict.mkdir()
    run("dcos-universe new my-service --source strict && dcos-universe check strict --strict", tmp_path)
    run("dcos-universe build my-repository build/tree --no-site", tmp_path)
    publishing, *_ = fence("dcos-universe publish build/tree s3://").splitlines()
    assert publishing.endswith(" /srv/universe")
    place = tmp_path / "place"
    run(publishing.replace("/srv/universe", str(place)), tmp_path)
    with serving(place) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=240)
        connection.request("GET", "/package/shop-web", headers={"User-Agent": "cosmos/1 dcos/1.13"})
        entries = json.loads(connection.getresponse().read())["packages"]
        connection.close()
    assert [entry["releaseVersion"] for entry in entries] == [0, 1]
    assert entries[0]["preInstallNotes"].startswith("DEPRECATED: take 0.2.0")
    assert "preInstallNotes" not in entries[1]
    assert (source / "state.json").exists()
