"""How much there is, and whether it is sung at all."""

import numpy as np
import pytest

from duetto.diagnosis.checks import amount, speech, tempo
from duetto.diagnosis.checks.amount import AmountEvidence
from duetto.diagnosis.examine import SHORT, examine
from duetto.diagnosis.sound import Sound
from tests.diagnosis.sounds import heard, phrases, tone

RATE = 8000


@pytest.mark.parametrize(
    ("sung_s", "severity"),
    [(0.0, "serious"), (119.9, "serious"), (120.1, "warning"), (299.9, "warning"), (300.1, "fine")],
)
def test_under_two_minutes_is_serious_and_under_five_to_watch(sung_s: float, severity: str):
    finding = amount.conclude([AmountEvidence(400.0, sung_s / 2), AmountEvidence(400.0, sung_s / 2)])
    assert finding.severity == severity
    assert finding.evidence == {"used_s": 800.0, "sung_s": pytest.approx(sung_s)}


@pytest.mark.slow
def test_silence_is_no_amount_and_one_recording_is_not_judged():
    waveform, _ = phrases(4, sung_s=1.0, pause_s=2.0, floor=1e-4)
    sounds = [Sound("take", waveform.astype(np.float32)[None], 48_000)]
    found = examine("takes", sounds, depth=SHORT).finding("amount")
    assert found.evidence["used_s"] == pytest.approx(12.0)
    assert found.evidence["sung_s"] == pytest.approx(4.0, abs=0.1)
    assert amount.conclude([AmountEvidence(9.0, 8.0)], is_one_recording=True).severity == "unknown"


def speaker(seconds: float, semitones_per_s: float = 20.0) -> list[float]:
    """A contour that rises and falls in phrases of half a second, Hz, with short pauses."""
    rise = np.arange(25) / 100 * semitones_per_s
    phrase = [*(120 * 2 ** (np.concatenate([rise, rise[::-1]]) / 12)), *([0.0] * 10)]
    return (phrase * round(seconds / 0.6 + 1))[: round(100 * seconds)]


def singer(seconds: float, note_s: float = 0.16, vibrato: float = 0.0) -> list[float]:
    """A contour of notes a tone apart, with vibrato in semitones, Hz."""
    time = np.arange(round(100 * seconds)) / 100
    steps = 2 * (np.floor(time / note_s) % 4)
    return list(220 * 2 ** ((steps + vibrato * np.sin(2 * np.pi * 6 * time)) / 12))


def measured(contour: list[float], recording: str) -> tempo.TempoEvidence:
    return tempo.measure(heard(np.zeros(RATE * len(contour) // 100), contour, RATE, recording=recording))


def test_a_reader_is_said_to_speak_and_has_no_tempo():
    evidence = [measured(speaker(20.0), "reading")]
    found = speech.conclude([item.speech for item in evidence])
    assert found.severity == "warning"
    assert found.what == "all recordings are speech, not singing"
    assert "held notes" in found.predicts
    assert tempo.conclude(evidence).severity == "unknown"
    assert "speech" in tempo.conclude(evidence).what


@pytest.mark.parametrize("contour", [singer(20.0), singer(20.0, 0.8), singer(20.0, 1.0, vibrato=1.5)])
def test_fast_notes_and_a_wide_vibrato_are_sung(contour: list[float]):
    assert speech.conclude([measured(contour, "song").speech]).severity == "fine"


def test_readings_among_songs_are_counted_and_leave_the_tempo_of_the_songs():
    songs = [measured(singer(20.0, 0.8), name) for name in ("one", "two")]
    mixed = [*songs, *(measured(speaker(3.0), f"talk#{number:04d}") for number in range(4))]  # slices of one recording
    found = speech.conclude([item.speech for item in mixed])
    assert found.what == "1 of 3 recordings are speech, not singing"
    assert {place.recording for place in found.places} == {f"talk#{number:04d}" for number in range(4)}
    assert tempo.conclude(mixed).evidence == tempo.conclude(songs).evidence


def test_a_second_of_pitch_does_not_tell():
    assert speech.conclude([measured(speaker(1.0), "word").speech]).severity == "unknown"
    assert speech.measure(heard(tone(1.0))).voiced_s == 0.0
