"""Takes in a model file that somebody else made, if its hash is the one a person states."""

import hashlib
import http.client
import urllib.request
from collections.abc import Callable
from pathlib import Path

from edge.builder.build import read_given, write_whole
from edge.errors import Kind, VigieError
from edge.eye.detector import Card, Library
from edge.eye.detector.library import CARD_FILE
from edge.eye.detector.reading import read_card

TIMEOUT_SECONDS = 30.0
MAX_MODEL_BYTES = 200 * 1024 * 1024
CHUNK_BYTES = 1 << 20
SAY_EVERY_BYTES = 10 * CHUNK_BYTES


def add_model(
    source: str, sha256: str, card: Path | None, library: Library, say: Callable[[str], None]
) -> Path:
    """Copy or download a file, check it, put it and its card in place.

    Raises:
        VigieError: NOT_FOUND (file, card), UNAVAILABLE (address), DATA_LOSS (another sha256),
            INVALID_ARGUMENT (the card is for another file), RESOURCE_EXHAUSTED (too large).
    """
    chosen = read_card(card) if card is not None else _shipped_card(library, sha256)
    if chosen.sha256 != sha256:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"the card of '{chosen.name}' is for the file with sha256 {chosen.sha256}",
            where=str(chosen.path),
            hint="Write a card for this file, or add the file that the card names.",
        )
    content = _download(source, say) if "://" in source else read_given(Path(source))
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise VigieError(
            Kind.DATA_LOSS,
            f"the file's sha256 is {found}, not {sha256}",
            where=source,
            hint="Nothing was added. Fetch the file again or check the sum you were given.",
        )
    place = library.model_path(chosen)
    write_whole(place, content)
    if card is not None:
        write_whole(place.parent / CARD_FILE, read_given(card))
    return place


def _shipped_card(library: Library, sha256: str) -> Card:
    for card in library.cards():
        if card.sha256 == sha256:
            return card
    raise VigieError(
        Kind.NOT_FOUND,
        f"no shipped card is for a file with sha256 {sha256}",
        hint="Give the model's card: --card CARD.toml",
    )


def _download(address: str, say: Callable[[str], None]) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{address}' is no address to download from",
            hint="Give a file, or an address that begins with https://",
        )
    say(f"vigie: fetching {address}")
    received = bytearray()
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - checked above
            while chunk := answer.read(CHUNK_BYTES):
                received += chunk
                _check_size(len(received), address)
                if len(received) % SAY_EVERY_BYTES < len(chunk):
                    say(f"vigie: {len(received) // CHUNK_BYTES} MiB so far")
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"the address does not answer: {getattr(error, 'reason', error)}",
            where=address,
            hint="Check the network, or fetch the file elsewhere and add it by its path.",
        ) from error
    return bytes(received)


def _check_size(size_bytes: int, address: str) -> None:
    if size_bytes > MAX_MODEL_BYTES:
        raise VigieError(
            Kind.RESOURCE_EXHAUSTED,
            f"the file is larger than {MAX_MODEL_BYTES // CHUNK_BYTES} MiB, which no pole's "
            "detector is",
            where=address,
        )
