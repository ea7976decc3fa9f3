"""A pole and its collector, as the link's tests have them."""

from tests.edge.link.conftest import authority as authority  # noqa: PLC0414 - a fixture
from tests.edge.link.conftest import pole as pole  # noqa: PLC0414 - a fixture
