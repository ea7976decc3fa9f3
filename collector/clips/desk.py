"""The clip desk: who asks for what and why, checked on the loaded thing, audited, then signed.

A request is refused, or it is one transaction: the audit's line first, then the clip, then the
signed command in the pole's queue. What waits for a second person is signed when that person has
agreed, so that a pole never sees a request that nobody stands behind.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from collector.audit import Act, append
from collector.clips import record as rows
from collector.clips.asker import Asker, Wish
from collector.clips.checks import check_approval, check_camera, check_hold
from collector.clips.limits import DAY_MS, Limits
from collector.clips.places import Place, find_places, read_cameras
from collector.clips.record import ClipRecord
from collector.clips.request import describe, draw_up, put_request, sign
from collector.clips.shelf import Shelf
from collector.devices import Devices
from collector.mandates import Mandates
from collector.rights import Right, check_right
from collector.trusted import Trusted
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.wire.v1 import clip_pb2, operator_pb2, session_pb2

Found = TypeVar("Found")
_OPEN_STATES = (clip_pb2.CLIP_STATE_READY, clip_pb2.CLIP_STATE_EXPIRED)


@dataclass(frozen=True, slots=True)
class DeskParts:
    """What the desk works with; all of them belong to the collector's one loop."""

    writer: Writer
    shelf: Shelf
    trusted: Trusted
    mandates: Mandates
    devices: Devices
    clock: Clock


class ClipDesk:
    """All clips of one collector. Belongs to the event loop."""

    def __init__(self, parts: DeskParts, limits: Limits) -> None:
        self._writer = parts.writer
        self._shelf = parts.shelf
        self._trusted = parts.trusted
        self._mandates = parts.mandates
        self._devices = parts.devices
        self._clock = parts.clock
        self._limits = limits

    async def list_places(self, asker: Asker) -> list[Place]:
        """Cameras of which this person's role may ask for clips, by the newest mandates."""
        check_right(asker.role, Right.REQUEST_CLIPS)
        delivered = await self._mandates.list_all()
        cameras = await self._writer.submit(read_cameras)
        return find_places(delivered, cameras, asker.role, self._now_ms())

    async def ask(self, asker: Asker, wish: Wish) -> ClipRecord:
        """Record a request, and send it unless it waits for a second person.

        Raises VigieError: PERMISSION_DENIED by role or mandate; NOT_FOUND for no such device or
        camera; INVALID_ARGUMENT for times, reason or case that will not do; RESOURCE_EXHAUSTED
        beyond a quota; FAILED_PRECONDITION while nobody could read a clip.
        """
        check_right(asker.role, Right.REQUEST_CLIPS)
        now_ms = self._now_ms()
        asked = draw_up(asker, wish, self._trusted.require(), now_ms)
        self._limits.check_length(asked)
        is_waiting = self._limits.needs_second_person(asked)

        def write(connection: sqlite3.Connection) -> tuple[ClipRecord, session_pb2.Command | None]:
            check_camera(connection, asked)
            self._mandates.check_clip_right(
                connection, asked.device, asked.camera, asked.role, now_ms
            )
            self._check_quota(connection, asked, now_ms)
            append(connection, now_ms, Act(asker.who, "request clip", asked.clip, describe(asked)))
            if is_waiting:
                waiting = replace(
                    asked,
                    state=clip_pb2.CLIP_STATE_WAITING,
                    message=f"waits for a second person: over {self._limits.max_minutes_alone} "
                    "minutes",
                )
                rows.insert(connection, waiting)
                return waiting, None
            signed = self._sign(asked, now_ms, wish.event)
            rows.insert(connection, signed)
            return signed, put_request(connection, signed, now_ms)

        kept, command = await self._writer.submit(write)
        if command is not None:
            self._devices.send(kept.device, command)
        return kept

    async def approve(self, asker: Asker, clip: str) -> ClipRecord:
        """The second person's yes; the request is signed and sent.

        Raises VigieError: PERMISSION_DENIED by role, or for the person who asked;
        FAILED_PRECONDITION for a clip that does not wait; NOT_FOUND.
        """
        check_right(asker.role, Right.APPROVE_CLIPS)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> tuple[ClipRecord, session_pb2.Command]:
            waiting = rows.find(connection, clip)
            check_approval(waiting, asker)
            append(connection, now_ms, Act(asker.who, "approve clip", clip, describe(waiting)))
            agreed = replace(
                waiting,
                second_person=asker.who,
                state=clip_pb2.CLIP_STATE_REQUESTED,
                message="",
                changed_utc_ms=now_ms,
            )
            signed = self._sign(agreed, now_ms)
            rows.change(
                connection,
                clip,
                now_ms,
                second_person=signed.second_person,
                state=signed.state,
                message="",
                envelope=signed.envelope,
            )
            return signed, put_request(connection, signed, now_ms)

        kept, command = await self._writer.submit(write)
        self._devices.send(kept.device, command)
        return kept

    async def list_clips(self, asker: Asker, case: str, limit: int) -> list[ClipRecord]:
        """Clips of a case (empty: of all), the newest first; audited."""
        check_right(asker.role, Right.SEE_CLIPS)
        act = Act(asker.who, "list clips", case)
        return await self._read(act, lambda connection: rows.select(connection, case, limit))

    async def get(self, asker: Asker, clip: str) -> ClipRecord:
        """One clip with its manifest; audited. Raises VigieError(NOT_FOUND)."""
        check_right(asker.role, Right.SEE_CLIPS)
        act = Act(asker.who, "read clip", clip)
        return await self._read(act, lambda connection: rows.find(connection, clip))

    async def open(self, asker: Asker, clip: str, offset_bytes: int) -> Iterator[bytes]:
        """The sealed file from a byte on, once its opening is audited.

        Raises VigieError: PERMISSION_DENIED by role; NOT_FOUND; FAILED_PRECONDITION for a clip
        that is not complete.
        """
        check_right(asker.role, Right.SEE_CLIPS)
        act = Act(asker.who, "open clip", clip, f"from byte {offset_bytes}")
        found = await self._read(act, lambda connection: rows.find(connection, clip))
        if found.state not in _OPEN_STATES:
            word = clip_pb2.ClipState.Name(found.state).removeprefix("CLIP_STATE_").lower()
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"clip {clip} is not complete: {word}{': ' + found.message * bool(found.message)}",
                hint=f"Watch it with 'vigie clip list --clip {clip}'.",
            )
        return self._shelf.read(clip, offset_bytes)

    async def hold(self, asker: Asker, clip: str, reason: str, until_utc_ms: int) -> ClipRecord:
        """Keep a copy until a day of its own, whatever becomes of the clip.

        Raises VigieError: PERMISSION_DENIED by role; NOT_FOUND; INVALID_ARGUMENT for a day that
        is past or too far, or no reason.
        """
        check_right(asker.role, Right.HOLD_CLIPS)
        now_ms = self._now_ms()
        check_hold(reason, until_utc_ms, now_ms, self._limits)

        def note(connection: sqlite3.Connection) -> None:
            self._check_whole(connection, clip)
            append(connection, now_ms, Act(asker.who, "hold clip", clip, reason))

        def write(connection: sqlite3.Connection) -> ClipRecord:
            self._check_whole(connection, clip)
            self._shelf.keep_copy(clip)
            connection.execute(
                "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?, ?)",
                (clip, reason, asker.who, now_ms, until_utc_ms),
            )
            return rows.find(connection, clip)

        # A file is no part of a transaction: the line is on the disk before the file changes.
        await self._writer.submit(note)
        return await self._writer.submit(write)

    def get_stored_bytes(self, clip: str) -> int:
        """How much of a clip's sealed file is on this disk."""
        return self._shelf.get_stored_bytes(clip)

    async def keep_answer(self, subject: str, answer: session_pb2.Answer) -> None:
        """What the pole said to a request."""
        kind, _, clip = subject.partition(":")
        if kind != "clip" or answer.code == session_pb2.ANSWER_CODE_DONE:
            return
        refused = answer.code == session_pb2.ANSWER_CODE_REFUSED
        state = clip_pb2.CLIP_STATE_REFUSED if refused else clip_pb2.CLIP_STATE_FAILED
        message = answer.message or "the pole does not know clips: its software is too old"
        now_ms = self._now_ms()
        await self._writer.submit(
            lambda connection: rows.change(connection, clip, now_ms, state=state, message=message)
        )

    async def delete_expired(self) -> int:
        """Remove clips and holds whose time is over; how many clips.

        Lines first, in a transaction of their own: a file that is gone has its line. After a
        crash between the two a line is written twice.
        """
        now_ms = self._now_ms()

        def note(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
            over, ended = _select_over(connection, now_ms)
            for clip in over:
                append(connection, now_ms, Act("collector", "delete clip", clip, "expired"))
            for clip in ended:
                append(connection, now_ms, Act("collector", "end hold", clip, "its day is past"))
            return over, ended

        over, ended = await self._writer.submit(note)

        def write(connection: sqlite3.Connection) -> None:
            for clip in over:
                rows.change(connection, clip, now_ms, state=clip_pb2.CLIP_STATE_EXPIRED)
                self._shelf.remove(clip)
            for clip in ended:
                ends = (clip, now_ms)
                gone = connection.execute(
                    "DELETE FROM holds WHERE clip = ? AND until_utc_ms <= ?", ends
                )
                if gone.rowcount:
                    self._shelf.drop_copy(clip)

        await self._writer.submit(write)
        return len(over)

    def _sign(
        self, asked: ClipRecord, now_ms: int, event: operator_pb2.StoredEvent | None = None
    ) -> ClipRecord:
        alone, key = self._limits.max_minutes_alone, self._trusted.clip_key
        return sign(asked, event, now_ms, max_minutes_alone=alone, key=key)

    def _check_quota(self, connection: sqlite3.Connection, record: ClipRecord, now_ms: int) -> None:
        since_ms = now_ms - DAY_MS
        place = f"{record.device}/{record.camera}"
        self._limits.check_counts(
            record,
            rows.count_since(connection, "requester", record.requester, since_ms),
            rows.count_since(connection, "camera", place, since_ms),
        )

    def _check_whole(self, connection: sqlite3.Connection, clip: str) -> None:
        rows.find(connection, clip)
        if not self._shelf.is_whole(clip):
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"clip {clip} is not here, so it cannot be held",
                hint="Hold it before it expires.",
            )

    async def _read(self, act: Act, read: Callable[[sqlite3.Connection], Found]) -> Found:
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> Found:
            append(connection, now_ms, act)
            return read(connection)

        return await self._writer.submit(write)

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def _select_over(connection: sqlite3.Connection, now_ms: int) -> tuple[list[str], list[str]]:
    """Clips, and holds, whose time is over."""
    clips = connection.execute(
        "SELECT clip FROM clips WHERE expires_utc_ms <= ? AND state = ?",
        (now_ms, clip_pb2.CLIP_STATE_READY),
    ).fetchall()
    holds = connection.execute(
        "SELECT clip FROM holds WHERE until_utc_ms <= ?", (now_ms,)
    ).fetchall()
    return [clip for (clip,) in clips], [clip for (clip,) in holds]
