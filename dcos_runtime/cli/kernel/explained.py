"""What the master's `/api/v1/explain` says, as text. Words that this version does not know are shown as they came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dcos_runtime.cli import output
from dcos_runtime.cli.connection.http import NotJson, Response
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.kernel.master import Master
from dcos_runtime.counting import counted
from dcos_runtime.wire.explain import PATH

Answer = Mapping[str, Any]

_WORDS = {
    "unreachable": "marked unreachable",
    "recovering": "not seen since this master leads",
    "leaving": "about to be marked unreachable or gone",
    "disconnected": "without a connection to the master",
    "deactivated": "deactivated by an operator",
    "draining": "drained by an operator",
    "gone": "marked gone",
    "attributes": "another attribute than wanted",
    "gpus": "has gpus, which are for frameworks with GPU_RESOURCES",
    "offered": "offered already",
    "allocated": "used by others",
    "too_little_free": "others use so much that too little is free",
    "capability": "the framework lacks a capability",
    "reserved": "reserved to other roles",
    "too_small": "too small altogether",
    "filtered": "declined by the framework",
    "quota": "kept back by a quota",
    "available": "offered in the next run, in the order of shares",
}
_VERDICTS = {
    "fits": "The task fits: an agent has what it wants.",
    "waits": "The task has to wait: what it wants is used, offered, declined or kept by a quota.",
    "never": "The task fits on no agent that is here.",
}


def read(master: Master, query: str) -> Answer | None:
    """None: there is no such framework, or not in this role. Raises `CliError`."""
    response = master.ask("GET", f"{PATH}?{query}")
    return None if response.status == 404 else _read(response)


def read_task(master: Master, asked: Mapping[str, Any]) -> Answer:
    """Raises `CliError`."""
    return _read(master.ask("POST", PATH, asked))


def _read(response: Response) -> Answer:
    if response.status == 405:
        raise CliError(
            f"the master at {response.url} cannot explain: its version of dcos is older than that of this command",
            hints=["a deploy brings the cluster to one version: dcos-installer deploy"],
        )
    if response.status != 200:
        raise CliError(f"the master does not explain that ({response.status}): {response.complaint() or 'nothing'}")
    try:
        answer: Answer = response.json()
    except NotJson as error:
        raise CliError(f"{response.url} does not answer as a master does: {error}") from error
    return answer


def show(answer: Answer, shown: Callable[[Answer], None], *, as_json: bool) -> None:
    """Raises `CliError` for an answer of another form."""
    if as_json:
        output.print_json(answer)
        return
    try:
        shown(answer)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise CliError(
            f"the master explains in a form that this version does not know: {error!r}",
            hints=["--json shows what it says"],
        ) from error


# --- what is explained -----------------------------------------------------------------------------------------------


def framework(answer: Answer) -> None:
    output.print_line(f"framework {answer['framework_id']} ({answer['name']}) is {answer['state']}")
    for one in answer.get("roles", []):
        output.print_line("")
        _placed(one["framework"])
        _role(one["role"])
        _agents(one["agents"])
    if left := answer.get("left_out", []):
        output.print_note(f"not explained: {counted(len(left), 'role')}; name one of them with --role: {left[0]}")


def role(answer: Answer) -> None:
    one = answer["role"]
    output.print_line(f"role {one['role']}: dominant share {_share(one['share'])}")
    _role(one)
    if members := answer["frameworks"]:
        headers = ("PLACE", "NAME", "STATE", "SHARE", "FILTERS", "ID")
        rows = [
            (
                str(member["place"] + 1) if "place" in member else "",
                member["name"],
                member["state"],
                _share(member["share"]),
                str(member["filters"]),
                member["framework_id"],
            )
            for member in members
        ]
        output.print_table(headers, rows)
    if left := answer.get("left_out", 0):
        output.print_note(f"not shown: {counted(left, 'framework')}")
    _agents(answer["agents"])


def task(answer: Answer) -> None:
    verdict: str = answer["verdict"]
    output.print_line(_VERDICTS.get(verdict, verdict))
    if "framework" in answer:
        _placed(answer["framework"])
    _role(answer["role"])
    _agents(answer["agents"])
    if closest := answer.get("closest", []):
        output.print_line("")
        rows = [(one["hostname"], one["why"], _lacks(one), one["id"]) for one in closest]
        output.print_table(("CLOSEST", "WHY", "LACKS", "ID"), rows)


def _lacks(one: Answer) -> str:
    number = output.number
    found = [
        f"{lack['resource']} {number(lack['wanted'])} wanted, {number(lack['free'])} of {number(lack['total'])} free"
        for lack in one.get("lacks", [])
    ]
    for mismatch in one.get("mismatches", []):
        has = f"is {mismatch['has']}" if "has" in mismatch else "is missing"
        found.append(f"{mismatch['attribute']} {has}, wanted {' or '.join(mismatch['wanted']) or 'what cannot be'}")
    found += [_filter(one["filters"][-1])] if one.get("filters") else []
    return "; ".join(found)


# --- parts -----------------------------------------------------------------------------------------------------------


def _placed(one: Answer) -> None:
    place = f"place {one['place'] + 1} of {one['clients']}" if "place" in one else "not in the order"
    resting = f" until {_time(one['resting_until'])}" if "resting_until" in one else ""
    output.print_line(
        f"in role {one['role']}: {one['state']}{resting}, {place}, dominant share {_share(one['share'])},"
        f" {counted(one['filters'], 'filter')}"
    )


def _role(one: Answer) -> None:
    for quota in one.get("quotas", []):
        terms = []
        for name in sorted({**quota.get("guarantees", {}), **quota.get("limits", {})}):
            known = [f"{name} {output.number(quota.get('used', {}).get(name, 0.0))} used"]
            for kind, word in (("guarantees", "guaranteed"), ("limits", "at most")):
                if name in quota.get(kind, {}):
                    known.append(f"{word} {output.number(quota[kind][name])}")
            terms.append(", ".join(known))
        output.print_line(f"  quota of {quota['role']}: {'; '.join(terms)}")
    if room := one.get("room"):
        output.print_line(f"  quotas leave it now: {_amounts(room)}")
    if minimums := one.get("minimums"):
        output.print_line(f"  an offer has at least: {' or '.join(_amounts(one) for one in minimums)}")


def _agents(groups: Sequence[Answer]) -> None:
    if not groups:
        output.print_line("there are no agents")
        return
    rows = []
    for group in groups:
        names = ", ".join(one["hostname"] for one in group["examples"])
        more = group["agents"] - len(group["examples"])
        rows.append((str(group["agents"]), group["why"], _said(group), f"{names}, ..." if more > 0 else names))
    output.print_table(("AGENTS", "WHY", "WHAT", "SUCH AS"), rows)


def _said(group: Answer) -> str:
    parts = [_WORDS.get(group["why"], "")]
    if "first_until" in group:
        first, last = _time(group["first_until"]), _time(group["last_until"])
        parts.append(f"until {first}" if first == last else f"until {first} to {last}")
        parts += [f"such as {one['filters'][-1]['refused']}" for one in group["examples"][:1] if one.get("filters")]
    parts += [
        f"{counted(one['agents'], 'agent')} to {one['framework_id']} in {one['role']}"
        for one in group.get("offered_to", [])
    ]
    parts += [f"{name} on {counted(count, 'agent')}" for name, count in group.get("reserved_to", {}).items()]
    parts += [f"{name} on {counted(count, 'agent')}" for name, count in group.get("capabilities", {}).items()]
    return "; ".join(parts)


def _filter(one: Answer) -> str:
    return f"declined {one['refused']} until {_time(one['until'])}"


def _amounts(amounts: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {output.number(amount)}" for name, amount in sorted(amounts.items()))


def _share(share: float) -> str:
    return f"{share * 100:.1f} %"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
