"""Rollouts: how each wave stands, how each pole does, and a hand on the brake.

What is read here names machines and their states and no person; it is asked again every few
seconds, so it leaves no line in the audit. Halting and going on do.
"""

from starlette.requests import Request
from starlette.responses import Response

from collector.accounts import Session
from collector.page.answers import answer_json, read_fields
from collector.page.gate import services_of
from collector.page.numbers import read_number
from collector.page.rows import Json
from collector.updates.counter import rollout_message
from collector.updates.desk import View
from collector.updates.wishes import Asker
from edge.wire.v1 import rollout_pb2, update_pb2


async def list_rollouts(request: Request, _session: Session) -> Response:
    """Every rollout with its waves, the newest first."""
    found = await services_of(request).rollouts.look()
    return answer_json({"rollouts": [_rollout(each) for each in found]})


async def list_poles(request: Request, _session: Session) -> Response:
    """The poles of one rollout, in their order."""
    number = read_number(request.path_params["number"])
    (view,) = await services_of(request).rollouts.look(number)
    poles = rollout_message(view, has_poles=True).poles
    return answer_json({"poles": [_pole(each) for each in poles]})


async def halt(request: Request, session: Session) -> Response:
    """Offer a rollout's update to nobody any more."""
    fields = await read_fields(request)
    number = read_number(request.path_params["number"])
    asker = Asker(session.who, session.role)
    view = await services_of(request).rollouts.halt(asker, number, fields.get("reason", ""))
    return answer_json({"rollout": _rollout(view)})


async def resume(request: Request, session: Session) -> Response:
    """Go on with a rollout."""
    number = read_number(request.path_params["number"])
    asker = Asker(session.who, session.role)
    view = await services_of(request).rollouts.resume(asker, number)
    return answer_json({"rollout": _rollout(view)})


def _rollout(view: View) -> Json:
    message = rollout_message(view)
    return {
        "number": message.number,
        "version": message.bundle.version,
        "board": message.bundle.board,
        "state": _word(rollout_pb2.RolloutState.Name(message.state), "ROLLOUT_STATE_"),
        "message": message.message,
        "started_utc_ms": message.started_utc_ms,
        "hours": message.hours,
        "at_most": message.at_most,
        "waves": [
            {
                "poles": wave.poles,
                "waiting": wave.waiting,
                "under_way": wave.under_way,
                "committed": wave.committed,
                "failed": wave.failed,
                "is_open": wave.is_open,
            }
            for wave in message.waves
        ],
    }


def _pole(pole: rollout_pb2.RolloutPole) -> Json:
    return {
        "device": pole.device,
        "wave": pole.wave,
        "state": _word(rollout_pb2.PoleState.Name(pole.state), "POLE_STATE_"),
        "reason": _reason(pole.refusal),
        "message": pole.message,
        "received_bytes": pole.received_bytes,
        "changed_utc_ms": pole.changed_utc_ms,
    }


def _reason(refusal: int) -> str:
    """The word of a refusal; empty for none, the number of a newer pole's."""
    names = {number: name for name, number in update_pb2.UpdateRefusal.items()}
    name = names.get(update_pb2.UpdateRefusal.ValueType(refusal), str(refusal))
    return _word(name, "UPDATE_REFUSAL_") if refusal else ""


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()
