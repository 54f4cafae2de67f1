import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetto.errors import ScoreError
from duetto.score.score import Tempo
from duetto.score.tempo import TempoMap


def test_a_quarter_note_at_120_bpm_lasts_half_a_second():
    tempo_map = TempoMap((Tempo(0, 120.0),))
    assert tempo_map.seconds(480) == 0.5
    assert tempo_map.tick(0.5) == 480


def test_time_adds_up_across_changes():
    # 4 beats at 120 (2 s), 2 beats at 60 (2 s), then 1 beat at 240 (0.25 s)
    tempo_map = TempoMap((Tempo(0, 120.0), Tempo(1920, 60.0), Tempo(2880, 240.0)))
    assert tempo_map.seconds(1920) == pytest.approx(2.0)
    assert tempo_map.seconds(2880) == pytest.approx(4.0)
    assert tempo_map.seconds(3360) == pytest.approx(4.25)
    assert tempo_map.tick(3.0) == pytest.approx(2400.0)


def test_before_the_start_the_first_tempo_holds():
    tempo_map = TempoMap((Tempo(0, 60.0), Tempo(480, 120.0)))
    assert tempo_map.seconds(-480) == -1.0
    assert tempo_map.tick(-1.0) == -480.0


@given(
    gaps=st.lists(st.integers(1, 5000), max_size=5),
    tempos=st.lists(st.floats(20, 300), min_size=6, max_size=6),
    tick=st.floats(0, 40_000),
)
@settings(max_examples=50, deadline=None)
def test_ticks_survive_the_way_to_seconds_and_back(gaps, tempos, tick):
    ticks = [0]
    for gap in gaps:
        ticks.append(ticks[-1] + gap)
    tempo_map = TempoMap([Tempo(t, bpm) for t, bpm in zip(ticks, tempos, strict=False)])
    assert tempo_map.tick(tempo_map.seconds(tick)) == pytest.approx(tick, abs=1e-6)


@pytest.mark.parametrize(
    "tempos",
    [(), (Tempo(1, 120.0),), (Tempo(0, 0.0),), (Tempo(0, float("nan")),), (Tempo(0, 120.0), Tempo(0, 90.0))],
)
def test_an_impossible_clock_is_refused(tempos):
    with pytest.raises(ScoreError):
        TempoMap(tempos)
