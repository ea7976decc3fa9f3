"""The manifest: what it holds is what is read, and a manifest that does not add up is none."""

import json
from dataclasses import replace

import pytest

from edge.evidence.manifest import (
    MAX_ENVELOPE_BYTES,
    MAX_FRAGMENTS,
    ManifestError,
    parse_manifest,
    sign_manifest,
    write_manifest,
)
from edge.evidence.pieces import FragmentPiece, Gap, Span
from tests.fakes.evidence import NOW_UTC_MS, make_clip, make_keys, make_request

CLIP = make_clip(40, 70)


def test_what_was_written_is_what_is_read() -> None:
    gap = Gap(NOW_UTC_MS, NOW_UTC_MS + 5_000, "camera_lost")
    manifest = replace(CLIP.manifest, gaps=(gap,))
    assert parse_manifest(write_manifest(manifest)) == manifest


def test_half_an_hour_fits_into_the_envelope() -> None:
    fragments = tuple(
        FragmentPiece(1_234_567 + number, 1_048_576, bytes(32), NOW_UTC_MS + number, 1_960, 12)
        for number in range(MAX_FRAGMENTS)
    )
    gaps = tuple(Gap(NOW_UTC_MS, NOW_UTC_MS + 1, "r" * 32) for _ in range(32))
    request = make_request(reason="é" * 500, case="c" * 64, readers=(f"{0:064x}", f"{1:064x}"))
    size = CLIP.manifest.header.size_bytes + MAX_FRAGMENTS * 1_048_576
    manifest = replace(
        CLIP.manifest,
        fragments=fragments,
        spans=(Span(1_234_567, "kernel_ntp", 3),),
        gaps=gaps,
        request=request,
        mp4_bytes=size,
    )
    signing, _ = make_keys()
    assert len(sign_manifest(manifest, signing)) <= MAX_ENVELOPE_BYTES


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"mp4_bytes": 161}, "names 160 bytes of a file of 161"),
        ({"fragments": CLIP.manifest.fragments[::-1]}, "out of order"),
        ({"fragments": CLIP.manifest.fragments[:1] * 2}, "out of order"),
        ({"fragments": ()}, "manifest.fragments: has 0 items; allowed: 1 to 910"),
        ({"spans": (Span(42, "kernel_ntp", 3),)}, "under what its first fragment was recorded"),
        ({"request": make_request(kind="still")}, "several fragments for a still"),
        ({"readers": ()}, "manifest.readers: has 0 items; allowed: 1 to 16"),
        ({"software": "a\nb"}, "manifest.software: has signs that cannot be printed"),
    ],
)
def test_a_manifest_that_does_not_add_up_is_not_made(
    changed: dict[str, object], words: str
) -> None:
    with pytest.raises(ManifestError, match=words):
        write_manifest(replace(CLIP.manifest, **changed))  # type: ignore[arg-type]


def test_a_field_that_is_missing_unknown_or_of_another_type_is_named() -> None:
    record = json.loads(write_manifest(CLIP.manifest))
    for name in record:
        without = {key: value for key, value in record.items() if key != name}
        with pytest.raises(ManifestError, match=name):
            parse_manifest(json.dumps(without).encode())
        with pytest.raises(ManifestError, match=name):
            parse_manifest(json.dumps({**record, name: True}).encode())
    with pytest.raises(ManifestError, match=r"manifest\.more: is no known key"):
        parse_manifest(json.dumps({**record, "more": 1}).encode())
