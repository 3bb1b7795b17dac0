"""`installer/setup-host` lets nothing start itself while it installs, and leaves no trace of that, even when killed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_STUBS = {
    "dpkg-query": "exit 1",
    "systemctl": "exit 0",
    # What it is told of whether daemons may start themselves; the first time it takes setup-host along.
    "apt-get": """\
[ "$1" = install ] || exit 0
/usr/sbin/policy-rc.d; echo "daemons: $?" >>"$TOLD"
[ "$(wc -l <"$TOLD")" != "$DIES_AT" ] || kill -9 "$PPID"
""",
}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to see a /usr/sbin of its own")
@pytest.mark.parametrize("theirs", ["", "#!/bin/sh\nexit 104\n"])
def test_a_killed_run_leaves_nothing_that_the_next_one_does_not_take_away(tmp_path: Path, theirs: str) -> None:
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    (tmp_path / "tmp").mkdir()
    for name, text in _STUBS.items():
        (stubs / name).write_text(f"#!/bin/sh\n{text}\n")
        (stubs / name).chmod(0o755)
    (tmp_path / "theirs").write_text(theirs)
    script = """\
mount -t tmpfs none /usr/sbin
[ ! -s "$1" ] || install -m 755 "$1" /usr/sbin/policy-rc.d
"$0" soak; "$0" soak
cat /usr/sbin/policy-rc.d 2>/dev/null || true
"""
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script, ROOT / "installer/setup-host", tmp_path / "theirs"],
        env={
            "PATH": f"{stubs}:/usr/bin:/bin:/usr/sbin:/sbin",
            "TOLD": str(tmp_path / "told"),
            "DIES_AT": "1",
            "HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path / "tmp"),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (tmp_path / "home/.local/state/dcos/setup-host-soak.log").is_file()
    assert not list((tmp_path / "tmp").iterdir())
    said = (tmp_path / "told").read_text().split("\n")[:-1]
    assert said == [f"daemons: {104 if theirs else 101}"] * 2, done.stderr
    assert done.stdout.partition("\nsetup: installing Debian packages: chromium fonts-dejavu-core\n")[2] == theirs
