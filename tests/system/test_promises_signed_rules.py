"""P7 in the ring: a mask taken out of the site file ends recording until it is put back."""

import io
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge.evidence.sealed import Sealer, open_sealed
from edge.mandate.mailbox import write_incoming
from edge.site.canonical import rules_sha256
from edge.site.check import read_site
from edge.spool.places import spool_path
from edge.spool.spool import Spool
from edge.vault.cut import cut_clip
from edge.vault.fragment import Gap, GapReason
from edge.vault.reader import RingReader
from edge.wire.eye_status import eye_status_path
from tests.fakes.evidence import make_reader
from tests.fakes.mandates import CAMERA, around
from tests.system.living_pole import LivingPole
from tests.system.marker import find_in_planes, make_looks, write_marked_film
from tests.system.test_promises_masks import MASK, SITE

MASKED = SITE.format(recording=f'recording = "masked"{MASK}')
UNMASKED = SITE.format(recording="")


def reason(pole: LivingPole) -> str | None:
    """Why the eye says that nothing is seen; empty: all is well."""
    path = eye_status_path(pole.data)
    return str(json.loads(path.read_text())["mandate_reason"]) if path.exists() else None


def captured(pole: LivingPole) -> int:
    """Pictures of the capture child that is alive."""
    return int(json.loads(eye_status_path(pole.data).read_text())["cameras"][0]["frames_captured"])


def told(pole: LivingPole) -> list[tuple[str, int, str]]:
    """Rule, phase and reason of every event about the mandate."""
    found: list[tuple[str, int, str]] = []
    with suppress(FileNotFoundError), Spool(spool_path(pole.data)) as spool:
        for pending in spool.read(0):
            dictionary = spool.dictionary(pending.batch.dictionary)
            assert dictionary is not None
            found += [
                (dictionary.rules[each.rule - 1].name, int(each.phase), each.reason)
                for each in pending.batch.events
            ]
    return [each for each in found if each[0].startswith("health/mandate")]


def now_ms() -> int:
    return time.time_ns() // 10**6


def pictures_show_the_marker(pole: LivingPole) -> set[str]:
    """What of the marker is in any picture of the ring."""
    sealed, reader = io.BytesIO(), make_reader()
    with RingReader(pole.places) as ring:
        footage = ring.footage(CAMERA)
        sealer = Sealer(sealed, "all", {reader.keyid: reader.raw})
        cut_clip(footage, footage.list_headers(0, 2**62), sealer)
    sealed.seek(0)
    opened = b"".join(open_sealed(sealed, reader.private))
    return find_in_planes(io.BytesIO(opened), make_looks())


def test_a_mask_that_is_taken_out_ends_recording_until_it_is_put_back(
    tmp_path: Path, repository: Path
) -> None:
    write_marked_film(tmp_path / "marked.mp4")
    with LivingPole(tmp_path, MASKED, repository / ".cache" / "models") as pole:
        site_file = tmp_path / "site.toml"
        hashes = rules_sha256(read_site(site_file))
        signed = pole.city.mandate(
            version=2, rules_sha256={CAMERA: hashes[CAMERA]}, **around(datetime.now(UTC))
        )
        write_incoming(pole.data, signed)
        pole.wait_until(lambda: pole.read_span()[1] - pole.read_span()[0] > 4_000, "it records")
        site_file.write_text(UNMASKED)
        pole.wait_until(lambda: reason(pole) == "rules_changed", "the eye has seen it")
        changed_ms = now_ms()
        pole.wait_until(lambda: captured(pole) > 70, "the camera shows what nobody signed")
        # What was gathered by then may be written a little later; nothing newer may be.
        assert pole.read_span()[1] < changed_ms
        put_back_ms = now_ms()
        site_file.write_text(MASKED)
        pole.wait_until(lambda: pole.read_span()[1] > put_back_ms, "it records again")
        pole.wait_until(lambda: reason(pole) == "", "the eye has seen it")
        pole.end()
        assert told(pole) == [
            ("health/mandate", 1, "rules_changed"),
            ("health/mandate", 3, "rules_changed"),
        ]
        with RingReader(pole.places) as ring:
            headers = ring.footage(CAMERA).list_headers(0, 2**62)
        newer = [header for header in headers if header.first_utc_ns > changed_ms * 10**6]
        assert newer[0].gap == Gap(GapReason.NO_PERMIT)
        assert newer[0].first_utc_ns > put_back_ms * 10**6
        assert np.all(np.diff([header.first_utc_ns for header in headers]) > 0)
        assert pictures_show_the_marker(pole) == set()
