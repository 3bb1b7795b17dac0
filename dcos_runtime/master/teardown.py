"""`/teardown`: an operator ends a framework of any principal by naming its id in a form.

Every principal that may write may do that, as in Mesos without ACLs; a framework ends itself by the scheduler API's
TEARDOWN.
"""

from __future__ import annotations

from aiohttp import web

from dcos_runtime.master import forms
from dcos_runtime.master.core.events import TeardownAsked
from dcos_runtime.master.scheduler_api import answered
from dcos_runtime.master.shell import MasterShell

_LARGEST = 64 * 1024


async def handle(request: web.Request, shell: MasterShell, principal: str | None) -> web.StreamResponse:
    async def teardown(request: web.Request) -> web.StreamResponse:
        framework_id = forms.wanted(await forms.posted(request, _LARGEST), "frameworkId")
        by = f"{principal or 'somebody'} at {request.remote}"
        return answered(await shell.ask(lambda number: TeardownAsked(number, framework_id, by, principal)))

    return await forms.answer(request, {"POST": teardown})
