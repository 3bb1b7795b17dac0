"""Calls about maintenance: its schedule, and machines that are taken down and brought up."""

from __future__ import annotations

from dcos_runtime.master.core import maintenance
from dcos_runtime.master.core.events import MachinesAsked, ScheduleAsked
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.wire.master import Call, Response

_T = Response.Type


async def _status(asked: OperatorCall) -> Answer:
    status = Response.GetMaintenanceStatus(status=maintenance.status(asked.state))
    return Response(type=_T.GET_MAINTENANCE_STATUS, get_maintenance_status=status)


async def _schedule(asked: OperatorCall) -> Answer:
    schedule = Response.GetMaintenanceSchedule(schedule=asked.state.maintenance.plan.schedule)
    return Response(type=_T.GET_MAINTENANCE_SCHEDULE, get_maintenance_schedule=schedule)


async def _update(asked: OperatorCall) -> Answer:
    schedule = asked.wants(Call.UpdateMaintenanceSchedule).schedule
    return await asked.change(lambda number: ScheduleAsked(number, schedule, asked.by))


async def _start(asked: OperatorCall) -> Answer:
    machines = tuple(asked.wants(Call.StartMaintenance).machines)
    return await asked.change(lambda number: MachinesAsked(number, machines, True, asked.by))


async def _stop(asked: OperatorCall) -> Answer:
    machines = tuple(asked.wants(Call.StopMaintenance).machines)
    return await asked.change(lambda number: MachinesAsked(number, machines, False, asked.by))


CALLS: Calls = {
    Call.Type.GET_MAINTENANCE_STATUS: _status,
    Call.Type.GET_MAINTENANCE_SCHEDULE: _schedule,
    Call.Type.UPDATE_MAINTENANCE_SCHEDULE: _update,
    Call.Type.START_MAINTENANCE: _start,
    Call.Type.STOP_MAINTENANCE: _stop,
}
