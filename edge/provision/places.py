"""What first boot leaves on a pole of its provisioning file, and what a card may bring later."""

from pathlib import Path

VISIT_ON_CARD = "vigie/visit.json"
"""On the partition `sel`: a technician's token, which opens the local page once (edge/doctor)."""
MAX_VISIT_BYTES = 8_192


def technician_key_path(data: Path) -> Path:
    """DATA/technician.pub, root's, as `keys.write_public` has it; none: nobody opens the page."""
    return data / "technician.pub"
