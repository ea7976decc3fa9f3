"""How often somebody may try."""

from collector.rate import MAX_KEYS, RateLimit

SECOND_NS = 1_000_000_000


def test_attempts_over_the_limit_wait_for_the_oldest_to_pass() -> None:
    limit = RateLimit(2, 60.0)
    assert [limit.try_at("a", at * SECOND_NS) for at in (0, 10, 20)] == [0.0, 0.0, 40.0]
    assert limit.try_at("a", 60 * SECOND_NS) == 0.0


def test_keys_do_not_count_against_each_other() -> None:
    limit = RateLimit(1, 60.0)
    assert [limit.try_at(key, 0) for key in ("a", "b")] == [0.0, 0.0]


def test_who_succeeds_starts_anew() -> None:
    limit = RateLimit(1, 60.0)
    limit.try_at("a", 0)
    limit.forget("a")
    assert limit.try_at("a", 1) == 0.0


def test_the_memory_of_attempts_is_bounded() -> None:
    limit = RateLimit(1, 60.0)
    for number in range(MAX_KEYS + 1):
        limit.try_at(str(number), 0)
    assert limit.try_at("0", 1) == 0.0
    assert limit.try_at(str(MAX_KEYS), 1) > 0.0
