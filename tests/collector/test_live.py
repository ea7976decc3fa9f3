"""A slow watcher is told that it missed something; nobody waits for it."""

from collector.live import QUEUE_NUMBERS, Live


async def test_a_watcher_gets_numbers_in_order() -> None:
    live = Live()
    with live.watch() as subscription:
        live.publish(4, 2)
        assert [await subscription.next_number() for _ in range(2)] == [4, 5]
    assert live.watchers == 0


async def test_a_slow_watcher_is_told_after_what_it_still_has() -> None:
    live = Live()
    with live.watch() as subscription:
        live.publish(1, QUEUE_NUMBERS + 3)
        seen = [await subscription.next_number() for _ in range(QUEUE_NUMBERS + 1)]
        assert seen == [*range(1, QUEUE_NUMBERS + 1), None]
        assert live.missed == 3
        live.publish(900, 1)
        assert await subscription.next_number() == 900


async def test_waiting_beyond_a_number_skips_what_was_read_already() -> None:
    live = Live()
    with live.watch() as subscription:
        live.publish(1, 5)
        await subscription.wait_beyond(4)
        live.publish(6, 1)
        assert await subscription.next_number() == 6
