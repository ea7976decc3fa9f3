"""Certificates: who may be whom, until when."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from collector.authority import Authority, expires_utc
from collector.listeners import RENEW_BEFORE, ServerCertificate
from collector.peer import DEVICE, OPERATOR, authorise
from edge.enrolment.identity import make_request
from edge.errors import Kind, VigieError
from tests.collector.conftest import make_key
from tests.fakes.clock import FakeClock

DAY_SECONDS = 86_400.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def authority(tmp_path: Path, clock: FakeClock) -> Authority:
    return Authority(tmp_path / "authority", clock)


def request(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_the_authority_is_made_once_and_its_key_is_private(
    authority: Authority, tmp_path: Path, clock: FakeClock
) -> None:
    assert Authority(tmp_path / "authority", clock).ca_pem == authority.ca_pem
    for name in ("key.pem", "ca.pem"):
        assert stat.S_IMODE((tmp_path / "authority" / name).stat().st_mode) == 0o600
    certificate = x509.load_pem_x509_certificate(authority.ca_pem)
    limits = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (limits.ca, limits.path_length) == (True, 0)


def test_a_clients_certificate_says_who_it_is_and_nothing_else(authority: Authority) -> None:
    pair = authority.make_client("vigie://device/north-gate")
    peer = authorise(pair.certificate_pem, DEVICE)
    assert (peer.name, peer.who) == ("north-gate", "device:north-gate")
    with pytest.raises(VigieError) as refused:
        authorise(pair.certificate_pem, OPERATOR)
    assert refused.value.what == (
        "the certificate is for vigie://device/north-gate, not for an operator"
    )


def test_what_a_request_claims_does_not_count(authority: Authority, tmp_path: Path) -> None:
    csr = make_request(make_key(tmp_path / "pole"), "somebody-else").encode()
    issued = authority.issue_client(csr, "vigie://device/north-gate")
    assert authorise(issued.certificate_pem, DEVICE).name == "north-gate"


@pytest.mark.parametrize(
    ("csr", "reason"),
    [
        (b"nothing", "it cannot be read"),
        (
            request(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
            "its key is not on the curve P-256",
        ),
        (request(ec.generate_private_key(ec.SECP384R1())), "its key is not on the curve P-256"),
    ],
    ids=["nothing", "RSA", "P-384"],
)
def test_a_bad_request_is_refused(authority: Authority, csr: bytes, reason: str) -> None:
    with pytest.raises(VigieError) as refused:
        authority.issue_client(csr, "vigie://device/north-gate")
    assert refused.value.what == f"the certificate request is refused: {reason}"


def test_no_certificate_outlives_the_authority(authority: Authority, clock: FakeClock) -> None:
    end = expires_utc(authority.ca_pem)
    clock.advance(3640 * DAY_SECONDS)
    pair = authority.make_client("vigie://device/north-gate")
    assert expires_utc(pair.certificate_pem) == end


def test_the_servers_certificate_is_renewed_before_it_ends(
    authority: Authority, clock: FakeClock
) -> None:
    certificate = ServerCertificate(authority, clock, ["control.example", "192.0.2.1"])
    assert not certificate.renew_when_due()
    clock.advance((timedelta(days=30) - RENEW_BEFORE).total_seconds())
    assert certificate.renew_when_due()
    assert not certificate.renew_when_due()


def test_a_lost_key_is_said(tmp_path: Path, authority: Authority, clock: FakeClock) -> None:
    assert authority.ca_pem
    (tmp_path / "authority" / "key.pem").write_bytes(b"nonsense")
    with pytest.raises(VigieError) as lost:
        Authority(tmp_path / "authority", clock)
    assert lost.value.kind is Kind.DATA_LOSS
    assert lost.value.what == "the authority's key is missing or damaged"
