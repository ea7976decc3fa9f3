"""Offline verification: what is done to a clip is refused and the first wrong place named."""

import io
from dataclasses import replace

import pytest

from edge.errors import Kind
from edge.evidence.device_keys import DeviceKey
from edge.evidence.manifest import ManifestError, sign_manifest, verify_manifest
from edge.evidence.verify import Verdict, VerificationError, check_file, verify_clip
from edge.mandate.problem import MandateError
from tests.fakes.evidence import FakeClip, make_clip, make_keys
from tests.fakes.mandates import DEVICE

SIZES = (40, 70, 30, 60)


@pytest.fixture(scope="module")
def clip() -> FakeClip:
    return make_clip(*SIZES)


def _verify(clip: FakeClip, mp4: bytes) -> Verdict:
    return verify_clip(io.BytesIO(mp4), clip.envelope, [clip.key])


def _refuse(clip: FakeClip, mp4: bytes) -> VerificationError:
    with pytest.raises(VerificationError) as refused:
        check_file(io.BytesIO(mp4), clip.manifest)
    return refused.value


def test_a_clip_as_the_pole_made_it_is_proven(clip: FakeClip) -> None:
    verdict = _verify(clip, clip.mp4)
    assert verdict.manifest == clip.manifest
    assert verdict.key.device == DEVICE


def test_every_byte_altered_in_turn_is_refused_and_its_fragment_named(clip: FakeClip) -> None:
    places: list[tuple[int, int | None, int]] = [(0, None, len(clip.header))]
    for fragment, (first_byte, piece) in enumerate(clip.manifest.locate_fragments(), 1):
        places.append((first_byte, fragment, piece.size_bytes))
    for first_byte, number, size_bytes in places:
        for place in range(first_byte, first_byte + size_bytes):
            altered = bytearray(clip.mp4)
            altered[place] ^= 0x40
            error = _refuse(clip, bytes(altered))
            assert error.fragment == number
            assert error.where == f"bytes {first_byte} to {first_byte + size_bytes - 1}"


@pytest.mark.parametrize(
    ("order", "wrong", "words"),
    [
        ((0, 2, 3), 2, "fragment 3 .* stands in its place"),
        ((1, 2, 3), 1, "fragment 2 .* stands in its place"),
        ((0, 1, 1, 2, 3), 3, "fragment 2 .* stands in its place"),
        ((0, 2, 1, 3), 2, "fragment 3 .* stands in its place"),
        ((3, 1, 2, 0), 1, "fragment 4 .* stands in its place"),
        ((0, 1, 2), 4, "is cut short"),
        ((0, 1, 2, 3, 3), None, "behind the end"),
    ],
    ids=["dropped", "first dropped", "doubled", "swapped", "ends swapped", "last dropped",
         "last doubled"],
)  # fmt: skip
def test_a_group_of_pictures_dropped_doubled_or_swapped_is_named(
    clip: FakeClip, order: tuple[int, ...], wrong: int | None, words: str
) -> None:
    error = _refuse(clip, clip.header + b"".join(clip.fragments[each] for each in order))
    assert error.fragment == wrong
    with pytest.raises(VerificationError, match=words):
        raise error


def test_a_fragment_of_another_clip_of_the_same_pole_is_named(clip: FakeClip) -> None:
    other = make_clip(*SIZES)
    spliced = [*clip.fragments[:2], other.fragments[2], clip.fragments[3]]
    assert _refuse(clip, clip.header + b"".join(spliced)).fragment == 3


def test_a_file_cut_off_at_any_byte_is_refused(clip: FakeClip) -> None:
    for length in range(len(clip.mp4)):
        _refuse(clip, clip.mp4[:length])


def test_a_wrong_fragment_is_told_with_its_number_and_time(clip: FakeClip) -> None:
    altered = bytearray(clip.mp4)
    altered[len(clip.header) + 45] ^= 1
    told = str(_refuse(clip, bytes(altered)))
    assert "fragment 2 of 4 (seq 42, 2026-09-21T" in told


def test_manifests_of_two_clips_cannot_be_swapped(clip: FakeClip) -> None:
    other = make_clip(*SIZES, keys=None)
    with pytest.raises(VerificationError, match="the header of the clip"):
        verify_clip(io.BytesIO(clip.mp4), other.envelope, [clip.key, other.key])


def test_every_byte_of_the_manifest_altered_changes_nothing_or_is_refused(clip: FakeClip) -> None:
    # Base64 has bits that mean nothing before its padding; there the payload stays what it was.
    refused = 0
    for place in range(0, len(clip.envelope), 3):
        altered = bytearray(clip.envelope)
        altered[place] ^= 1
        try:
            manifest, _ = verify_manifest(bytes(altered), [clip.key])
        except ManifestError:
            refused += 1
        else:
            assert manifest == clip.manifest
    assert refused > len(clip.envelope) // 3 - 5


def test_a_manifest_that_no_known_pole_signed_is_refused(clip: FakeClip) -> None:
    _, stranger = make_keys()
    with pytest.raises(ManifestError, match="no known pole has signed") as refused:
        verify_clip(io.BytesIO(clip.mp4), clip.envelope, [stranger])
    assert refused.value.kind is Kind.PERMISSION_DENIED


def test_a_pole_cannot_sign_for_another_one() -> None:
    signing, other = make_keys("south-gate")
    clip = make_clip(*SIZES)
    forged = sign_manifest(clip.manifest, signing)
    with pytest.raises(ManifestError, match="is of pole-1, but south-gate signed it"):
        verify_clip(io.BytesIO(clip.mp4), forged, [clip.key, other])


def test_a_clip_of_a_removed_device_stays_proven(clip: FakeClip) -> None:
    removed = replace(clip.key, removed_utc_ms=clip.key.enrolled_utc_ms + 1)
    assert verify_clip(io.BytesIO(clip.mp4), clip.envelope, [removed]).key is removed


def test_a_device_that_was_enrolled_again_has_two_keys_and_both_hold(clip: FakeClip) -> None:
    _, later = make_keys()
    keys: list[DeviceKey] = [later, clip.key]
    assert verify_clip(io.BytesIO(clip.mp4), clip.envelope, keys).key is clip.key


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff", b"x" * 300_000, b'{"a":' * 5_000])
def test_what_is_no_manifest_is_refused_in_one_sentence(text: bytes) -> None:
    with pytest.raises(ManifestError) as refused:
        verify_manifest(text, [])
    assert isinstance(refused.value.__cause__, MandateError)
    assert "\n" not in refused.value.what
