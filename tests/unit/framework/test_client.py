"""The client against a master that does as it is told, on a real socket."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dcos_runtime import tls
from dcos_runtime.framework.client import Client, Credential, SubscriptionRefused
from dcos_runtime.framework.leader import MasterLeader
from dcos_runtime.store.lease import Lease, LeaseOver, Term
from dcos_runtime.wire import calls, recordio
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.scheduler import Call, Event
from tests.support.daemons.authority import Authority


class Master:
    """Accepts every subscription unless ``answers`` holds what to answer first; ``send`` feeds the newest stream."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.call_answers: list[web.Response] = []
        self.calls: list[dict[str, Any]] = []
        self.subscriptions: list[tuple[dict[str, Any], Any]] = []
        self.changed = asyncio.Condition()
        self.streams: list[asyncio.Queue[bytes | None]] = []
        self.heartbeat = 15.0
        self.url = ""
        self.port = 0

    async def listen(self, tls: ssl.SSLContext | None = None) -> Master:
        app = web.Application()
        app.router.add_post("/api/v1/scheduler", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        return self

    async def __aenter__(self) -> Master:
        return await self.listen()

    async def __aexit__(self, *_: object) -> None:
        for stream in self.streams:
            stream.put_nowait(None)
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        if body["type"] == "SUBSCRIBE":
            return await self._subscribe(request, body)
        async with self.changed:
            self.calls.append({"stream": request.headers.get("Mesos-Stream-Id"), **body})
            self.changed.notify_all()
        return self.call_answers.pop(0) if self.call_answers else web.Response(status=202)

    async def _subscribe(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if self.answers:
            return self.answers.pop(0)
        response = web.StreamResponse(headers={"Mesos-Stream-Id": f"stream-{len(self.streams)}"})
        await response.prepare(request)
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        async with self.changed:
            self.streams.append(stream)
            self.subscriptions.append((body, request.headers))
            self.changed.notify_all()
        told = {"framework_id": {"value": "fw-1"}, "heartbeat_interval_seconds": self.heartbeat}
        self.send({"type": "SUBSCRIBED", "subscribed": told})
        while (record := await stream.get()) is not None:
            await response.write(record)
        return response

    def send(self, event: dict[str, Any]) -> None:
        self.streams[-1].put_nowait(recordio.encode(json.dumps(event).encode()))

    def close_stream(self) -> None:
        self.streams[-1].put_nowait(None)

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(240), self.changed:
            await self.changed.wait_for(condition)


class Recorder:
    """A scheduler that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.changed = asyncio.Condition()
        self.client: Client | None = None
        self.on_subscribed: list[Call] = []

    async def _note(self, item: Any) -> None:
        async with self.changed:
            self.told.append(item)
            self.changed.notify_all()

    async def event(self, event: Event) -> None:
        if event.type is Event.Type.SUBSCRIBED and self.client is not None:
            for call in self.on_subscribed:
                assert self.client.send(call)
        await self._note(event)

    async def disconnected(self, reason: str) -> None:
        await self._note(reason)

    async def refused(self, call: Call, status: int, text: str) -> None:
        await self._note((call, status, text))

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(240), self.changed:
            await self.changed.wait_for(condition)

    def reasons(self) -> list[str]:
        return [item for item in self.told if isinstance(item, str)]

    def events(self, kind: Event.Type) -> list[Event]:
        return [item for item in self.told if isinstance(item, Event) and item.type is kind]


class Running:
    def __init__(
        self,
        url: str,
        framework_id: str | None = None,
        credential: Credential | None = None,
        tls: ssl.SSLContext | None = None,
        tls_port: int | None = None,
        term: Term | None = None,
    ) -> None:
        self.scheduler = Recorder()
        self.framework_id = framework_id
        self.client = Client(
            MasterLeader(url, tls_port),
            self._introduce,
            self.scheduler,
            credential=credential,
            tls=tls,
            term=term,
            first_wait=0.01,
            longest_wait=0.05,
        )
        self.scheduler.client = self.client
        self.task = asyncio.create_task(self.client.run())

    def _introduce(self) -> FrameworkInfo:
        framework_id = FrameworkID(value=self.framework_id) if self.framework_id else None
        return FrameworkInfo(user="root", name="test", id=framework_id)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def master() -> AsyncIterator[Master]:
    async with Master() as one:
        yield one


async def test_a_subscription_tells_its_events_in_order_and_without_heartbeats(master: Master) -> None:
    running = Running(master.url)
    await master.until(lambda: master.subscriptions)
    master.send({"type": "HEARTBEAT"})
    for number in range(50):
        master.send({"type": "RESCIND", "rescind": {"offer_id": {"value": str(number)}}})
    await running.scheduler.until(lambda: len(running.scheduler.events(Event.Type.RESCIND)) == 50)
    order = [event.rescind.offer_id.value for event in running.scheduler.events(Event.Type.RESCIND)]
    assert order == [str(number) for number in range(50)]
    assert running.scheduler.told[0].type is Event.Type.SUBSCRIBED
    assert not running.scheduler.events(Event.Type.HEARTBEAT)
    assert running.client.master == master.url
    await running.stop()


async def test_calls_go_out_in_order_with_framework_and_stream_id(master: Master) -> None:
    running = Running(master.url)
    running.scheduler.on_subscribed = [calls.kill(f"t{number}") for number in range(30)]
    await master.until(lambda: len(master.calls) == 30)
    assert [call["kill"]["task_id"]["value"] for call in master.calls] == [f"t{number}" for number in range(30)]
    assert {call["stream"] for call in master.calls} == {"stream-0"}
    assert {call["framework_id"]["value"] for call in master.calls} == {"fw-1"}
    await running.stop()


class Term10:
    """A lease of 10 s on a clock of the test's; ``asked`` grows with every time that somebody has to wait for it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lease = Lease(lambda: self.now)
        self.confirm()
        self.asked = asyncio.Event()
        hold = self.lease.hold

        async def held(seconds: float | None = None) -> None:
            if not self.lease.valid():
                self.asked.set()
            await hold(seconds)

        self.lease.hold = held  # type: ignore[method-assign]  # a double takes its place

    def confirm(self) -> None:
        self.lease.confirm(self.now, 10.0, self.now)

    async def until_asked(self) -> None:
        async with asyncio.timeout(240):
            await self.asked.wait()


async def test_calls_of_a_suspended_leader_wait_and_go_out_once_it_goes_on(master: Master) -> None:
    term = Term10()
    running = Running(master.url, term=term.lease)
    await running.scheduler.until(lambda: running.scheduler.events(Event.Type.SUBSCRIBED))
    assert running.client.send(calls.kill("before"))
    await master.until(lambda: len(master.calls) == 1)
    term.now = 3600.0  # paused: its lease has lapsed
    assert running.client.send(calls.kill("held")) and running.client.send(calls.kill("behind"))
    await term.until_asked()
    master.send({"type": "RESCIND", "rescind": {"offer_id": {"value": "1"}}})  # a whole turn there and back
    await running.scheduler.until(lambda: running.scheduler.events(Event.Type.RESCIND))
    assert len(master.calls) == 1
    term.confirm()
    await master.until(lambda: len(master.calls) == 3)
    assert [call["kill"]["task_id"]["value"] for call in master.calls] == ["before", "held", "behind"]
    await running.stop()


async def test_a_suspended_leader_takes_nobodys_subscription(master: Master) -> None:
    term = Term10()
    term.now = 3600.0
    running = Running(master.url, "fw-1", term=term.lease)
    await term.until_asked()
    assert not master.subscriptions
    term.confirm()
    await master.until(lambda: master.subscriptions)
    await running.stop()


@pytest.mark.parametrize("subscribed", [True, False])
async def test_who_leads_no_more_sends_nothing_more(master: Master, subscribed: bool) -> None:
    term = Term10()
    if not subscribed:
        term.now = 3600.0
    running = Running(master.url, term=term.lease)
    if subscribed:
        await running.scheduler.until(lambda: running.scheduler.events(Event.Type.SUBSCRIBED))
        term.now = 3600.0
        assert running.client.send(calls.kill("never"))
    await term.until_asked()
    term.lease.revoke("another leads")
    async with asyncio.timeout(240):
        with pytest.raises(LeaseOver):
            await running.task
    assert not master.calls and len(master.subscriptions) == int(subscribed)


async def test_a_redirect_is_followed_to_the_leader(master: Master) -> None:
    async with Master() as standby:
        location = master.url.removeprefix("http:") + "/api/v1/scheduler"
        standby.answers = [web.Response(status=307, headers={"Location": location})]
        running = Running(standby.url)
        await running.scheduler.until(lambda: running.scheduler.told)
        assert running.client.master == master.url
        await running.stop()


async def test_masters_that_point_at_each_other_are_left_after_some_redirects(master: Master) -> None:
    location = master.url + "/api/v1/scheduler"
    master.answers = [web.Response(status=307, headers={"Location": location}) for _ in range(5)]
    running = Running(master.url)
    await running.scheduler.until(lambda: running.scheduler.events(Event.Type.SUBSCRIBED))
    assert "redirects" in running.scheduler.reasons()[0]
    await running.stop()


async def test_a_master_without_a_leader_is_asked_again(master: Master) -> None:
    master.answers = [web.Response(status=503, text="No leader elected") for _ in range(2)]
    running = Running(master.url)
    await running.scheduler.until(lambda: running.scheduler.events(Event.Type.SUBSCRIBED))
    assert [("503" in reason and "No leader elected" in reason) for reason in running.scheduler.reasons()] == [
        True,
        True,
    ]
    await running.stop()


async def test_a_closed_stream_is_subscribed_anew_with_the_same_framework_id(master: Master) -> None:
    running = Running(master.url)
    await running.scheduler.until(lambda: running.scheduler.told)
    assert "framework_id" not in master.subscriptions[0][0]
    running.framework_id = "fw-1"
    master.close_stream()
    await running.scheduler.until(lambda: len(running.scheduler.events(Event.Type.SUBSCRIBED)) == 2)
    again = master.subscriptions[1][0]
    assert again["framework_id"] == again["subscribe"]["framework_info"]["id"] == {"value": "fw-1"}
    assert "closed" in running.scheduler.reasons()[0]
    await running.stop()


async def test_a_silent_stream_is_given_up(master: Master) -> None:
    master.heartbeat = 0.02
    running = Running(master.url)
    await running.scheduler.until(lambda: len(running.scheduler.events(Event.Type.SUBSCRIBED)) == 2)
    assert "5 heartbeats" in running.scheduler.reasons()[0]
    await running.stop()


async def test_a_refused_call_is_told_and_the_next_ones_still_go_out(master: Master) -> None:
    master.call_answers = [web.Response(status=400, text="Expecting something else")]
    running = Running(master.url)
    running.scheduler.on_subscribed = [calls.kill("a"), calls.kill("b")]
    await master.until(lambda: len(master.calls) == 2)
    await running.scheduler.until(lambda: any(isinstance(item, tuple) for item in running.scheduler.told))
    call, status, text = next(item for item in running.scheduler.told if isinstance(item, tuple))
    assert (call.kill.task_id.value, status, text) == ("a", 400, "Expecting something else")
    assert not running.scheduler.reasons()
    await running.stop()


async def test_calls_of_a_lost_subscription_are_dropped_and_never_sent_on_the_next(master: Master) -> None:
    master.call_answers = [web.Response(status=403, text="Framework is not subscribed")]
    running = Running(master.url)
    await running.scheduler.until(lambda: running.scheduler.told)
    assert running.client.send(calls.kill("a")) and running.client.send(calls.kill("lost"))
    await running.scheduler.until(lambda: len(running.scheduler.events(Event.Type.SUBSCRIBED)) == 2)
    assert running.client.send(calls.kill("c"))
    await master.until(lambda: len(master.calls) == 2)
    assert [call["kill"]["task_id"]["value"] for call in master.calls] == ["a", "c"]
    await running.stop()


async def test_nothing_can_be_sent_without_a_subscription() -> None:
    running = Running("127.0.0.1:1")
    await running.scheduler.until(lambda: running.scheduler.told)
    assert "no connection to http://127.0.0.1:1" in running.scheduler.reasons()[0]
    assert running.client.send(calls.kill("a")) is False
    await running.stop()


async def test_credentials_are_sent_as_http_basic(master: Master) -> None:
    running = Running(master.url, credential=Credential("init", "secret"))
    await master.until(lambda: master.subscriptions)
    assert master.subscriptions[0][1]["Authorization"] == "Basic " + base64.b64encode(b"init:secret").decode()
    await running.stop()


async def test_a_master_that_refuses_the_framework_ends_the_client_with_its_reason(master: Master) -> None:
    master.answers = [web.Response(status=401, text="Unauthorized")]
    running = Running(master.url)
    with pytest.raises(SubscriptionRefused, match="Unauthorized"):
        await asyncio.wait_for(running.task, 240)


async def test_an_error_of_the_scheduler_ends_the_client(master: Master) -> None:
    running = Running(master.url)

    async def broken(event: Event) -> None:
        raise RuntimeError("cannot go on")

    running.scheduler.event = broken  # type: ignore[method-assign]  # a double takes its place
    with pytest.raises(RuntimeError, match="cannot go on"):
        await asyncio.wait_for(running.task, 240)


@pytest.mark.parametrize("text", ["", "host:99999", "http://user@host", "zk://", "zk://host:2181"])
def test_an_unusable_master_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|path|host"):
        MasterLeader(text)


# --- mutual TLS ---


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def files(authority: Authority, kind: str) -> tls.TlsFiles:
    return tls.TlsFiles(authority.ca, authority.identity(kind))


def init_at(authority: Authority, port: int) -> Running:
    """A framework that is told of a master whose plain port is 1, with ``port`` for mutual TLS."""
    return Running("127.0.0.1:1", tls=files(authority, "marathon").client("master"), tls_port=port)


async def test_with_tls_the_masters_other_port_is_used_for_subscription_and_calls(authority: Authority) -> None:
    master = await Master().listen(files(authority, "master").server())
    running = init_at(authority, master.port)
    running.scheduler.on_subscribed = [calls.kill("a")]
    await master.until(lambda: master.calls)
    assert running.client.master == master.url == f"https://127.0.0.1:{master.port}"
    assert "Authorization" not in master.subscriptions[0][1]
    await running.stop()
    await master.__aexit__()


@pytest.mark.parametrize("kind", ["agent", "marathon", "gateway"])
async def test_nothing_is_sent_to_what_has_no_masters_certificate(authority: Authority, kind: str) -> None:
    impostor = await Master().listen(files(authority, kind).server())
    running = init_at(authority, impostor.port)
    await running.scheduler.until(running.scheduler.reasons)
    assert "not a master" in running.scheduler.reasons()[0]
    assert not impostor.subscriptions
    await running.stop()
    await impostor.__aexit__()


async def test_nothing_is_sent_to_a_master_of_another_cluster(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path)
    stranger = await Master().listen(files(other, "master").server())
    running = init_at(authority, stranger.port)
    await running.scheduler.until(running.scheduler.reasons)
    assert "certificate is not trusted" in running.scheduler.reasons()[0] and not stranger.subscriptions
    await running.stop()
    await stranger.__aexit__()


@pytest.mark.parametrize("location", ["{plain}", "//127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://x:99999"])
async def test_with_tls_no_redirect_to_another_port_is_followed(
    authority: Authority, master: Master, location: str
) -> None:
    standby = await Master().listen(files(authority, "master").server())
    target = location.format(plain=master.url, port=master.port) + "/api/v1/scheduler"
    standby.answers = [web.Response(status=307, headers={"Location": target})]
    running = init_at(authority, standby.port)
    await standby.until(lambda: standby.subscriptions)
    told = "redirects to nowhere" if "99999" in location else "not a master's port for mutual TLS"
    assert told in running.scheduler.reasons()[0]
    assert not master.subscriptions
    await running.stop()
    await standby.__aexit__()


def test_the_plain_address_of_a_master_is_told_to_people() -> None:
    async def pages() -> list[str | None]:
        return [MasterLeader(text, 5049).page() for text in ("127.0.0.1:5050", "[::1]:1234", "host")]

    assert asyncio.run(pages()) == ["http://127.0.0.1:5050", "http://[::1]:1234", "http://host:5050"]
