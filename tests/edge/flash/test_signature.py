"""The fleet's signature on a manifest: these very bytes, by this very key, or no card."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.flash.image import load_image
from edge.flash.problem import FlashError
from edge.flash.signature import sign_manifest, signature_path
from edge.mandate.envelope import sign_payload
from edge.mandate.keys import make_signing_key
from edge.provision.signing import PROVISIONING
from tests.fakes.cards import NAME, describe
from tests.fakes.provisioning import fleet_key

FLEET = fleet_key().public
OTHER = make_signing_key("provision")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / f"{NAME}.img"
    path.write_bytes(bytes(4096))
    return describe(path)


@pytest.fixture
def manifest(image: Path) -> Path:
    return image.with_name(f"{NAME}.manifest.json")


def test_a_signed_image_is_taken_with_its_fleets_key_and_without_any(image: Path) -> None:
    assert load_image(image, FLEET) == load_image(image)


def test_the_same_manifest_is_signed_to_the_same_bytes(manifest: Path) -> None:
    """So a second build of the same inputs has the same signature too."""
    signed = sign_manifest(manifest.read_bytes(), fleet_key())
    assert signed == signature_path(manifest).read_bytes()


def _edit(manifest: Path) -> None:
    record = json.loads(manifest.read_text())
    record["files"][f"{NAME}.img"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(record))


def _spread(manifest: Path) -> None:
    """The same values, other bytes."""
    manifest.write_text(json.dumps(json.loads(manifest.read_text()), indent=1))


def _sign_as_another(manifest: Path) -> None:
    signature_path(manifest).write_bytes(sign_manifest(manifest.read_bytes(), OTHER))


def _sign_as_another_kind(manifest: Path) -> None:
    content = sign_payload(manifest.read_bytes(), PROVISIONING, fleet_key())
    signature_path(manifest).write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_edit, "is another than the fleet's key signed"),
        (_spread, "is another than the fleet's key signed"),
        (_sign_as_another, "is not signed by the fleet's key"),
        (_sign_as_another_kind, "is not signed by the fleet's key"),
        (lambda manifest: signature_path(manifest).write_bytes(b""), "is not signed by the fleet"),
        (lambda manifest: signature_path(manifest).unlink(), "is not signed, and a fleet's key"),
    ],
)
def test_what_the_fleet_did_not_sign_is_refused(
    image: Path, manifest: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(manifest)
    with pytest.raises(FlashError) as refused:
        load_image(image, FLEET)
    assert said in refused.value.what
    assert refused.value.kind is Kind.PERMISSION_DENIED
    assert refused.value.where == str(signature_path(manifest))
    assert refused.value.hint


def test_an_image_that_believes_another_key_than_who_signed_it_is_refused(
    image: Path, manifest: Path
) -> None:
    """Signed by one fleet, and its poles would believe another's provisioning files."""
    _sign_as_another(manifest)
    with pytest.raises(FlashError, match="believes another key than the fleet's"):
        load_image(image, OTHER.public)
