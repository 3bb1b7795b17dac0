"""What a recording hides and what it tells, field by field, and that nothing else changes with it."""

from __future__ import annotations

import base64
import importlib
import json
from functools import cache
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.core.frozen import Frozen
from dcos_runtime.core.pseudonyms import Pseudonyms
from dcos_runtime.replay import CORES
from dcos_runtime.wire.generator.schema import Field, Message, read
from dcos_runtime.wire.uris import unpacked_under_uris

TASK = {
    "name": "t",
    "task_id": {"value": "t"},
    "command": {
        "value": "run --token=hunter2",
        "arguments": ["--pw", "hunter3"],
        "environment": {"variables": [{"name": "PW", "value": "hunter4"}, {"name": "S", "secret": {"value": {}}}]},
        "uris": [{"value": "https://me:hunter5@host/path?key=hunter6", "extract": True}],
    },
    "container": {"docker": {"image": "i", "credential": {"principal": "p", "secret": "hunter7"}}},
    "data": "aHVudGVyOA==",
    "resources": [{"name": "cpus", "scalar": {"value": 1.5}, "type": "SCALAR"}],
}


def test_no_secret_of_a_task_is_told_and_all_else_is() -> None:
    hidden = Pseudonyms(b"k" * 32).message(json.dumps(TASK).encode())
    assert b"hunter" not in hidden and b"aHVud" not in hidden
    document = json.loads(hidden)
    for same in ("name", "task_id", "resources"):
        assert document[same] == TASK[same]
    assert document["command"]["environment"]["variables"][0]["name"] == "PW"
    assert "@host/path?" in document["command"]["uris"][0]["value"]
    assert len(document["command"]["value"]) == len("run --token=hunter2")
    assert msgspec.json.decode(json.dumps(document["data"]).encode(), type=bytes)


@given(st.text(), st.text())
def test_a_pseudonym_is_as_long_and_the_same_for_the_same_only(one: str, other: str) -> None:
    names, strange = Pseudonyms(b"1" * 32), Pseudonyms(b"2" * 32)
    assert len(names.of(one)) == len(one) and names.of(one) == names.of(one)
    assert [at for at, letter in enumerate(names.of(one)) if letter == "\0"] == [
        at for at, letter in enumerate(one) if letter == "\0"
    ]
    if len(one) >= 16 and one != other and "\0" not in one:
        assert names.of(one) != names.of(other) and names.of(one) != strange.of(one)


def test_what_cannot_be_read_is_not_told_at_all() -> None:
    hidden = Pseudonyms(b"k" * 32).message(b'{"command": {"value": "hunter2"')
    assert b"hunter" not in hidden and len(hidden) == 31


_LOOKS_ALIKE = st.sampled_from(
    ['"webui_url": "', '"webui_url":"', "webui_url", "http://u:p@h", '"', "\\", "é", "ـ", "@", "?", " "]
)


@pytest.mark.parametrize("kind", [msgspec.msgpack, msgspec.json])
@given(first=st.lists(_LOOKS_ALIKE, max_size=8), second=st.lists(_LOOKS_ALIKE, max_size=4))
def test_texts_that_look_like_an_address_field_damage_no_recording(
    kind: Any, first: list[str], second: list[str]
) -> None:
    value = {"name": "".join(first), "labels": ["".join(second), 7], "webui_url": "http://u:S3CRET@h/?S3CRET"}
    data = kind.encode(value)
    hidden = Pseudonyms(b"k" * 32).addresses(data)
    assert len(hidden) == len(data) and b"S3CRET" not in hidden
    assert kind.decode(hidden).keys() == value.keys()


# --- which fields are secret: docs/decisions/018 says why -------------------------------------------------------------

HIDDEN = {
    *("CommandInfo.value", "CommandInfo.arguments", "Environment.Variable.value", "Parameter.value"),
    *("TaskInfo.data", "ExecutorInfo.data", "TaskStatus.data", "Call.Message.data", "Secret.Value.data"),
    *("Credential.principal", "Credential.secret", "DiscoveryInfo.name"),
    *("CSIVolume.StaticProvisioning.volume_context", "CSIVolume.VolumeCapability.MountVolume.mount_flags"),
}
PARTLY = {"CommandInfo.URI.value", "FrameworkInfo.webui_url", "CheckInfo.Http.path", "HealthCheck.HTTPCheckInfo.path"}
"""User, password, query and fragment of an address, and all of a path but its first slash."""
BY_NAME = {"Secret.Reference.name", "Secret.Reference.key"}
"""Where a secret is kept: told, but where the whole field is hidden."""
TOLD = {
    # ids, and names of what there is
    *("AgentID.value", "ContainerID.value", "ExecutorID.value", "FrameworkID.value", "OfferID.value"),
    *("OperationID.value", "ResourceProviderID.value", "TaskID.value", "TaskInfo.name", "ExecutorInfo.name"),
    *("ExecutorInfo.source", "Acknowledge.uuid", "AcknowledgeOperationStatus.uuid", "TaskStatus.uuid"),
    *("FrameworkInfo.name", "FrameworkInfo.user", "FrameworkInfo.hostname", "FrameworkInfo.principal"),
    *("FrameworkInfo.role", "FrameworkInfo.roles", "Revive.roles", "Subscribe.suppressed_roles", "Suppress.roles"),
    *("UpdateFramework.suppressed_roles", "Label.key", "Label.value", "TaskStatus.message"),
    # amounts, and who has them
    *("Resource.name", "Resource.role", "Resource.AllocationInfo.role", "Resource.ReservationInfo.role"),
    *("Resource.ReservationInfo.principal", "DiskInfo.Persistence.id", "DiskInfo.Persistence.principal"),
    *("DiskInfo.Source.Mount.root", "DiskInfo.Source.Path.root", "DiskInfo.Source.id", "DiskInfo.Source.profile"),
    *("DiskInfo.Source.vendor", "Value.Set.item", "Operation.CreateDisk.target_profile"),
    *("AttributeConstraint.Predicate.TextEquals.value", "AttributeConstraint.Predicate.TextMatches.regex"),
    *("AttributeConstraint.Predicate.TextNotEquals.value", "AttributeConstraint.Predicate.TextNotMatches.regex"),
    "AttributeConstraint.Selector.attribute_name",
    # how a task is run, but not with what
    *("CommandInfo.user", "CommandInfo.URI.output_file", "Environment.Variable.name", "Parameter.key"),
    *("ContainerInfo.hostname", "DockerInfo.image", "DockerInfo.volume_driver", "DockerInfo.PortMapping.protocol"),
    *("Image.Appc.id", "Image.Appc.name", "Image.Docker.name", "SeccompInfo.profile_name"),
    *("NetworkInfo.IPAddress.ip_address", "NetworkInfo.PortMapping.protocol", "NetworkInfo.groups"),
    *("NetworkInfo.name", "Port.name", "Port.protocol", "HealthCheck.HTTPCheckInfo.scheme"),
    *("DiscoveryInfo.environment", "DiscoveryInfo.location", "DiscoveryInfo.version"),
    *("Volume.container_path", "Volume.host_path", "Source.DockerVolume.driver", "Source.DockerVolume.name"),
    *("Source.HostPath.path", "Source.SandboxPath.path", "CSIVolume.plugin_name"),
    *("CSIVolume.StaticProvisioning.volume_id", "CSIVolume.VolumeCapability.MountVolume.fs_type"),
}


@cache
def schema() -> dict[str, Message]:
    return {f"{one.module}.{one.path}": one for module in read() for one in module.walk()}


def filled(message: Message, within: tuple[Message, ...], words: dict[str, str]) -> dict[str, Any]:
    """The message with every field that it may have. ``words``: each text that is in it, and whose it is."""
    made: dict[str, Any] = {}

    def word(field: Field) -> str:
        bare = f"word{len(words):05}"
        words[bare] = f"{message.path}.{field.name}"
        if field.kind == "bytes":
            coded = base64.b64encode(bare.encode()).decode()
            words[coded] = words.pop(bare)
            return coded
        return f"/{bare}" if field.name == "path" else bare

    for field in message.fields:
        if field.kind == "message":
            if field.message in within:
                continue
            value: Any = filled(field.message, (*within, field.message), words)
        elif field.kind in ("string", "bytes"):
            value = word(field)
        else:
            value = {"enum": field.kind == "enum" and field.enum.names[0], "bool": True}.get(field.kind, 1)
        made[field.name] = {"k": value} if field.key is not None else value if field.singular else [value]
    return made


def of(field: str, names: set[str]) -> bool:
    return any(field == name or field.endswith(f".{name}") for name in names)


def test_each_field_of_what_frameworks_send_is_hidden_or_told_on_purpose() -> None:
    seen: set[str] = set()
    for root in ("scheduler.Call", "tasks.TaskStatus"):
        words: dict[str, str] = {}
        document = filled(schema()[root], (schema()[root],), words)
        names = Pseudonyms(b"k" * 32)
        data = names.addresses(names.message(json.dumps(document).encode())).decode()
        for word, field in words.items():
            if of(field, PARTLY):
                assert (word in data) == (not field.endswith(".path")), field
            elif not of(field, BY_NAME):
                assert (word in data) != of(field, HIDDEN), f"{field} is {'told' if word in data else 'hidden'}"
                assert of(field, HIDDEN) != of(field, TOLD), f"{field}: may a secret be in it? (docs/decisions/018)"
            seen.add(field)
    known = HIDDEN | PARTLY | BY_NAME | TOLD
    assert {name for name in known if not any(of(field, {name}) for field in seen)} == set(), "nobody sends these"


URIS = [
    ("https://host:8080/path/app.tgz", []),
    ("https://me:hunter2@host/app.tgz?key=hunter3#hunter4", ["me", "hunter"]),
    ("https://host/x#access_token=hunter2", ["hunter"]),
    ("https://me:hun/ter2@host/app.tgz", ["hun", "ter2"]),
    ("https://me:hunter?2@host/app.tgz", ["hunter", "2"]),
    ("https://me:hun/ter#2@host/app.tgz", ["hun", "ter", "2"]),
    ("http:/me:hunter2@host/app.tar.gz", ["hunter"]),
    ("me:hunter2@host/app.zip", ["hunter"]),
    ("https://proxy/https://me:hunter2@host/app.zip", ["hunter"]),
    ("https://host:80/app.tgz?to=me@hunter2", ["hunter"]),
    ("file:///srv/a?b.tgz", []),
    ("/srv/a#b.tgz", []),
    ("/srv/a@b.tgz", []),
    ("", []),
    ("@", []),
    ("?#@//", []),
]


@pytest.mark.parametrize(("uri", "secrets"), URIS)
def test_no_credentials_of_an_address_are_told_however_malformed_it_is(uri: str, secrets: list[str]) -> None:
    hidden = Pseudonyms(b"k" * 32).uri(uri)
    assert len(hidden) == len(uri) and unpacked_under_uris(hidden) == unpacked_under_uris(uri)
    assert [secret for secret in secrets if secret in hidden] == []
    if not secrets and ":8080" in uri:
        assert hidden == uri


PARTS = st.sampled_from(["https://", "file://", "//", "/", "?", "#", "@", ":", "a", "é", ".tgz", ".zip", "%2e", "%40"])


@given(st.lists(PARTS, max_size=12).map("".join))
def test_any_address_stays_as_long_and_is_unpacked_as_before(uri: str) -> None:
    hidden = Pseudonyms(b"k" * 32).uri(uri)
    assert len(hidden) == len(uri) and len(json.dumps(hidden)) == len(json.dumps(uri))
    assert unpacked_under_uris(hidden) == unpacked_under_uris(uri)


# --- which events and effects may hold any of these -------------------------------------------------------------------

TOLD_AS_THEY_ARE = {
    "agent": (
        *("Checked", "CleanupAsked", "Closed", "Created", "Destroyed", "DiskExceeded", "DiskTooDeep"),
        *("NestedChanged", "RemoveNested", "VolumesChanged"),
        *("EndpointFound", "Exited", "PowerOff", "RunCheck", "StopCheck", "UnregisterAsked"),
        *("LaunchFailed", "MasterSeen", "PersistFailed", "Persisted", "PortsUnallocated", "Started", "SupervisorLost"),
        *("ExecutorClosed", "Tick"),
        "ChangeVolumes",
        *("CloseConnection", "CloseExecutor", "Destroy", "EndProcess", "Log", "OpenConnection", "Retire", "Signal"),
        "Start",
    ),
    "cosmos": ("Carry", "Refresh"),
    "framework": ("Close", "End", "Subscribe"),
    "marathon": (
        *("CancelDeployment", "DeleteApp", "Disconnected", "KillTask", "KillTasks", "PersistFailed", "Persisted"),
        *("Probed", "ResetDelay", "RestartApp", "Subscribed", "Tick"),
        *("EndProcess", "Log", "Trouble"),
    ),
    "master": (
        *("AgentGone", "BudgetedTick", "Persisted", "Recovered", "Resumed", "SubscriberGone", "TeardownAsked"),
        *("OperationAsked", "WeightsAsked", "QuotasAsked", "QuotaRequested", "QuotaRemovalAsked"),
        *("DeactivateAsked", "DrainAsked", "GoneAsked", "ReactivateAsked", "Watch", "WatcherGone"),
        *("MachinesAsked", "ScheduleAsked"),
        *("Close", "Log", "Persist", "SendJoined"),
    ),
}
"""Ids, numbers, addresses and names, records of agents, and what a status or the daemon's log says."""


@pytest.mark.parametrize("name", CORES)
def test_of_each_event_and_effect_somebody_has_decided_whether_it_may_hold_secrets(name: str) -> None:
    """One of a new type goes through the veil, or is on the list."""
    module: Any = importlib.import_module(CORES[name])
    veil = module.Veil(b"k" * 32)
    plain = []
    for union, hiders in ((module.EVENT, veil.events), (module.EFFECT, veil.effects)):
        assert hiders.keys() <= set(get_args(union))
        plain += [kind.__name__ for kind in get_args(union) if kind not in hiders]
    assert sorted(plain) == sorted(TOLD_AS_THEY_ARE[name])


def test_no_event_or_effect_is_of_a_kind_below_another() -> None:
    """A table that knows a type does not know what is made from it."""
    for path in CORES.values():
        module: Any = importlib.import_module(path)
        for kind in (*get_args(module.EVENT), *get_args(module.EFFECT)):
            assert kind.__bases__ == (Frozen,) and not kind.__subclasses__(), kind
