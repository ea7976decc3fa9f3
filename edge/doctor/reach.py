"""One try to reach the collector: `python -m edge.doctor.reach --data DIR`, under the link's user.

It shows this pole's certificate and waits for the collector's first word, which comes only after
the collector has accepted it. JSON on stdout.
"""

import argparse
import json
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.enrolment.channel import Credentials
from edge.enrolment.diagnosis import PROBE_SECONDS, ConnectError, check_collector, split_address
from edge.enrolment.identity import IdentityDirectory, IdentityError, identity_folder


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of it. *_ms: None: not so far. until_utc_s: the certificate's end."""

    address: str = ""
    round_trip_ms: int | None = None
    answered_ms: int | None = None
    trouble: str = ""
    hint: str = ""
    until_utc_s: int | None = None


def reach(data: Path) -> Reached:
    """Try once, with the identity in DATA. At most 10 s."""
    try:
        identity = IdentityDirectory(identity_folder(data)).read_identity()
    except IdentityError as error:
        return Reached(trouble=error.what, hint=error.hint or "")
    until = round(identity.valid_until_utc)
    proof = Credentials(identity.ca_pem, identity.key_pem, identity.certificate_pem)
    round_trip_ms = _time_connection(identity.collector)
    begun = time.monotonic_ns()
    wrong: ConnectError | None = check_collector(identity.collector, proof)
    if wrong is not None:
        return Reached(identity.collector, round_trip_ms, None, wrong.what, wrong.hint or "", until)
    answered_ms = (time.monotonic_ns() - begun) // 1_000_000
    return Reached(identity.collector, round_trip_ms, answered_ms, until_utc_s=until)


def _time_connection(collector: str) -> int | None:
    """SYN to SYN+ACK, milliseconds, names known: the second of two connections."""
    took: int | None = None
    for _ in range(2):
        begun = time.monotonic_ns()
        try:
            socket.create_connection(split_address(collector), timeout=PROBE_SECONDS).close()
        except OSError:
            return None
        took = (time.monotonic_ns() - begun) // 1_000_000
    return took


def main(arguments: Sequence[str] | None = None) -> int:
    """Try, say it, end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the pole's state")
    asked = parser.parse_args(arguments)
    print(json.dumps(asdict(reach(asked.data))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
