"""What the control room's command line asks about updates."""

from collections.abc import AsyncIterator

from collector.calls import Context, asked_by
from collector.peer import Peer, refuse_oversized
from collector.rights import Role
from collector.updates.bundles import Bundle
from collector.updates.desk import UpdateDesk, View
from collector.updates.rollout import (
    DEFAULT_AT_MOST,
    DEFAULT_FAILURES_PERCENT,
    DEFAULT_WAVES,
    Plan,
    count_states,
)
from collector.updates.states import FAILED, UNDER_WAY, WAITS, State
from collector.updates.taking import BundleTaking
from collector.updates.wishes import Asker, Wish
from edge.mandate.window import WEEKDAYS, Window, clock_text
from edge.wire.v1 import rollout_pb2 as ro
from edge.wire.v1 import rollout_pb2_grpc

_WORKDAYS = WEEKDAYS[:5]
_DAY_MINUTES = 24 * 60


class UpdateCounter(rollout_pb2_grpc.UpdateDeskServiceServicer):
    """UpdateDeskService over mutual TLS."""

    def __init__(self, desk: UpdateDesk, taking: BundleTaking) -> None:
        self._desk = desk
        self._taking = taking

    async def OfferBundle(  # noqa: N802 - gRPC's name
        self, request: ro.OfferBundleRequest, context: Context
    ) -> ro.OfferBundleResponse:
        """Announce a bundle."""
        async with asked_by(context, request) as peer:
            said = request.bundle
            bundle = Bundle(said.sha256, said.size_bytes, said.version, said.board)
            stored_bytes = await self._taking.offer(_asker(peer), bundle)
            return ro.OfferBundleResponse(stored_bytes=stored_bytes)

    async def SendBundle(  # noqa: N802 - gRPC's name
        self, requests: AsyncIterator[ro.SendBundleRequest], context: Context
    ) -> ro.SendBundleResponse:
        """Take pieces until they end."""
        async with asked_by(context, ro.SendBundleRequest()) as peer:
            coming: Bundle | None = None
            stored_bytes = 0
            async for request in requests:
                refuse_oversized(request)
                if coming is None or coming.sha256 != request.bundle_sha256:
                    coming = await self._taking.find_coming(_asker(peer), request.bundle_sha256)
                stored_bytes = await self._taking.take_piece(
                    _asker(peer), coming, request.offset_bytes, request.piece
                )
            return ro.SendBundleResponse(stored_bytes=stored_bytes)

    async def StartRollout(  # noqa: N802 - gRPC's name
        self, request: ro.StartRolloutRequest, context: Context
    ) -> ro.StartRolloutResponse:
        """Begin a rollout."""
        async with asked_by(context, request) as peer:
            percent = request.failures_percent
            plan = Plan(
                hours=Window(
                    WEEKDAYS if request.every_day else _WORKDAYS,
                    request.starts_minute,
                    request.ends_minute,
                ),
                at_most=request.at_most or DEFAULT_AT_MOST,
                failures_percent=percent
                if request.HasField("failures_percent")
                else DEFAULT_FAILURES_PERCENT,
            )
            wish = Wish(
                sha256=request.bundle_sha256,
                devices=tuple(each.name for each in request.devices),
                waves=tuple(request.waves) or DEFAULT_WAVES,
                plan=plan,
                zone=request.time_zone,
            )
            begun = await self._desk.start(_asker(peer), wish)
            return ro.StartRolloutResponse(rollout=rollout_message(begun))

    async def ListRollouts(  # noqa: N802 - gRPC's name
        self, request: ro.ListRolloutsRequest, context: Context
    ) -> ro.ListRolloutsResponse:
        """All rollouts, or one with its poles."""
        async with asked_by(context, request) as peer:
            if request.number:
                one = await self._desk.get(peer.who, request.number)
                return ro.ListRolloutsResponse(rollouts=[rollout_message(one, has_poles=True)])
            found = await self._desk.list_all(peer.who)
            return ro.ListRolloutsResponse(rollouts=[rollout_message(each) for each in found])

    async def HaltRollout(  # noqa: N802 - gRPC's name
        self, request: ro.HaltRolloutRequest, context: Context
    ) -> ro.HaltRolloutResponse:
        """Offer nothing more."""
        async with asked_by(context, request) as peer:
            halted = await self._desk.halt(_asker(peer), request.number, request.reason)
            return ro.HaltRolloutResponse(rollout=rollout_message(halted))

    async def ResumeRollout(  # noqa: N802 - gRPC's name
        self, request: ro.ResumeRolloutRequest, context: Context
    ) -> ro.ResumeRolloutResponse:
        """Go on."""
        async with asked_by(context, request) as peer:
            resumed = await self._desk.resume(_asker(peer), request.number)
            return ro.ResumeRolloutResponse(rollout=rollout_message(resumed))


def rollout_message(view: View, *, has_poles: bool = False) -> ro.Rollout:
    """A rollout as the wire and the page say it."""
    rollout = view.rollout
    message = ro.Rollout(
        number=rollout.number,
        bundle=ro.Bundle(**rollout.bundle._asdict()),
        state=rollout.state,
        message=rollout.message,
        who=rollout.who,
        started_utc_ms=rollout.started_utc_ms,
        changed_utc_ms=rollout.changed_utc_ms,
        at_most=rollout.plan.at_most,
        hours=hours_text(rollout.plan.hours),
        waves=_waves(view),
    )
    if has_poles:
        message.poles.extend(
            ro.RolloutPole(
                device=each.device,
                wave=each.wave + 1,
                state=each.state.value,
                refusal=each.refusal,
                message=each.message,
                received_bytes=each.received_bytes,
                changed_utc_ms=each.changed_utc_ms,
                time_zone=each.zone,
                offers=each.offers,
            )
            for each in view.members
        )
    return message


def hours_text(hours: Window) -> str:
    """`mon-fri 09:00-16:00`."""
    days = f"{hours.weekdays[0]}-{hours.weekdays[-1]}"
    ends = hours.ends_minute
    ends -= _DAY_MINUTES if ends > _DAY_MINUTES else 0
    return f"{days} {clock_text(hours.starts_minute)}-{clock_text(ends)}"


def _waves(view: View) -> list[ro.Wave]:
    counted = count_states(view.members)
    return [
        ro.Wave(
            poles=sum(states.values()),
            waiting=sum(states[each] for each in WAITS),
            under_way=sum(states[each] for each in UNDER_WAY),
            committed=states[State.COMMITTED],
            failed=sum(states[each] for each in FAILED),
            left_out=states[State.LEFT_OUT],
            is_open=states[State.WAITING] < sum(states.values()),
        )
        for _, states in sorted(counted.items())
    ]


def _asker(peer: Peer) -> Asker:
    """Whoever holds an operator's certificate stands at the collector's own console."""
    return Asker(peer.who, Role.TECHNICIAN)
