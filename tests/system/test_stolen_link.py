"""A link in an attacker's hands, who has all of its keys, files and sockets, and knows this code.

What it can do is said in docs/design/walls.md: see events, hold back, drop. Here it tries the rest.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.evidence.request import ClipRequest, sign_request
from edge.mandate.envelope import MANDATE, REVOCATION, sign_payload
from edge.mandate.kernel_clock import kernel_clock_reader
from edge.mandate.keys import SigningKey, get_keyid, load_private_pem, make_signing_key
from edge.mandate.places import Places, incoming_folder, time_answers_path
from edge.mandate.statement import parse_mandate, write_revocation
from edge.mandate.time_statement import sign_time, write_answers
from edge.mandate.trust import load_trust
from edge.wire.clip_talk import clips_socket_path, outgoing_folder
from edge.wire.ring_report import read_ring_report
from tests.system.walls import CAMERA, DEVICE, Walls, walls_at_work, why_not

pytestmark = [pytest.mark.xdist_group("walls"), pytest.mark.timeout(900)]
ATTACK = "tests.system.walls_attack"
MARK_BYTES = 32


@pytest.fixture(scope="module")
def walls(repository: Path) -> Iterator[Walls]:
    """A pole at work, whose link is then no more: the attacker has taken its place."""
    if reason := why_not():
        pytest.skip(reason)
    with walls_at_work(repository) as built:
        built.wait(lambda: ring_ms(built) > 5_000, "five seconds are in the ring")
        built.kill("link")
        yield built


def ring_ms(walls: Walls) -> int:
    """How much the ring holds."""
    held = read_ring_report(walls.data)
    if held is None or held.oldest_utc_ms is None or held.newest_utc_ms is None:
        return 0
    return held.newest_utc_ms - held.oldest_utc_ms


def wait_for_turns(walls: Walls) -> None:
    """Until every room has looked again, and again, at what the link brought."""
    started = walls.status()["uptime_ms"]
    walls.wait(lambda: int(str(walls.status()["uptime_ms"])) > int(str(started)) + 3_000, "turns")


def clip_key(walls: Walls) -> SigningKey:
    """The collector's, which the attacker does not have: for requests it may replay."""
    pem = (walls.room.data / "authority" / "clip-key.pem").read_bytes()
    return load_private_pem("collector", pem)


def mayor(walls: Walls) -> SigningKey:
    (pem,) = walls.city.folder.glob("*mayor.key.pem")
    return load_private_pem("mayor", pem.read_bytes())


def genuine_request(walls: Walls) -> ClipRequest:
    """What the control room may ask for."""
    held = read_ring_report(walls.data)
    assert held is not None
    assert held.oldest_utc_ms is not None
    trust = load_trust((walls.data / "trust.json").read_text())
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    return ClipRequest(
        clip="genuine-1",
        kind="clip",
        device=DEVICE,
        camera=CAMERA,
        from_utc_ms=held.oldest_utc_ms + 500,
        to_utc_ms=held.oldest_utc_ms + 2_500,
        reason="to be replayed by a thief",
        case="2026-0042",
        operator="ada",
        role="operator",
        second_person=None,
        event=None,
        issued_utc_ms=now_ms,
        expires_utc_ms=now_ms + 600_000,
        readers=tuple(reader.keyid for reader in trust.readers),
        max_minutes_alone=10,
    )


def bend(envelope: str, **changes: object) -> str:
    """Another statement under the same signature."""
    record = json.loads(envelope)
    payload = json.loads(base64.b64decode(record["payload"]))
    record["payload"] = base64.b64encode(json.dumps(payload | changes).encode()).decode()
    return json.dumps(record)


def marks_of(film: Path) -> list[str]:
    """A piece of every picture as the camera sends it."""
    with av.open(str(film)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    middles = [packet[len(packet) // 2 :][:MARK_BYTES] for packet in packets]
    return [middle.hex() for middle in middles if len(middle) == MARK_BYTES]


def test_no_clip_leaves_for_a_request_that_was_forged_widened_or_replayed(walls: Walls) -> None:
    key, genuine = clip_key(walls), genuine_request(walls)
    signed = sign_request(genuine, key)
    thief = X25519PrivateKey.generate().public_key().public_bytes_raw()
    forged = {
        "signed by the attacker": sign_request(replace(genuine, clip="own"), make_signing_key("x")),
        "longer": bend(signed, to_utc_ms=genuine.to_utc_ms + 60_000),
        "to another reader": bend(signed, readers=[get_keyid(thief)]),
        "under another name": bend(signed, clip="again"),
        "meant for another pole": sign_request(replace(genuine, clip="b", device="pole-2"), key),
        "meant for another reader": sign_request(
            replace(genuine, clip="c", readers=(get_keyid(thief),)), key
        ),
        "of yesterday": sign_request(
            replace(
                genuine,
                clip="d",
                issued_utc_ms=genuine.issued_utc_ms - 86_400_000,
                expires_utc_ms=genuine.issued_utc_ms - 86_000_000,
            ),
            key,
        ),
    }
    lines = [
        json.dumps({"say": "request", "command": number, "envelope": envelope})
        for number, envelope in enumerate(forged.values(), 1)
    ]
    told = walls.inside("link", ATTACK, ["talk", str(clips_socket_path(walls.data)), lines])
    print(dict(zip(forged, told, strict=True)))
    assert {name: answer.partition(":")[0] for name, answer in zip(forged, told, strict=True)} == (
        dict.fromkeys(forged, "refused")
    )
    assert list(outgoing_folder(walls.data).iterdir()) == []


def test_a_genuine_request_gives_the_attacker_a_sealed_clip_once(walls: Walls) -> None:
    signed = sign_request(genuine_request(walls), clip_key(walls))
    line = json.dumps({"say": "request", "command": 1, "envelope": signed})
    act = ["talk", str(clips_socket_path(walls.data)), [line]]
    assert walls.inside("link", ATTACK, act)[0].startswith("done")
    outgoing = outgoing_folder(walls.data)
    walls.wait((outgoing / "genuine-1.manifest.json").exists, "the clip is cut and sealed")
    assert {path.name for path in outgoing.iterdir()} == {
        "genuine-1.sealed",
        "genuine-1.manifest.json",
    }
    delivered = json.dumps({"say": "drop", "command": 2, "clip": "genuine-1"})
    assert walls.inside("link", ATTACK, [*act[:2], [delivered]]) == ["done: "]
    (again,) = walls.inside("link", ATTACK, act)
    assert again.startswith("refused: this request was answered")
    assert list(outgoing.iterdir()) == []


def test_whatever_the_link_can_read_holds_no_picture(walls: Walls) -> None:
    """Hoarded while a clip waits for it, too: what waits is sealed to the control room."""
    marks = marks_of(walls.film)
    assert len(marks) > 100
    signed = sign_request(replace(genuine_request(walls), clip="hoarded"), clip_key(walls))
    line = json.dumps({"say": "request", "command": 1, "envelope": signed})
    walls.inside("link", ATTACK, ["talk", str(clips_socket_path(walls.data)), [line]])
    outgoing = outgoing_folder(walls.data)
    walls.wait((outgoing / "hoarded.manifest.json").exists, "a clip waits")
    folders = [str(walls.data), str(walls.base / "logs"), "/dev/shm", "/run", "/var/tmp"]
    seen, *held = walls.inside("link", ATTACK, ["hoard", folders, marks])
    print(f"the link's user looked at {seen}, {len(held)} hold a picture")
    assert held == []
    assert (outgoing / "hoarded.sealed").read_bytes().startswith(b"VGCL1")
    # The same search finds the film where it may be read, so that finding nothing says something.
    assert marks[50] in walls.film.read_bytes().hex()


def test_no_mandate_but_the_authoritys_newest_starts_anything(walls: Walls) -> None:
    text = parse_mandate(mandate_text(walls))
    incoming = incoming_folder(walls.data)
    before = walls.status()["mandate_version"]
    own = json.loads(mandate_text(walls)) | {"version": text.version + 1}
    older = json.loads(mandate_text(walls)) | {"version": text.version - 1}
    put(walls, incoming / "incoming-900001.json", sign(own, make_signing_key("x")))
    put(walls, incoming / "incoming-900002.json", sign(older, mayor(walls)))
    wait_for_turns(walls)
    assert walls.status()["mandate_version"] == before
    assert walls.status()["mandate_reason"] == ""
    # Revoked: from now on the attacker wants it to see again.
    ended = write_revocation(text, reason="stolen", issued=datetime.now(UTC))
    put(walls, incoming / "incoming-900003.json", sign_payload(ended, REVOCATION, mayor(walls)))
    walls.wait(lambda: walls.status()["mandate_reason"] == "revoked", "the revocation holds")
    revoked_ms = int(datetime.now(UTC).timestamp() * 1000)
    walls.inside("link", ATTACK, ["remove", str(incoming)])
    for number, statement in enumerate((json.loads(mandate_text(walls)), older), 900_010):
        put(walls, incoming / f"incoming-{number}.json", sign(statement, mayor(walls)))
    wait_for_turns(walls)
    assert walls.status()["mandate_reason"] == "revoked"
    # What was gathered by then may be written a little later; nothing newer may be.
    wait_for_turns(walls)
    held = read_ring_report(walls.data)
    assert held is not None
    assert held.newest_utc_ms is not None
    assert held.newest_utc_ms < revoked_ms


def test_no_time_but_the_collectors_is_believed(walls: Walls) -> None:
    if kernel_clock_reader()().is_synchronised:
        pytest.skip("the kernel proves this machine's clock, so nobody asks the link for the time")
    question = Places(walls.data, "eye").time_question
    asked = question.read_text() if question.exists() else ""
    for name in ("eye", "vault"):
        walls.kill(name)
        walls.start(name)
    walls.wait(lambda: walls.status().get("uptime_ms", 10**9) < 60_000, "the eye runs anew")  # type: ignore[operator]
    walls.wait(lambda: question.exists() and question.read_text() != asked, "it asks the time")
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    nonce = bytes.fromhex(question.read_text())
    said = sign_time(DEVICE, nonce, utc_ms=now_ms, error_ms=5, key=make_signing_key("collector"))
    put(walls, time_answers_path(walls.data), write_answers((said,)).decode())
    wait_for_turns(walls)
    assert walls.status()["mandate_reason"] == "clock_unproven"
    # The genuine link brings the genuine time, and the rooms remember that the mandate ended.
    walls.start("link")
    walls.wait(lambda: walls.status()["mandate_reason"] == "revoked", "the collector's time holds")


def mandate_text(walls: Walls) -> bytes:
    """What the authority signed."""
    envelope = json.loads(walls.city.mandate.read_bytes())
    return base64.b64decode(envelope["payload"])


def sign(statement: dict[str, object], key: SigningKey) -> str:
    return sign_payload(json.dumps(statement, indent=1).encode(), MANDATE, key).decode()


def put(walls: Walls, path: Path, content: str | bytes) -> None:
    text = content if isinstance(content, str) else content.decode()
    assert walls.inside("link", ATTACK, ["put", str(path), text]) == ["put"]
