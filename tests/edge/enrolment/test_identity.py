"""The identity on disk: never half of one, whatever is cut; renewed from day 10 on."""

import random
from pathlib import Path

import pytest

from edge.enrolment.identity import IdentityDirectory, make_request
from edge.errors import VigieError
from tests.fakes.authority import Authority
from tests.fakes.pole import Pole
from tests.fakes.server import DEVICE

DAY_S = 86_400.0


def test_renewal_comes_from_day_10_to_day_13_of_30_and_is_spread(
    pole: Pole, authority: Authority
) -> None:
    pole.put_identity(authority, "localhost:1")
    identity = pole.directory.read_identity()
    days = [
        (identity.get_renewal_utc(random.Random(seed)) - identity.valid_from_utc) / DAY_S
        for seed in range(200)
    ]
    assert min(days) >= 10.0
    assert max(days) <= 13.0
    assert max(days) - min(days) > 2.5


def test_a_key_that_waits_for_its_certificate_is_kept_for_the_next_attempt(tmp_path: Path) -> None:
    directory = IdentityDirectory(tmp_path / "identity")
    assert directory.ensure_next_key() == directory.ensure_next_key()
    assert (directory.path / "key.next.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", ["before the certificate", "before the key's rename"])
def test_a_renewal_cut_anywhere_leaves_the_old_pair_or_the_new(
    pole: Pole, authority: Authority, cut: str
) -> None:
    pole.put_identity(authority, "localhost:1")
    before = pole.directory.read_identity()
    next_key = pole.directory.ensure_next_key()
    certificate_pem = authority.sign(make_request(next_key, DEVICE), DEVICE)
    if cut == "before the certificate":
        assert pole.directory.read_identity() == before
    else:
        (pole.directory.path / "certificate.pem").write_bytes(certificate_pem)
        assert pole.directory.read_identity().key_pem == next_key
    after = pole.directory.write_renewed(certificate_pem, DEVICE)
    assert (after.key_pem, after.certificate_pem) == (next_key, certificate_pem)


def test_a_certificate_of_another_authority_is_not_put_into_force(
    pole: Pole, authority: Authority
) -> None:
    pole.put_identity(authority, "localhost:1")
    before = pole.directory.read_identity()
    request = make_request(pole.directory.ensure_next_key(), DEVICE)
    with pytest.raises(VigieError, match=r"not of the authority in ca\.pem"):
        pole.directory.write_renewed(Authority("other").sign(request, DEVICE), DEVICE)
    assert pole.directory.read_identity() == before
