"""Where a run stands, on disk: whole or not at all, so that a stopped run goes on."""

import io
from dataclasses import dataclass
from pathlib import Path

import torch

from edge.errors import Kind, VigieError
from edge.whole_file import write_whole

LAST, BEST = "last.pt", "best.pt"


@dataclass(slots=True)
class Standing:
    """step: how many are done. The rest is what torch calls state_dict; best: holdout's mean."""

    step: int
    net: dict[str, torch.Tensor]
    average: dict[str, torch.Tensor]
    optimiser: dict[str, object]
    best: float


def save(path: Path, standing: Standing) -> None:
    """Write it."""
    content = io.BytesIO()
    torch.save(
        {
            "step": standing.step,
            "net": standing.net,
            "average": standing.average,
            "optimiser": standing.optimiser,
            "best": standing.best,
        },
        content,
    )
    write_whole(path, content.getvalue(), mode=0o644, folder_mode=0o755)


def load(path: Path) -> Standing | None:
    """Read it; None where there is none. Raises: VigieError DATA_LOSS."""
    if not path.exists():
        return None
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        return Standing(**kept)
    except (RuntimeError, TypeError, KeyError, EOFError) as broken:
        raise VigieError(
            Kind.DATA_LOSS,
            f"the checkpoint cannot be read: {broken}",
            where=str(path),
            hint="Remove it to begin again, or bring back a whole one.",
        ) from broken
