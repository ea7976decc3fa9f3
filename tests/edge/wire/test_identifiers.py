"""Names: what they could become a part of, they cannot lead out of."""

import pytest

from edge.wire.identifiers import is_camera_name, is_clip_name, is_device_name


@pytest.mark.parametrize("name", ["", "a/b", "../x", "-a", "_a", "a" * 65, "a b", "é", "a\n"])
def test_a_name_that_could_lead_elsewhere_is_no_clip_name(name: str) -> None:
    assert not is_clip_name(name)
    assert is_clip_name("north-gate_0001")


@pytest.mark.parametrize("name", ["", "a/b", "..", "-a", "a-", "a_b", "A", "a" * 64, "a.b", "a\n"])
def test_a_device_is_called_as_a_host_may_be(name: str) -> None:
    assert not is_device_name(name)
    assert is_device_name("north-gate")


@pytest.mark.parametrize("name", ["", "a/b", "..", "A", "a" * 41, "a.b", "a\n"])
def test_a_camera_s_name_is_safe_as_a_folder(name: str) -> None:
    assert not is_camera_name(name)
    assert is_camera_name("north_gate-1")
