"""How often a rule was right, with the interval in which the truth probably lies."""

import math
from typing import NamedTuple

Z_95 = 1.959963984540054  # two-sided 95 % of the normal distribution


class Share(NamedTuple):
    """A share of a count with its Wilson interval; all three are fractions, 0.0 to 1.0."""

    value: float
    low: float
    high: float


def precision(confirmed: int, rejected: int) -> Share | None:
    """Confirmed among decided reviews. None while nothing is decided."""
    decided = confirmed + rejected
    if decided == 0:
        return None
    low, high = wilson(confirmed, decided)
    return Share(confirmed / decided, low, high)


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927), honest for few trials.

    Raises ValueError when there are no trials or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} of {trials} is no share")
    share = successes / trials
    spread = z * z / trials
    middle = share + spread / 2
    reach = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    scale = 1 + spread
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)
