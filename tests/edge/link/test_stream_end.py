"""Why a stream ended, in words, and whether to come back at once."""

import grpc
import pytest

from edge.errors import Kind
from edge.link.stream import explain_end


@pytest.mark.parametrize(
    ("code", "details", "kind", "what"),
    [
        (grpc.StatusCode.OK, "", Kind.UNAVAILABLE, "the collector ended the stream"),
        (
            grpc.StatusCode.UNIMPLEMENTED,
            "",
            Kind.FAILED_PRECONDITION,
            "the collector does not offer the session",
        ),
        (
            grpc.StatusCode.UNAVAILABLE,
            'GOAWAY received; Error code: ENHANCE_YOUR_CALM; Debug Text: "too_many_pings"',
            Kind.PERMISSION_DENIED,
            "the collector refuses the device's keepalive pings",
        ),
        (grpc.StatusCode.DATA_LOSS, "disk gone", Kind.DATA_LOSS, "disk gone"),
        (grpc.StatusCode.UNAVAILABLE, "", Kind.UNAVAILABLE, "unavailable"),
    ],
)
def test_an_end_is_explained(code: grpc.StatusCode, details: str, kind: Kind, what: str) -> None:
    error = explain_end(code, details)
    assert (error.kind, error.what) == (kind, what)
