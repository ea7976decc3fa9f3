"""P3: device to collector, lost 0, duplicated 0, in order, whatever the wire does."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.wire import WINDOW_BATCHES, Simulation, Weather

HOUR_S = 3600.0
WEEK_S = 7 * 24 * HOUR_S


def _check(simulation: Simulation) -> None:
    stored = simulation.collector.read_stored()
    seqs = [seq for seq, _ in stored]
    assert len(seqs) == len(set(seqs)), "duplicated"
    assert sorted(seqs) == list(range(1, len(simulation.accepted) + 1)), "lost"
    assert [body for _, body in sorted(stored)] == simulation.accepted, "changed"
    assert simulation.read_pending() == 0
    assert simulation.most_unacked <= WINDOW_BATCHES


def test_a_week_of_loss_repeats_reordering_and_cuts_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    weather = Weather(lose_chance=0.03, repeat_chance=0.03, reorder_chance=0.03, event_every_s=90.0)
    simulation = Simulation(tmp_path, 1, weather)
    simulation.run(WEEK_S)
    assert len(simulation.accepted) > 25_000
    assert simulation.cuts > 1_000
    _check(simulation)


def test_a_day_of_cuts_alone_keeps_the_order_too(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, 3, Weather(cut_every_s=60.0, event_every_s=20.0))
    simulation.run(24 * HOUR_S)
    _check(simulation)
    seqs = [seq for seq, _ in simulation.collector.read_stored()]
    assert seqs == sorted(seqs)


chances = st.floats(0.0, 0.3)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 1 << 32),
    weather=st.builds(
        Weather,
        lose_chance=chances,
        repeat_chance=chances,
        reorder_chance=chances,
        cut_every_s=st.floats(5.0, 600.0),
        collector_dies_every_s=st.floats(30.0, 1200.0),
        pole_dies_every_s=st.floats(30.0, 1200.0),
        event_every_s=st.floats(2.0, 30.0),
    ),
)
def test_an_hour_of_any_weather_loses_and_doubles_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, weather: Weather
) -> None:
    simulation = Simulation(tmp_path_factory.mktemp("hour"), seed, weather)
    simulation.run(HOUR_S)
    _check(simulation)
