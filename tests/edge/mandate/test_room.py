"""The shell: what the link brings, what survives a restart, and what a damaged file costs."""

from pathlib import Path

from edge.mandate.reason import Reason
from edge.wire.v1 import event_pb2
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import CAMERA, City, make_room


def test_a_room_without_trust_allows_nothing(tmp_path: Path) -> None:
    permit = make_room(tmp_path, FakeClock()).permit(CAMERA)
    assert permit.reason is Reason.NO_TRUST
    assert not permit.functions
    assert not permit.may_record


def test_a_signed_mandate_allows_what_it_names_and_survives_a_restart(tmp_path: Path) -> None:
    city, clock = City(), FakeClock()
    city.install(tmp_path, city.mandate())
    for _ in range(2):
        permit = make_room(tmp_path, clock).permit(CAMERA)
        assert permit.reason is None
        assert permit.may_record
        assert permit.functions == {
            event_pb2.FUNCTION_INTRUSION,
            event_pb2.FUNCTION_LOITERING,
        }
        (tmp_path / "mandate" / "incoming-000001.json").unlink(missing_ok=True)
