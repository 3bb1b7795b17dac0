"""The cluster's secrets: made once, completed after a crash, never made anew, and told to nobody."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dcos_installer import secrets
from dcos_installer.config.model import ClusterSpec, Settings
from dcos_installer.plan.compose import manifest
from dcos_installer.secrets import SecretsDamaged, Vault, vault
from dcos_installer.secrets import roots as root_files
from dcos_installer.state import ClusterState
from dcos_runtime.auth import passwords
from dcos_runtime.auth.signing import Signer
from dcos_runtime.guard import credentials
from dcos_runtime.guard.tokens import Verifier
from dcos_runtime.tls import identity_of
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.folder_hosts import FACTS, a_spec, the_materials

NOW = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
DAY = 24 * 3600.0
cheap = pytest.mark.usefixtures(cheap_roots.__name__)
ROOTS = ("ca.key", "ca.crt", "token-key.pem", "administrator.json", "zookeeper.json")


@pytest.fixture
def state(tmp_path: Path) -> ClusterState:
    return ClusterState(tmp_path / "state")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Secrets of `a_spec`, made once: an RSA key takes its time."""
    made = ClusterState(tmp_path_factory.mktemp("template"))
    secrets.make(made, a_spec(), NOW)
    return made.root


@pytest.fixture
def made_state(template: Path, tmp_path: Path) -> ClusterState:
    """A copy of them, to be damaged."""
    shutil.copytree(template, tmp_path / "made")
    return ClusterState(tmp_path / "made")


def contents(state: ClusterState) -> dict[str, bytes]:
    return {str(path.relative_to(state.secrets)): path.read_bytes() for path in files(state)}


def files(state: ClusterState) -> list[Path]:
    return sorted(path for path in state.secrets.rglob("*") if path.is_file())


def with_settings(spec: ClusterSpec, **settings: object) -> ClusterSpec:
    return spec.model_copy(update={"settings": Settings.model_validate(spec.settings.model_dump() | settings)})


def certificate(text: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(text.encode())


def test_looking_makes_nothing_and_says_what_a_deploy_would_make(state: ClusterState) -> None:
    found = secrets.load(state, with_settings(a_spec(), principals=("spark",)), NOW)
    assert not state.root.exists()
    assert found.trust is None
    assert found.roots_missing == ("the CA", "the token key", "the administrator", "ZooKeeper's passwords")
    # One for the operator, six on the master, one on each of two agents.
    assert found.to_make == (*found.roots_missing, "the secret of spark", "9 certificates")
    assert set(found.of("m1").values()) == {None}
    with pytest.raises(LookupError, match=r"tls-agent\.pem of a1 was not made"):
        found.made("a1")


def test_what_is_made_is_whole_for_its_owner_alone_and_stays_as_it_is(state: ClusterState) -> None:
    spec = a_spec(masters=3)
    made = secrets.make(state, spec, NOW)
    assert made.to_make == () and made.trust is not None
    before = contents(state)
    assert {name for name in before if "/" not in name} == {*ROOTS, "operator.pem"}
    for path in (state.secrets, *state.secrets.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    again = secrets.make(state, spec, NOW + DAY)
    assert contents(state) == before
    assert again == made == secrets.load(state, spec, NOW + 2 * DAY)


@cheap
def test_every_host_gets_exactly_the_secrets_that_its_manifest_names(state: ClusterState) -> None:
    spec = a_spec(masters=3, agents=2)
    made = secrets.make(state, spec, NOW)
    for host in spec.hosts:
        wanted = manifest(spec, host, FACTS, the_materials().with_trust(made.trust))
        assert set(made.made(host.name)) == {secret.name for secret in wanted.secrets}


@cheap
def test_a_certificate_says_what_it_is_of_to_our_own_daemons_and_to_openssl(
    state: ClusterState, tmp_path: Path
) -> None:
    spec = a_spec()
    made = secrets.make(state, spec)
    (state.root / "leaf.pem").write_text(made.made("m1")["tls-gateway.pem"])
    found = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", state.secrets / "ca.crt", state.root / "leaf.pem"],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    leaf = certificate(made.made("m1")["tls-gateway.pem"])
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["198.18.0.11"]
    assert names.get_values_for_type(x509.DNSName) == [
        "m1",
        "gateway.198-18-0-11.dcos.internal",
        "gateway.dcos.internal",
    ]
    uri = f"dcos://{spec.cluster_id}/gateway/m1"
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [uri]
    identity = identity_of({"subjectAltName": (("URI", uri),)})
    assert identity is not None and (identity.kind, identity.host) == ("gateway", "m1")
    authority = certificate((state.secrets / "ca.crt").read_text())
    assert authority.subject.rfc4514_string() == f"CN=dcos CA {spec.cluster_id}"
    assert 3650 <= (authority.not_valid_after_utc - datetime.now(UTC)).days <= 3653
    assert 824 <= (leaf.not_valid_after_utc - datetime.now(UTC)).days <= 825


@cheap
def test_the_operators_certificate_and_a_hosts_make_a_connection_that_both_believe(
    state: ClusterState, tmp_path: Path
) -> None:
    made = secrets.make(state, a_spec())
    leaf = tmp_path / "leaf.pem"
    leaf.write_text(made.made("m1")["tls-master.pem"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(state.secrets / "ca.crt")
    server.load_cert_chain(leaf)
    client = ssl.create_default_context(cafile=str(state.secrets / "ca.crt"))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_cert_chain(state.secrets / "operator.pem")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname="198.18.0.11")
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for end in (here, there):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = identity_of(there.getpeercert())
    assert shown is not None and shown.kind == "operator"


def test_tokens_signed_with_the_masters_key_are_good_for_the_generations_key(state: ClusterState) -> None:
    made = secrets.make(state, a_spec())
    assert made.trust is not None
    token = Signer(made.made("m1")["token-key.pem"].encode(), "c1").issue("ann")
    assert Verifier(made.trust.token_key.encode(), "c1").verify(token).uid == "ann"


def test_machines_get_the_administrators_hash_in_the_runtimes_own_form_and_never_the_password(
    state: ClusterState,
) -> None:
    made = secrets.make(state, a_spec())
    who = made.administrator
    assert who is not None
    known = json.loads(made.made("m1")["administrator.json"])
    assert known == {"uid": "admin", "hash": who.hash}
    assert passwords.is_hash(who.hash) and passwords.matches(who.password, who.hash)
    assert passwords.hashed("x").split("$")[:3] == who.hash.split("$")[:3]
    assert re.fullmatch(r"([2-9a-hjkmnp-z]{7}-){3}[2-9a-hjkmnp-z]{7}", who.password)
    assert not any(who.password in text for host in made.hosts.values() for text in host.values() if text)


@cheap
def test_zookeepers_super_user_is_named_as_zookeeper_wants_it(state: ClusterState) -> None:
    made = secrets.make(state, a_spec(masters=3))
    kept = json.loads((state.secrets / "zookeeper.json").read_text())
    digest = base64.b64encode(hashlib.sha1(f"super:{kept['super_password']}".encode()).digest()).decode()
    line = f"DigestAuthenticationProvider.superDigest=super:{digest}\n"
    assert made.made("m1")["zookeeper-super"] == line
    hosts = "198.18.0.11:2181,198.18.0.12:2181,198.18.0.13:2181"
    assert made.made("m2")["zk-auth"] == f"zk://dcos:{kept['password']}@{hosts}/dcos/auth\n"


@cheap
def test_principals_keep_their_secrets_and_those_taken_out_lose_theirs(state: ClusterState, tmp_path: Path) -> None:
    first = secrets.make(state, with_settings(a_spec(), principals=("jenkins", "spark")), NOW)
    (tmp_path / "file").write_text(first.made("m1")["credentials-master.json"])
    kept = json.loads((state.secrets / "principals.json").read_text())
    known = credentials.read(tmp_path / "file")
    assert known.match("spark", kept["spark"]) and known.match("jenkins", kept["jenkins"])
    assert first.made("a1")["credentials-agent.json"] == first.made("m1")["credentials-master.json"]
    fewer = with_settings(a_spec(), principals=("spark",))
    planned = secrets.load(state, fewer, NOW)
    assert planned.to_make == ()
    after = secrets.make(state, fewer, NOW)
    assert planned.of("a1") == after.of("a1")
    assert json.loads(after.made("a1")["credentials-agent.json"])["credentials"] == [
        {"principal": "spark", "secret": kept["spark"]}
    ]
    again = secrets.make(state, with_settings(a_spec(), principals=("jenkins", "spark")), NOW)
    assert kept["jenkins"] not in again.made("a1")["credentials-agent.json"]


@cheap
def test_a_certificate_is_issued_anew_when_a_third_of_its_time_is_left_and_not_before(made_state: ClusterState) -> None:
    spec = a_spec()
    first = secrets.make(made_state, spec, NOW)
    lifetime = 826 * DAY
    assert secrets.load(made_state, spec, NOW + lifetime * 2 / 3 - 3 * DAY).to_make == ()
    late = NOW + lifetime * 2 / 3
    due = secrets.load(made_state, spec, late)
    assert due.of("a1")["tls-agent.pem"] is None and due.of("a1")["credentials-agent.json"] is not None
    assert "a new certificate of agent of a1 (it expires on 2032-04-05)" in due.to_make
    assert due.roots_missing == ()
    after = secrets.make(made_state, spec, late)
    assert after.trust == first.trust
    assert after.made("a1")["tls-agent.pem"] != first.made("a1")["tls-agent.pem"]
    assert after.made("m1")["token-key.pem"] == first.made("m1")["token-key.pem"]


@cheap
def test_no_certificate_outlives_the_ca(made_state: ClusterState) -> None:
    spec = a_spec()
    secrets.make(made_state, spec, NOW)
    made = secrets.make(made_state, spec, NOW + 3500 * DAY)
    authority = certificate((made_state.secrets / "ca.crt").read_text())
    assert certificate(made.made("a1")["tls-agent.pem"]).not_valid_after_utc == authority.not_valid_after_utc
    with pytest.raises(SecretsDamaged, match="CA expired on 2040-01-01"):
        secrets.load(made_state, spec, NOW + 3653 * DAY)


@cheap
def test_a_host_with_another_address_or_name_gets_another_certificate_and_nobody_else_does(
    made_state: ClusterState,
) -> None:
    spec = a_spec()
    first = secrets.make(made_state, spec, NOW)
    moved = spec.host("a1").model_copy(update={"address": "198.18.0.99"})
    spec = spec.model_copy(update={"hosts": (spec.host("m1"), moved, spec.host("p1"))})
    due = secrets.load(made_state, spec, NOW)
    assert due.reissued == {"agent of a1": "it names another address or host"}
    after = secrets.make(made_state, spec, NOW)
    assert after.made("m1") == first.made("m1") and after.made("p1") == first.made("p1")
    assert after.made("a1")["tls-agent.pem"] != first.made("a1")["tls-agent.pem"]


def _cut(text: bytes) -> bytes:
    return text[: len(text) // 2]


@cheap
@pytest.mark.parametrize("damage", [_cut, lambda _: b"", lambda _: b"\xff\x00\xfe", lambda _: b"[1]\n"])
@pytest.mark.parametrize("name", ROOTS)
def test_a_damaged_root_is_told_with_the_remedy_and_never_made_anew(
    made_state: ClusterState, name: str, damage: Callable[[bytes], bytes]
) -> None:
    spec = a_spec()
    path = made_state.secrets / name
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    before = contents(made_state)
    for attempt in (secrets.load, secrets.make):
        with pytest.raises(SecretsDamaged) as caught:
            attempt(made_state, spec, NOW)
        assert str(path) in caught.value.what and f"restore {path.name} from a backup" in caught.value.hint
        assert not any(line in str(caught.value) for line in whole.decode().splitlines() if len(line) > 20)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None  # a parser may quote what it read
    assert contents(made_state) == before


@cheap
def test_a_ca_without_its_key_and_a_key_of_another_ca_are_damage(made_state: ClusterState, tmp_path: Path) -> None:
    spec = a_spec()
    secrets.make(made_state, spec, NOW)
    other = ClusterState(tmp_path / "other")
    secrets.make(other, spec, NOW)
    whole = (made_state.secrets / "ca.key").read_bytes()
    (made_state.secrets / "ca.key").unlink()
    with pytest.raises(SecretsDamaged, match=r"ca\.key"):
        secrets.make(made_state, spec, NOW)
    (made_state.secrets / "ca.key").write_bytes((other.secrets / "ca.key").read_bytes())
    with pytest.raises(SecretsDamaged, match=r"ca\.crt"):
        secrets.make(made_state, spec, NOW)
    (made_state.secrets / "ca.key").write_bytes(whole)
    assert secrets.load(made_state, spec, NOW).to_make == ()


@cheap
@pytest.mark.parametrize("damage", [_cut, lambda _: b"", lambda _: b"\xff\x00"])
def test_a_damaged_certificate_is_issued_anew_because_nothing_hangs_on_it(
    made_state: ClusterState, damage: Callable[[bytes], bytes]
) -> None:
    spec = a_spec()
    path = made_state.secrets / "hosts" / "a1" / "agent.pem"
    path.write_bytes(damage(path.read_bytes()))
    assert secrets.load(made_state, spec, NOW).reissued == {"agent of a1": "it cannot be read"}
    assert secrets.make(made_state, spec, NOW).to_make == ()


@cheap
def test_a_certificate_of_another_ca_or_with_another_key_is_issued_anew(
    made_state: ClusterState, tmp_path: Path
) -> None:
    spec = a_spec()
    made = secrets.make(made_state, spec, NOW)
    foreign = secrets.make(ClusterState(tmp_path / "other"), spec, NOW)
    path = made_state.secrets / "hosts" / "a1" / "agent.pem"
    whole = path.read_text()
    path.write_text(foreign.made("a1")["tls-agent.pem"])
    assert secrets.load(made_state, spec, NOW).reissued == {"agent of a1": "it is not of this cluster's CA"}
    end = "-----END PRIVATE KEY-----\n"
    key = made.made("p1")["tls-agent.pem"].partition(end)[0] + end
    path.write_text(key + whole.partition(end)[2])
    assert secrets.load(made_state, spec, NOW).reissued == {"agent of a1": "its key is another's"}


@cheap
def test_making_that_is_killed_at_any_file_is_completed_by_the_next(tmp_path: Path) -> None:
    spec = with_settings(a_spec(), principals=("spark",))
    killed = 0
    while True:
        state = ClusterState(tmp_path / str(killed))
        if not _killed_at(killed + 1, state, spec):
            break
        killed += 1
        had = contents(state)
        made = secrets.make(state, spec, NOW)
        assert made.to_make == ()
        after = contents(state)
        assert {name: after[name] for name in had if not name.rpartition("/")[2].startswith(".")} == {
            name: data for name, data in had.items() if not name.rpartition("/")[2].startswith(".")
        }
        assert load_pem_private_key((state.secrets / "ca.key").read_bytes(), None)
    # Five roots, the principals, seven certificates: killed before each is renamed into its place.
    assert killed == 5 + 1 + 9


def _killed_at(step: int, state: ClusterState, spec: ClusterSpec) -> bool:
    child = os.fork()
    if child == 0:
        code, renamed, rename = 1, 0, Path.replace

        def counting(path: Path, target: Path) -> Path:
            nonlocal renamed
            renamed += 1
            if renamed == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return rename(path, target)

        try:
            Path.replace = counting  # type: ignore[method-assign,assignment]  # a double takes its place
            secrets.make(state, spec, NOW)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@cheap
def test_makers_at_the_same_time_make_one_set(state: ClusterState) -> None:
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                secrets.make(state, a_spec(), NOW)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert secrets.load(state, a_spec(), NOW).to_make == ()


@cheap
def test_secrets_that_were_opened_up_are_closed_again(made_state: ClusterState) -> None:
    secrets.make(made_state, a_spec(), NOW)
    (made_state.secrets / "ca.key").chmod(0o644)
    (made_state.secrets / "hosts").chmod(0o755)
    vault.protect(made_state)
    assert stat.S_IMODE((made_state.secrets / "ca.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((made_state.secrets / "hosts").stat().st_mode) == 0o700


@cheap
def test_what_was_told_is_remembered_and_nothing_else_changes(made_state: ClusterState) -> None:
    first = secrets.make(made_state, a_spec(), NOW).administrator
    assert first is not None and not first.shown
    vault.mark_shown(made_state)
    vault.mark_shown(made_state)
    assert secrets.load(made_state, a_spec(), NOW).administrator == replace(first, shown=True)


@cheap
def test_no_secret_shows_when_its_holder_is_printed_or_logged(
    state: ClusterState, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = secrets.make(state, with_settings(a_spec(), principals=("spark",)), NOW)
    roots = root_files.read(state.secrets, datetime.fromtimestamp(NOW, UTC))
    shown = repr((made, roots, made.administrator)) + caplog.text
    assert not [mark for mark in _marks(made.hosts, made) if mark in shown]


def _marks(hosts: Mapping[str, Mapping[str, str | None]], made: Vault) -> set[str]:
    assert made.administrator is not None
    found = {made.administrator.password, made.administrator.hash}
    for contents_of in hosts.values():
        for text in contents_of.values():
            found |= {line for line in (text or "").splitlines() if len(line) > 30}
    assert made.trust is not None
    return found - set(made.trust.ca.splitlines())  # which shares a line with what it has issued
