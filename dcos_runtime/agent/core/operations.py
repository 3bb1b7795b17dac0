"""Reservations and volumes: operations are applied one at a time, and what the disk says of them is the truth.

While one is under way, later messages of the master that depend on it wait (`BEHIND`). A volume is destroyed when no
container of a task has it any more; that it is to be destroyed is written down first, so that a restart goes on with
it. The result is written together with the resources, and told when that is durable.
"""

from __future__ import annotations

import logging

from dcos_runtime.agent.core import stored
from dcos_runtime.agent.core.book import Book
from dcos_runtime.agent.core.effects import ChangeVolumes
from dcos_runtime.agent.core.records import OperationRecord, OperationStep, Stage, UnderWay
from dcos_runtime.agent.core.task import Task
from dcos_runtime.agent.core.timing import ResendOperation, ResourcesWritten, RetryResources
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.core.resources import EMPTY, Format, Resources, conversions
from dcos_runtime.core.resources.value import Thing
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import Offer, OperationState
from dcos_runtime.wire.quoting import bounded

RESOURCES_KEY = "resources"

BEHIND = (
    internal.RunTask,
    internal.RunGroup,
    internal.KillTask,
    internal.ApplyOperation,
    internal.ShutdownFramework,
    internal.ShutdownExecutor,
    internal.Drain,
    internal.ToExecutor,
    internal.UpdateFramework,
)
"""Messages that wait for the operation before them."""

State = OperationState


class Operations(Book):
    """The rules of operations, one after another; `core.AgentCore` says when they apply."""

    # --- from the master ----------------------------------------------------------------------------------------------

    def apply_operation(self, message: internal.ApplyOperation) -> None:
        if message.uuid in self.operations:
            return
        record = OperationRecord(uuid=message.uuid, framework_id=message.framework_id, info=message.info)
        self.under_way = UnderWay(record, OperationStep.FOLDERS)
        try:
            asked = codec.decode(message.info, Offer.Operation)
        except codec.DecodeError as error:
            self._fail(f"The operation cannot be read: {error}")
            return
        if asked.id is not None:
            record.operation_id = asked.id.value
        if (why := self._impossible(asked)) is not None:
            self._fail(why)
            return
        if _removed(asked):
            self.under_way.step = OperationStep.WAITING
            self.operations[record.uuid] = record
            self.wait_for_containers()
        elif made := _made(asked):
            self.emit(ChangeVolumes(record.uuid, made=codec.encode(amounts.wire(made))))
        else:
            self._finish(asked)

    def _impossible(self, asked: Offer.Operation) -> str | None:
        if error := amounts.invalid(conversions.messages(asked)):
            return error
        conversion = conversions.conversion(asked)
        if conversion is None:
            return "This agent does not know such operations"
        after = conversion.of(self.total)
        if after is None:
            return f"{amounts.text(self.total)} does not contain {amounts.text(conversion.consumed)}"
        if len(amounts.wire(after)) > amounts.MAX_RESOURCES:
            return f"The agent would have more than {amounts.MAX_RESOURCES} different resources"
        for task in self.tasks.values():
            if task.stage is not Stage.ENDED and _removed(asked) & volumes_of(task):
                return f"A volume is in use by task {task.record.task_id}"
        return None

    def wait_for_containers(self) -> None:
        """Goes on when no container has the volume any more; a task's end is told before its container is gone."""
        at = self.under_way
        if at is None or at.step is not OperationStep.WAITING:
            return
        removed = _removed(codec.decode(at.record.info, Offer.Operation))
        if any(not task.destroyed and removed & volumes_of(task) for task in self.tasks.values()):
            return
        at.step = OperationStep.INTENT
        at.write = self._write_resources()

    def _remove_volumes(self, record: OperationRecord) -> None:
        asked = codec.decode(record.info, Offer.Operation)
        assert asked.destroy is not None
        removed = codec.encode(amounts.wire(amounts.parse(asked.destroy.volumes)))
        self.emit(ChangeVolumes(record.uuid, removed=removed))

    def volumes_changed(self, uuid: str, why: str | None) -> None:
        """The folders of volumes are made or destroyed, or why not."""
        at = self.under_way
        if at is None or at.record.uuid != uuid or at.step is not OperationStep.FOLDERS:
            return
        asked = codec.decode(at.record.info, Offer.Operation)
        if why is not None:
            self._fail(why)
        else:
            self._finish(asked)

    def _finish(self, asked: Offer.Operation) -> None:
        conversion = conversions.conversion(asked)
        after = conversion.of(self.total) if conversion is not None else None
        assert after is not None  # nothing changed since it was looked at
        self._over(State.OPERATION_FINISHED, after, None)

    def _fail(self, why: str) -> None:
        self.emit(Log(logging.ERROR, f"an operation failed: {why}"))
        self._over(State.OPERATION_FAILED, self.total, bounded(why))

    def _over(self, state: OperationState, after: Resources, message: str | None) -> None:
        at = self.under_way
        assert at is not None
        record = at.record
        record.state, record.message = state, message
        self.operations.pop(record.uuid, None)
        if record.operation_id is not None:
            record.status_uuid = self.source.token(16)
            self.operations[record.uuid] = record
        self.total = after
        self.kept = after.find(conversions.converted)
        at.step = OperationStep.WRITING
        at.write = self._write_resources()

    # --- the disk -----------------------------------------------------------------------------------------------------

    def _write_resources(self) -> int:
        value = stored.reserved(amounts.wire(self.kept, Format.STACK), list(self.operations.values()))
        effect = self.writes.begin(((RESOURCES_KEY, value),), ResourcesWritten())
        self.timers.cancel(RetryResources())
        self.resources_written = effect.id
        self.emit(effect)
        return effect.id

    def resources_durable(self, id: int, now: Now) -> None:
        at = self.under_way
        if at is None or at.step not in (OperationStep.INTENT, OperationStep.WRITING) or id < at.write:
            return
        if at.step is OperationStep.INTENT:
            at.step = OperationStep.FOLDERS
            self._remove_volumes(at.record)
            return
        self.under_way = None
        self._tell(at.record, now)

    def resources_not_written(self, id: int, why: str, now: Now) -> None:
        self.emit(Log(logging.ERROR, f"the resources could not be checkpointed, trying again: {why}"))
        if id == self.resources_written:
            self.timers.set(RetryResources(), now.mono + self.settings.persist_retry)

    def write_resources_again(self) -> None:
        at = self.under_way
        written = self._write_resources()
        if at is not None and at.write:
            at.write = written

    def recover_operations(self, value: bytes | None) -> None:
        """Continues with what the former process of this agent left."""
        if value is None:
            return
        found = stored.read_reserved(value)
        self.kept = amounts.parse(found.resources)
        total = conversions.applied(self.offered, self.kept)
        if total is None:
            raise ValueError("the reservations and volumes are not in what the agent offers")
        self.total = total
        self.operations = {record.uuid: record for record in found.operations}
        for record in found.operations:
            if record.state is State.OPERATION_PENDING:
                self.under_way = UnderWay(record, OperationStep.FOLDERS)
                self._remove_volumes(record)

    # --- telling ------------------------------------------------------------------------------------------------------

    def _tell(self, record: OperationRecord, now: Now, again: bool = False) -> None:
        if not self.membership.member:
            return
        if record.status_uuid is not None:
            first, longest = self.settings.update_retry_first, self.settings.update_retry_longest
            record.wait = min(record.wait * 2, longest) if again and record.wait else first
            self.timers.set(ResendOperation(record.uuid), now.mono + record.wait)
        finished = record.state is State.OPERATION_FINISHED
        self._up(
            internal.OperationUpdate(
                seq=self.membership.next_seq(),
                uuid=record.uuid,
                framework_id=record.framework_id,
                state=record.state,
                operation_id=record.operation_id,
                status_uuid=record.status_uuid,
                message=record.message,
                total=[] if finished else amounts.wire(self.total),
            )
        )

    def tell_operations(self, now: Now) -> None:
        """On a new connection: what was sent before may never have arrived."""
        for record in list(self.operations.values()):
            if self._tellable(record):
                self._tell(record, now)

    def resend_operation(self, uuid: str, now: Now) -> None:
        record = self.operations.get(uuid)
        if record is not None and self._tellable(record):
            self._tell(record, now, again=True)

    def _tellable(self, record: OperationRecord) -> bool:
        """Whether it is over, and that is on the disk."""
        at = self.under_way
        return record.state is not State.OPERATION_PENDING and (at is None or at.record is not record)

    def acknowledge_operation(self, message: internal.AcknowledgeOperation) -> None:
        record = self.operations.get(message.uuid)
        if record is None or record.status_uuid != message.status_uuid or not self._tellable(record):
            return
        del self.operations[message.uuid]
        self.timers.cancel(ResendOperation(message.uuid))
        self._write_resources()

    def known_operations(self) -> list[internal.KnownOperation]:
        """For the first message of a connection: on the disk, or under way."""
        known = list(self.operations.values())
        at = self.under_way
        if at is not None and at.record.uuid not in self.operations:
            known.append(at.record)
        return [self._known(record) for record in known]

    def _known(self, record: OperationRecord) -> internal.KnownOperation:
        over = self._tellable(record)
        return internal.KnownOperation(
            uuid=record.uuid,
            framework_id=record.framework_id,
            info=record.info,
            state=record.state if over else State.OPERATION_PENDING,
            status_uuid=record.status_uuid if over else None,
            message=record.message if over else None,
        )

    def durable_total(self) -> Resources:
        """Without the operation that is under way."""
        at = self.under_way
        if at is None or at.step is not OperationStep.WRITING or at.record.state is not State.OPERATION_FINISHED:
            return self.total
        conversion = conversions.conversion(codec.decode(at.record.info, Offer.Operation))
        assert conversion is not None
        return self.total - conversion.converted + conversion.consumed

    # --- tasks --------------------------------------------------------------------------------------------------------

    def unknown_resources(self, resources: Resources) -> str | None:
        """Why a task cannot have these: nobody reserved them, or made the volumes, here."""
        asked = resources.find(conversions.converted)
        if not asked:
            return None
        parts = Resources(asked.scalars, asked.ranges, asked.sets)
        if self.total.contains(parts) and asked.things.keys() <= self.total.things.keys():
            return None
        return "The checkpointed resources being used by the task are unknown to the agent"


def volumes_of(task: Task) -> set[Thing]:
    return set(conversions.volumes(amounts.parse(task.terms.resources)))


def _removed(asked: Offer.Operation) -> set[Thing]:
    if asked.type is not Offer.Operation.Type.DESTROY or asked.destroy is None:
        return set()
    return set(conversions.volumes(amounts.parse(asked.destroy.volumes)))


def _made(asked: Offer.Operation) -> Resources:
    if asked.type is not Offer.Operation.Type.CREATE or asked.create is None:
        return EMPTY
    return amounts.parse(asked.create.volumes)
