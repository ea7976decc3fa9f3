"""A clip as the collector tells of it, shown as a line or as an object."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from edge.cli import voice

if TYPE_CHECKING:
    from edge.wire.v1.clip_pb2 import Clip


@dataclass(frozen=True, slots=True)
class ClipOutput:
    """How results are told."""

    as_json: bool

    def show(self, clip: "Clip") -> None:
        """One clip, as a line or an object."""
        if self.as_json:
            voice.print_json(record_of(clip))
        else:
            click.echo(f"{clip.clip}  {state_of(clip)}" + f": {clip.message}" * bool(clip.message))


def moment_of(utc_ms: int) -> str:
    """A moment as tables show it, UTC."""
    return f"{datetime.fromtimestamp(utc_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def state_of(clip: "Clip") -> str:
    """One word for where the clip is on its way."""
    from edge.wire.v1 import clip_pb2  # noqa: PLC0415 - loads protobuf

    return clip_pb2.ClipState.Name(clip.state).removeprefix("CLIP_STATE_").lower()


def record_of(clip: "Clip") -> dict[str, object]:
    """Everything but the manifest, which 'vigie clip fetch' writes."""
    return {
        "clip": clip.clip,
        "device": clip.device,
        "camera": clip.camera,
        "is_still": clip.is_still,
        "from_utc_ms": clip.from_utc_ms,
        "to_utc_ms": clip.to_utc_ms,
        "reason": clip.reason,
        "case": clip.case,
        "requester": clip.requester,
        "second_person": clip.second_person or None,
        "event_number": clip.event_number if clip.HasField("event_number") else None,
        "state": state_of(clip),
        "message": clip.message,
        "requested_utc_ms": clip.requested_utc_ms,
        "sealed_bytes": clip.sealed_bytes,
        "stored_bytes": clip.stored_bytes,
        "expires_utc_ms": clip.expires_utc_ms if clip.HasField("expires_utc_ms") else None,
        "held_until_utc_ms": (
            clip.held_until_utc_ms if clip.HasField("held_until_utc_ms") else None
        ),
        "is_bench": clip.is_bench,
    }
