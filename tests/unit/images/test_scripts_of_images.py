"""The shell of an image, run beside a machine: what mounts its state, fetches its root, and makes its SSH key."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dcos_images.data import definitions_dir

FILES = definitions_dir() / "shared/files"
FUNCTIONS = 'panic() { echo "panic: $*" >>"$CALLS"; exit 9; }\nconfigure_networking() { echo configured >>"$CALLS"; }\n'


class Sandbox:
    """A folder that stands for the machine's root; commands are stubs that write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.root = folder / "rootmnt"
        for one in ("bin", "etc/ssh", "usr/lib/dcos/initrd", "sys/class/net/lo", "dev/disk/by-partuuid", "dcos-root"):
            (folder / one).mkdir(parents=True)
        for one in ("var", "opt", "root", "home", "etc", "state"):
            (self.root / one).mkdir(parents=True)
        (self.root / "var/file").write_text("from the image\n")
        (folder / "usr/lib/dcos/image.env").write_text("STATE_UUID=state\nSEED_UUID=seed\nLEAST_DISK_MB=100\n")
        (folder / "usr/lib/dcos/initrd/state.sh").write_text(self._here((FILES / "initrd-state.sh").read_text()))
        for name in ("mount.full", "umount", "fsck.ext4", "resize2fs", "sync.full", "modprobe", "udevadm", "sleep"):
            self.stub(name)
        self.stub("cp.full", 'exec cp "$@"')

    def _here(self, text: str) -> str:
        for path in ("/usr/lib/dcos", "/sys/class/net", "/dev/disk", "/dcos-root", "/etc/ssh", "/proc/cmdline"):
            text = text.replace(path, f"{self.folder}{path}")
        for path in ("/slot", "/added"):  # in the initrd's own root
            text = re.sub(rf"(?<![\w/\"}}]){path}\b", f"{self.folder}{path}", text)
        return text

    def stub(self, name: str, then: str = "exit 0") -> None:
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"$CALLS"\n{then}\n')
        path.chmod(0o755)

    def run(self, source: str, then: str = "") -> list[str]:
        """What was called, in order."""
        self.calls.write_text("")
        script = FUNCTIONS + self._here((FILES / source).read_text()) + then
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            env={
                "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                "CALLS": str(self.calls),
                "rootmnt": str(self.root),
            },
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode in (0, 1, 9), done.stderr
        return self.calls.read_text().splitlines()


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path / "machine")


def test_the_state_takes_all_of_its_partition_at_every_boot(sandbox: Sandbox) -> None:
    for _ in range(2):  # also when it is there already, and no partition has changed in this boot
        calls = sandbox.run("initrd-state.sh", "\nmount_state /dev/state\n")
        names = [call.split()[0] for call in calls]
        assert "resize2fs /dev/state" in calls
        assert names.index("fsck.ext4") < names.index("mount.full") < names.index("resize2fs")
        assert not any(call.startswith("panic") for call in calls)
    assert (sandbox.root / "state/var/file").read_text() == "from the image\n"
    sandbox.stub("resize2fs", "exit 1")
    calls = sandbox.run("initrd-state.sh", "\nmount_state /dev/state\n")
    assert "overlay" in calls[-1] and not any(call.startswith("panic") for call in calls)


def runs_image(sandbox: Sandbox, digest: str) -> list[str]:
    """A boot from a disk, from a slot with this image."""
    (sandbox.folder / "proc").mkdir(exist_ok=True)
    (sandbox.folder / "proc/cmdline").write_text(f"root=x ro dcos.image={digest} quiet\n")
    return sandbox.run("initrd-state.sh", "\nmount_state /dev/state\n")


def test_another_image_brings_what_is_not_there_yet_and_changes_nothing(sandbox: Sandbox) -> None:
    runs_image(sandbox, "one")
    state = sandbox.root / "state/var"
    (state / "file").write_text("the machine's own\n")
    (state / "link").symlink_to("nowhere")
    (state / "half").mkdir()
    image = sandbox.root / "var"
    for path in ("file", "link", "new/deep er/file", "half/other"):
        (image / path).parent.mkdir(parents=True, exist_ok=True)
        (image / path).write_text("from another image\n")
    runs_image(sandbox, "one")
    assert not (state / "new").exists()
    half = sandbox.root / "state/.var"  # as a power cut leaves it
    half.mkdir()
    (half / "torn").touch()
    calls = runs_image(sandbox, "two")
    assert (state / "file").read_text() == "the machine's own\n" and (state / "link").is_symlink()
    assert (state / "new/deep er/file").read_text() == "from another image\n"
    assert sorted(path.name for path in state.iterdir()) == ["file", "half", "link", "new"]
    assert (state / "half/other").exists() and not half.exists()
    assert (sandbox.root / "state/image").read_text() == "two\n"
    assert "modprobe -q softdog" in calls
    # What is installed is what the slot has.
    dpkg = [call for call in calls if call.endswith("/var/lib/dpkg")]
    assert len(dpkg) == 1 and dpkg[0].startswith(f"mount.full --bind {sandbox.folder}/slot/var/lib/dpkg ")


def test_what_a_power_cut_left_of_the_first_copy_is_not_taken_for_the_state(sandbox: Sandbox) -> None:
    half = sandbox.root / "state/.var"
    half.mkdir()
    (half / "torn").touch()
    sandbox.run("initrd-state.sh", "\nmount_state /dev/state\n")
    assert [path.name for path in (sandbox.root / "state/var").iterdir()] == ["file"]


def test_a_network_device_is_waited_for_and_not_for_ever(sandbox: Sandbox) -> None:
    ask = '\nif await_network; then echo there >>"$CALLS"; else echo never >>"$CALLS"; fi\n'
    calls = sandbox.run("initrd-netboot", ask)
    assert calls[-1] == "never" and calls.count("sleep 1") == 60
    device = sandbox.folder / "sys/class/net/eth0"
    sandbox.stub("sleep", f'[ "$(grep -c sleep "$CALLS")" -lt 5 ] || mkdir -p {shlex.quote(str(device))}')
    calls = sandbox.run("initrd-netboot", ask)
    assert calls[-1] == "there" and calls.count("sleep 1") == 5


ROOT = b"the root file system\n"
DIGEST = hashlib.sha256(ROOT).hexdigest()


def fetching(sandbox: Sandbox, *answers: bytes | None) -> list[str]:
    """A whole boot from the network, where the server answers so; None: it does not."""
    (sandbox.folder / "sys/class/net/eth0").mkdir(exist_ok=True)
    (sandbox.folder / "proc").mkdir(exist_ok=True)
    (sandbox.folder / "proc/cmdline").write_text(f"quiet dcos.root=http://198.18.0.1/r dcos.root.sha256={DIGEST}\n")
    for number, answer in enumerate(answers, start=1):
        if answer is not None:
            (sandbox.folder / f"answer.{number}").write_bytes(answer)
    sandbox.stub(
        "wget",
        f'n=$(grep -c ^wget "$CALLS")\n[ -e {sandbox.folder}/answer."$n" ] || exit 1\n'
        f'while [ "$1" != -O ]; do shift; done\ncp {sandbox.folder}/answer."$n" "$2"',
    )
    return sandbox.run("initrd-netboot", "\nmountroot\n")


@pytest.mark.parametrize(
    ("address", "script", "file", "found"),
    [
        (
            "http://198.18.0.1/www/root-5a.erofs",
            "http://198.18.0.2/boot.ipxe",
            "",
            "http://198.18.0.1/www/root-5a.erofs",
        ),
        ("root-5a.erofs", "http://198.18.0.2/rack/boot.ipxe", "undionly.kpxe", "http://198.18.0.2/rack/root-5a.erofs"),
        ("root-5a.erofs", "", "http://198.18.0.3/boot.ipxe", "http://198.18.0.3/root-5a.erofs"),
        ("", "", "http://198.18.0.3/www/boot.efi", "http://198.18.0.3/www/root-5a.erofs"),
        ("root-5a.erofs", "", "undionly.kpxe", "none"),
        ("", "", "", "none"),
    ],
)
def test_a_root_lies_where_it_is_told_or_beside_what_was_started(
    sandbox: Sandbox, address: str, script: str, file: str, found: str
) -> None:
    then = f"root_address 5a '{address}' '{script}' '{file}' >>\"$CALLS\" || echo none >>\"$CALLS\""
    assert sandbox.run("initrd-netboot", then) == [found]


def test_a_root_is_fetched_again_until_it_has_the_digest(sandbox: Sandbox) -> None:
    calls = fetching(sandbox, None, b"half of it", None, ROOT)
    fetched = [call for call in calls if call.startswith("wget")]
    assert len(fetched) == 4
    mounted = [call for call in calls if call.startswith("mount.full -t erofs")]
    assert len(mounted) == 1 and calls.index(mounted[0]) > calls.index(fetched[-1])
    assert calls.index("configured") < calls.index(fetched[0])


def test_a_server_that_falls_silent_is_given_up_and_one_that_goes_on_is_not(sandbox: Sandbox) -> None:
    got = sandbox.folder / "got"
    fetch = f'\nfetch_while_it_comes http://198.18.0.1/r {got} && answer=well || answer=not\necho $answer >>"$CALLS"\n'
    sandbox.stub("wget", f"printf half >{got}\nexec sleep-really 300")
    (sandbox.folder / "bin/sleep-really").symlink_to("/bin/sleep")
    calls = sandbox.run("initrd-netboot", fetch)
    assert calls[-1] == "not" and 30 <= calls.count("sleep 1") <= 33
    # Something comes each second for longer than that.
    (sandbox.folder / "bin/wget").unlink()
    sandbox.stub("wget", f"until [ -e {got}.all ]; do sleep-really 0.01; done")
    sandbox.stub(
        "sleep", f'printf x >>{got}\n[ "$(grep -c "^sleep 1" "$CALLS")" -lt 50 ] || touch {got}.all\nsleep-really 0.02'
    )
    calls = sandbox.run("initrd-netboot", fetch)
    assert calls[-1] == "well" and calls.count("sleep 1") >= 50


@pytest.mark.parametrize(("answer", "told"), [(None, "cannot be fetched"), (b"another", "has the sha256")])
def test_a_root_that_is_not_the_one_is_never_mounted(sandbox: Sandbox, answer: bytes | None, told: str) -> None:
    calls = fetching(sandbox, *[answer] * 20)
    assert calls[-1].startswith("panic: dcos: http://198.18.0.1/r ") and told in calls[-1]
    assert sum(call.startswith("wget") for call in calls) == 10
    assert not any("erofs" in call for call in calls if call.startswith("mount"))


needs_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="wants openssh-client (make setup)")


@needs_keygen
def test_a_host_key_is_whole_before_it_has_its_name(sandbox: Sandbox) -> None:
    key = sandbox.folder / "etc/ssh/ssh_host_ed25519_key"
    sandbox.stub("sync", f'ls -A {key.parent} | sed "s/^/has /" >>"$CALLS"')
    calls = sandbox.run("host-key")
    assert next(call for call in calls if call.startswith("sync")).endswith(".new_host_key.pub")
    assert calls[1:3] == ["has .new_host_key", "has .new_host_key.pub"]  # nothing has a name before it is on the disk
    assert calls[-2:] == [f"has {key.name}", f"has {key.name}.pub"]
    assert key.stat().st_mode & 0o777 == 0o600
    shown = subprocess.run(["ssh-keygen", "-y", "-f", key], check=True, capture_output=True, text=True).stdout
    assert shown.split()[:2] == key.with_suffix(".pub").read_text().split()[:2]


@needs_keygen
def test_a_power_cut_while_the_host_key_is_made_leaves_none(sandbox: Sandbox) -> None:
    key = sandbox.folder / "etc/ssh/ssh_host_ed25519_key"
    sandbox.stub("ssh-keygen", f'echo half >{key.parent}/.new_host_key\nkill -9 "$PPID"')
    with pytest.raises(AssertionError):
        sandbox.run("host-key")
    assert not key.exists()
    (sandbox.folder / "bin/ssh-keygen").unlink()
    sandbox.run("host-key")
    assert key.exists() and key.with_suffix(".pub").exists() and "half" not in key.read_text()
    assert sorted(path.name for path in key.parent.iterdir()) == [key.name, f"{key.name}.pub"]
