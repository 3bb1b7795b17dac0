"""References to images, where they lead, what a task of one executes, and whom it runs as: tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.images import appc, documents, reference, running, sources, users
from dcos_runtime.agent.images.documents import ImageConfig
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.records import ImageRecord, ImageRecords, LayerRecord, layer_name, victims
from dcos_runtime.agent.images.skopeo import reason
from dcos_runtime.agent.images.sources import AciSource, FolderSource, Registry, RegistrySource
from dcos_runtime.wire.common import CommandInfo

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("busybox", ("", "busybox", "latest", "")),
        ("busybox:1.36", ("", "busybox", "1.36", "")),
        ("team/app", ("", "team/app", "latest", "")),
        ("team/app/deep:v1", ("", "team/app/deep", "v1", "")),
        ("r.example/app", ("r.example", "app", "latest", "")),
        ("r.example:5000/app:1", ("r.example:5000", "app", "1", "")),
        ("localhost/app", ("localhost", "app", "latest", "")),
        ("localhost:5000/app", ("localhost:5000", "app", "latest", "")),
        ("[2001:db8::1]:5000/app", ("[2001:db8::1]:5000", "app", "latest", "")),
        (f"app@{DIGEST}", ("", "app", "latest", DIGEST)),
        (f"r.example/team/app:1@{DIGEST}", ("r.example", "team/app", "1", DIGEST)),
        ("a__b-c/d.e--f", ("", "a__b-c/d.e--f", "latest", "")),
        ("app:UPPER_tag-1.0", ("", "app", "UPPER_tag-1.0", "")),
    ],
)
def test_references_are_read_as_docker_reads_them(text: str, parts: tuple[str, str, str, str]) -> None:
    found = reference.parse(text)
    assert (found.host, found.path, found.tag, found.digest) == parts
    assert reference.parse(str(found)).repository == found.repository


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "@", "/", "App", "team/App", "a//b", "/a", "a/", "-a", "a-", "a..b", "a/../b", "../a", "a b", "a\0b",
        "a\n",
        "app:", "app:-x", "app:" + "t" * 129, "app@", "app@sha256:12", f"app@{DIGEST.upper()}", f"app@md5:{'0' * 32}",
        "r.example:0/app", "r.example:99999/app", "r.example:x/app", "-r.example/app", "user:word@r.example/app",
        "https://r.example/app", "0123456789abcdef" * 4, "a" * 256, "r.example/" + "a" * 250, "ä", "app:1:2",
        "a__b-c.d/e", "$(id)/app", "--help", "r.example/--help",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        reference.parse(text)


@pytest.mark.parametrize(
    ("registry", "text", "source"),
    [
        ("https://r.example:5000", "app:1", RegistrySource("r.example:5000", "app", "1", "")),
        ("r.example", "app", RegistrySource("r.example", "app", "latest", "")),
        ("http://127.0.0.1:5000", "app", RegistrySource("127.0.0.1:5000", "app", "latest", "", plain=True)),
        ("http://127.0.0.1:5000", "127.0.0.1:5000/app", RegistrySource("127.0.0.1:5000", "app", "latest", "", True)),
        ("http://127.0.0.1:5000", "127.0.0.1:5001/app", RegistrySource("127.0.0.1:5001", "app", "latest", "")),
        ("https://r.example/mirror", "team/app", RegistrySource("r.example", "mirror/team/app", "latest", "")),
        ("https://registry.docker.io", "app", RegistrySource("registry.docker.io", "library/app", "latest", "")),
        ("", "docker.io/app", RegistrySource("docker.io", "library/app", "latest", "")),
        ("", "docker.io/team/app", RegistrySource("docker.io", "team/app", "latest", "")),
        ("/srv/i", "team/app:2", FolderSource(Path("/srv/i/team/app:2.tar"), Path("/srv/i/team/app"), "2", "")),
        ("/srv/i", "r.example/app", RegistrySource("r.example", "app", "latest", "")),
    ],
)
def test_where_an_image_comes_from(registry: str, text: str, source: sources.Source) -> None:
    read = Registry.read(registry) if registry else None
    assert sources.source_of(reference.parse(text), read) == source
    if read is not None:
        assert Registry.read(read.text()) == read


def test_an_image_without_a_registry_needs_one_of_the_agent() -> None:
    with pytest.raises(ImageError, match="--docker_registry"):
        sources.source_of(reference.parse("app"), None)
    for wrong in ("https://user:word@r.example", "ftp://r.example", "relative/folder x", "https://r.example/UP"):
        with pytest.raises(ValueError, match="expected a folder"):
            Registry.read(wrong)


E, C = ["/entry", "e1"], ["/cmd", "c1"]


@pytest.mark.parametrize(
    ("given", "outcomes"),
    [
        # What Mesos' docker/runtime says, by (neither, only Cmd, only Entrypoint, both).
        (
            {"shell": False},
            (None, ["/cmd", "c1"], ["/entry", "e1"], ["/entry", "e1", "/cmd", "c1"]),
        ),
        (
            {"shell": False, "arguments": ["a", "b"]},
            (None, ["/cmd", "a", "b"], ["/entry", "e1", "a", "b"], ["/entry", "e1", "a", "b"]),
        ),
        ({"shell": False, "value": "/v"}, (["/v"],) * 4),
        ({"shell": False, "value": "/v", "arguments": ["v", "a"]}, (["v", "a"],) * 4),
        ({"shell": True}, (None,) * 4),
        ({}, (None,) * 4),
        ({"value": "echo $X"}, (["/bin/sh", "-c", "echo $X"],) * 4),
        ({"shell": True, "value": "x", "arguments": ["ignored"]}, (["/bin/sh", "-c", "x"],) * 4),
    ],
)
def test_what_mesos_containers_execute(given: dict[str, Any], outcomes: tuple[list[str] | None, ...]) -> None:
    check_commands(given, outcomes, docker=False)


@pytest.mark.parametrize(
    ("given", "outcomes"),
    [
        # What docker run does with them; a value without a shell is the first argument.
        ({"shell": False}, (None, C, E, E + C)),
        ({"shell": False, "arguments": ["a", "b"]}, (["a", "b"], ["a", "b"], [*E, "a", "b"], [*E, "a", "b"])),
        ({"shell": False, "value": "/v"}, (["/v"], ["/v"], [*E, "/v"], [*E, "/v"])),
        (
            {"shell": False, "value": "/v", "arguments": ["a"]},
            (["/v", "a"], ["/v", "a"], [*E, "/v", "a"], [*E, "/v", "a"]),
        ),
        ({"value": "x"}, (["/bin/sh", "-c", "x"],) * 4),
        ({"shell": True}, (None,) * 4),
    ],
)  # fmt: skip
def test_what_docker_containers_execute(given: dict[str, Any], outcomes: tuple[list[str] | None, ...]) -> None:
    check_commands(given, outcomes, docker=True)


def check_commands(given: dict[str, Any], outcomes: tuple[list[str] | None, ...], *, docker: bool) -> None:
    configs = (ImageConfig(), ImageConfig(cmd=C), ImageConfig(entrypoint=E), ImageConfig(entrypoint=E, cmd=C))
    for config, wanted in zip(configs, outcomes, strict=True):
        command = CommandInfo(**given)
        if wanted is None:
            with pytest.raises(ImageError):
                running.command_in(config, command, docker)
        else:
            found = running.command_in(config, command, docker)
            assert list(found.argv) == wanted
            assert found.program in (None, given.get("value"))


def test_variables_and_working_directories() -> None:
    config = ImageConfig(env=["A=1", "B=x=y", "C", "=d", "A=2", "E="], working_dir="/srv")
    assert running.variables(config) == {"A": "2", "B": "x=y", "E": ""}
    assert running.working_directory(config, "/sandbox", True) == "/srv"
    assert running.working_directory(ImageConfig(), "/sandbox", False) == "/sandbox"
    assert running.working_directory(ImageConfig(working_dir=""), "/sandbox", True) == "/"


PASSWD = "root:x:0:0::/root:/bin/sh\napp:x:100:200::/app:/bin/sh\nbad:x:y:z::/:/bin/sh\nshort:x:1\n"
GROUP = "root:x:0:\nstaff:x:50:app,other\nvideo:x:44:app\nweb:x:80:\n"


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("app", ("app", 100, 200, (44, 50, 200))),
        ("100", ("app", 100, 200, (44, 50, 200))),
        ("0", ("root", 0, 0, (0,))),
        ("4711", ("4711", 4711, 0, (0,))),
        ("4711:80", ("4711", 4711, 80, (80,))),
        ("app:web", ("app", 100, 80, (80,))),
        ("app:", ("app", 100, 200, (44, 50, 200))),
        ("root:video", ("root", 0, 44, (44,))),
        ("nobody", None),
        ("bad", None),
        ("short", None),
        ("app:nothing", None),
        ("4294967295", None),
        ("99999999999", None),
        ("-1", None),
        ("٣", None),
    ],
)
def test_whom_an_image_names(text: str, who: tuple[Any, ...] | None) -> None:
    if who is None:
        with pytest.raises(ImageError):
            users.of(text, PASSWD, GROUP)
    else:
        found = users.of(text, PASSWD, GROUP)
        assert (found.name, found.uid, found.gid, found.groups) == who


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"null", b"{", b'{"rootfs":{}}', b'{"rootfs":{"diff_ids":["sha256:x"]}}',
        b'{"rootfs":{"type":"zfs","diff_ids":[]}}', b'{"os":"windows","rootfs":{"diff_ids":[]}}',
        b'{"config":{"Cmd":"sh"},"rootfs":{"diff_ids":[]}}',
        b'{"config":{"WorkingDir":"../up"},"rootfs":{"diff_ids":[]}}',
        b'{"config":{"Env":["A=\\u0000"]},"rootfs":{"diff_ids":[]}}', b"[" * 100_000, b'"' + b"x" * (5 << 20) + b'"',
    ],
)  # fmt: skip
def test_documents_that_are_none_are_refused(content: bytes) -> None:
    with pytest.raises(ImageError):
        documents.read_config(content)


def test_documents_of_images() -> None:
    layer = {"digest": DIGEST, "size": 1, "mediaType": "x"}
    whole = {"config": {**layer}, "layers": [layer] * 127}
    assert len(documents.read_manifest(json.dumps(whole).encode()).layers) == 127
    for wrong in (128, 0):
        with pytest.raises(ImageError, match="layers"):
            documents.read_manifest(json.dumps({**whole, "layers": [layer] * wrong}).encode())
    with pytest.raises(ImageError, match="2 manifests"):
        documents.read_index(json.dumps({"manifests": [layer, layer]}).encode())
    # The example of the specification: a chain of one is its layer, then each is the digest of "chain layer".
    chain = documents.chain_ids((DIGEST, DIGEST))
    assert chain == (DIGEST, documents.digest_of(f"{DIGEST} {DIGEST}".encode()))


def test_appc_images() -> None:
    source = appc.source_of("example.com/worker", {"version": "1.0"}, "amd64", "file:///srv/aci/")
    assert source == AciSource(Path("/srv/aci/example.com/worker-1.0-linux-amd64.aci"), "example.com/worker")
    for name, labels in (("../up", {}), ("a b", {}), ("a", {"version": "../1"}), ("a/../b", {})):
        with pytest.raises(ImageError):
            appc.source_of(name, labels, "amd64", "/srv/")
    manifest = {
        "acKind": "ImageManifest",
        "acVersion": "0.8.11",
        "name": "w",
        "app": {
            "exec": ["/run", "it"],
            "user": "0",
            "group": "5",
            "workingDirectory": "/w",
            "environment": [{"name": "A", "value": "1"}],
        },
    }
    found = appc.document(json.dumps(manifest).encode(), "w", DIGEST)
    assert found.config == ImageConfig(entrypoint=["/run", "it"], env=["A=1"], user="0:5", working_dir="/w")
    for wrong in ({"acKind": "Pod"}, {"name": "other"}, {"dependencies": [{"imageName": "x"}]}, {"app": 1}):
        with pytest.raises(ImageError):
            appc.document(json.dumps(manifest | wrong).encode(), "w", DIGEST)


def test_the_least_recently_used_images_go_and_layers_with_the_last_that_has_them() -> None:
    records = ImageRecords()
    layers = {name: "sha256:" + name * 64 for name in "abc"}
    for name, layer in layers.items():
        records.layers[layer] = LayerRecord(size={"a": 100, "b": 10, "c": 1}[name])
    for name, chain, used in (("one", "ab", 1.0), ("two", "ac", 2.0), ("three", "a", 3.0)):
        image = ImageRecord(id=name, chain=tuple(layers[x] for x in chain), config=ImageConfig(), used=used)
        records.images[name] = image
        records.names[f"name-{name}"] = name
    assert victims(records, (), (), 5).images == ["one"] and victims(records, (), (), 5).freed == 10
    assert victims(records, (), (), 11).images == ["one", "two"]
    assert victims(records, (), (), 12).freed == 111
    assert victims(records, ["one"], ["name-two"], 1e9).images == ["three"]
    assert victims(records, (), (), 0).images == []
    records.forget("one")
    assert records.unneeded(()) == [layers["b"]] and records.unneeded([layers["b"]]) == []
    assert "name-one" not in records.names
    assert len(layer_name(DIGEST)) == 24


def test_what_skopeo_says_comes_without_its_frame_and_without_secrets() -> None:
    said = 'time="now" level=fatal msg="reading https://s.example/blob?key=hunter2: \\"denied\\" //u:pw@r.example/x"'
    assert reason(f"noise\n{said}\n") == 'reading https://s.example/blob?… "denied" //***@r.example/x'
    assert reason("") == "skopeo said nothing"


@pytest.mark.parametrize(
    "words", ["http: server gave HTTP response to HTTPS client", "tls: first record does not look like a TLS handshake"]
)
def test_of_a_registry_without_tls_the_reason_names_the_flag(words: str) -> None:
    """A cluster with a mirror of its own whose agents were not told that it speaks plain HTTP."""
    said = f'level=fatal msg="pinging container registry r.example: Get \\"https://r.example/v2/\\": {words}"'
    assert words in reason(said)
    assert reason(said).endswith("only to the registry that its --docker_registry=http://HOST:PORT names")
    assert "--docker_registry" not in reason(said.replace(words, "connection refused"))
