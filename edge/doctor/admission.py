"""Whether a token opens this pole's page now: the pole's key, name, record and clock against it."""

from datetime import datetime
from pathlib import Path

from edge.doctor.openings import read_last_made
from edge.doctor.token import Token, verify_token
from edge.errors import Kind, VigieError
from edge.mandate.device_name import read_device
from edge.provision.keys import MAX_KEY_BYTES, load_public
from edge.provision.places import technician_key_path
from edge.whole_file import read_bounded


def admit(received: bytes, data: Path, now: datetime) -> Token:
    """The token that some bytes are. Raises VigieError with the reason why it opens nothing."""
    content = read_bounded(technician_key_path(data), MAX_KEY_BYTES)
    if content is None:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "this pole has no technician's key, so nobody opens its page",
            where=str(technician_key_path(data)),
            hint="Provision it with one: vigie provision new --technician KEY.pub",
        )
    key = load_public(content, "the technician")
    return verify_token(received, key, read_device(data), now, read_last_made(data))
