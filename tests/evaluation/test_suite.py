import dataclasses
import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from duetto.errors import AudioError
from duetto.evaluation.bounds import gap_closed
from duetto.evaluation.inputs import Instruments, PeakMemory, ReferenceAnnotations, SongFiles
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.reference import ReferenceStore
from duetto.evaluation.registry import all_metrics
from duetto.evaluation.song import score_song
from duetto.evaluation.suite import score_run
from duetto.evaluation.table import metrics_table
from duetto.storage.audio import write_audio
from duetto.storage.files import read_json, write_json

from .voices import BRIGHT, SAMPLE_RATE, melody, sing

TIME = np.arange(round(1.2 * SAMPLE_RATE)) / SAMPLE_RATE
HELD_NOTE = 196.0 * 2 ** (0.3 * np.sin(2 * np.pi * 5.5 * TIME) / 12)
SUNG = np.concatenate([melody(1.8, base_hz=220.0, rests=((1.0, 1.8),)), HELD_NOTE])
WORDS = {f"{kind}_error{at}" for kind in ("word", "character") for at in ("", "_source", "_copy_synthesis")}
NOT_HERE = {"peak_gpu_memory", "predicted_quality", "predicted_quality_reference", *WORDS}  # no GPU, predictor, text
DOUBTFUL = {"f2_slope_error_gap_closed"}  # in vowels that hardly change, the bounds are about as far apart as is asked


@pytest.fixture(scope="module")
def encoder():
    return SpeakerEncoder()


class Predictor:
    """Stands in for the network, which needs a second for each recording."""

    def predict(self, waveform, sample_rate):
        assert sample_rate == SAMPLE_RATE
        return 3.0 if waveform.any() else math.nan


class Recogniser:
    """Hears a phone for each tenth of a second that sounds, named by its level: no network is needed to count edits."""

    def recognise(self, waveform, sample_rate):
        assert sample_rate == SAMPLE_RATE
        parts = waveform[: waveform.size // 2400 * 2400].reshape(-1, 2400)
        return tuple(str(round(40 * float(np.sqrt(np.mean(part**2))))) for part in parts if part.any())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The source sings a fifth lower in a bright voice; the output is seven tenths of the way to the reference."""
    folder = tmp_path_factory.mktemp("song")
    waveforms = {
        "source": sing(SUNG * 2 ** (-7 / 12), BRIGHT),
        "output": 0.7 * sing(SUNG) + 0.3 * sing(SUNG, BRIGHT),
        "reference": sing(SUNG),
        "copy_synthesis": sing(SUNG, seed=4),
    }
    for role, waveform in waveforms.items():
        write_audio(folder / f"{role}.wav", waveform, SAMPLE_RATE)
    paths = {role: folder / f"{role}.wav" for role in waveforms}
    return SongFiles(
        "tea",
        "mei",
        **paths,
        transpose_semitones=7.0,
        conversion_seconds=0.75,
        annotations=ReferenceAnnotations((0.25, 0.5, 0.75, 2.4), np.zeros(1)),
        peak_memory=PeakMemory(process=512.0),
    )


@pytest.fixture(scope="module")
def scores(files, encoder):
    return score_song(files, Instruments(encoder, recogniser=Recogniser()))


def test_every_metric_of_the_table_is_scored(scores):
    assert list(scores) == [metric.name for metric in all_metrics()]
    assert {name for name, value in scores.items() if not math.isfinite(value)} - DOUBTFUL == NOT_HERE


def test_the_output_lies_between_its_bounds(scores):
    assert scores["mcd_copy_synthesis"] < scores["mcd_output"] < scores["mcd_source"]
    assert 0.2 < scores["mcd_gap_closed"] < 0.95
    assert (
        scores["speaker_similarity_source"] < scores["speaker_similarity"] < scores["speaker_similarity_copy_synthesis"]
    )


def test_the_source_bound_sings_at_the_target_s_pitch(scores):
    assert scores["f0_rmse_cents_source"] < 25.0
    assert scores["gross_pitch_error_source"] < 0.01


def test_level_and_speed_of_the_output(scores):
    assert scores["rtf"] == pytest.approx(0.25)
    assert scores["length_error_samples"] == 0.0
    assert scores["clipped_share"] == 0.0


def test_an_output_that_is_the_reference_is_perfect(files, encoder):
    perfect = score_song(dataclasses.replace(files, output=files.reference), Instruments(encoder))
    assert perfect["mcd_output"] == 0.0
    assert perfect["f0_rmse_cents"] == 0.0
    assert perfect["speaker_similarity"] == pytest.approx(1.0, abs=1e-5)
    assert perfect["mcd_gap_closed"] > 1.0


def test_an_output_that_is_the_source_closes_nothing(files, encoder):
    untransposed = dataclasses.replace(files, source=files.output, transpose_semitones=0.0)
    copied = score_song(untransposed, Instruments(encoder))
    assert copied["mcd_gap_closed"] == pytest.approx(0.0)
    assert copied["mcd_output_to_source"] == pytest.approx(0.0)


def test_without_the_reference_pitch_is_a_diagnostic_and_timbre_is_undefined(files, encoder):
    run = score_run(
        [dataclasses.replace(files, reference=None)], instruments=Instruments(encoder, Predictor(), Recogniser())
    )
    assert run["label"]["f0_rmse_cents"] == "diagnostic"
    assert run["mean"]["f0_rmse_cents"] < 25.0
    assert run["mean"]["mcd_output_to_source"] > 1.0
    for name in ("mcd_output", "mcd_gap_closed", "speaker_similarity", "f0_rmse_cents_source"):
        assert math.isnan(run["mean"][name])
        assert (run["n"][name], run["undefined"][name]) == (0, 1)


def test_diagnostics_are_not_averaged_with_verdicts(files, encoder):
    run = score_run(
        [files, dataclasses.replace(files, reference=None)], instruments=Instruments(encoder, Predictor(), Recogniser())
    )
    assert run["label"]["f0_rmse_cents"] == ""
    assert run["mean"]["f0_rmse_cents"] == run["songs"][0]["metrics"]["f0_rmse_cents"]
    assert (run["n"]["f0_rmse_cents"], run["undefined"]["f0_rmse_cents"]) == (1, 1)
    assert run["n"]["rtf"] == 2


def test_predicted_quality_is_always_called_a_predictor(files, encoder):
    run = score_run([files], instruments=Instruments(encoder, Predictor(), Recogniser()))
    assert (run["mean"]["predicted_quality"], run["label"]["predicted_quality"]) == (3.0, "predictor")
    private = score_run(
        [dataclasses.replace(files, reference=None)], instruments=Instruments(encoder, Predictor(), Recogniser())
    )
    assert private["label"]["predicted_quality"] == "predictor, diagnostic"


def test_without_the_reference_what_needs_no_reference_is_a_diagnostic_and_the_rest_undefined(files, encoder):
    run = score_run(
        [dataclasses.replace(files, reference=None)], instruments=Instruments(encoder, Predictor(), Recogniser())
    )
    defined = {name for name, value in run["mean"].items() if math.isfinite(value)}
    expected = {m.name for m in all_metrics() if m.is_diagnostic or not m.needs_reference} - {"peak_gpu_memory", *WORDS}
    assert defined == expected
    labelled = {name for name, label in run["label"].items() if "diagnostic" in label}
    assert labelled == {m.name for m in all_metrics() if m.is_diagnostic}
    assert {"dip_rate", "harmonics_to_noise", "island_rate", "harmonics_to_noise_source"} <= defined


@pytest.mark.slow
def test_phone_errors_are_measured_against_the_reference_with_their_bounds(files, encoder, scores):
    perfect = score_song(
        dataclasses.replace(files, output=files.reference), Instruments(encoder, recogniser=Recogniser())
    )
    assert perfect["phone_error"] == 0.0
    assert perfect["phone_error_excess"] == pytest.approx(-perfect["phone_error_copy_synthesis"])
    assert scores["phone_error_excess"] == pytest.approx(scores["phone_error"] - scores["phone_error_copy_synthesis"])
    assert math.isnan(score_song(files, Instruments(encoder))["phone_error"])


def test_a_reference_that_is_found_again_gives_the_same_scores(files, encoder, scores, tmp_path):
    instruments, store = Instruments(encoder, recogniser=Recogniser()), ReferenceStore(tmp_path)
    made = score_song(files, instruments, store)
    (kept,) = tmp_path.iterdir()
    found = score_song(files, instruments, store)
    assert list(made) == list(scores)
    for other in (made, found):
        np.testing.assert_array_equal(list(other.values()), list(scores.values()))
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.slow
def test_another_interval_other_labels_and_damage_make_another_reference(files, encoder, scores, tmp_path):
    instruments, store = Instruments(encoder, recogniser=Recogniser()), ReferenceStore(tmp_path)
    for changed in (
        files,
        dataclasses.replace(files, transpose_semitones=6.0),
        dataclasses.replace(files, annotations=None),
    ):
        score_song(changed, instruments, store)
    assert len(list(tmp_path.iterdir())) == 3
    for kept in tmp_path.iterdir():
        content = bytearray(kept.read_bytes())
        content[len(content) // 2] ^= 1
        kept.write_bytes(content)
    np.testing.assert_array_equal(list(score_song(files, instruments, store).values()), list(scores.values()))


def test_a_private_song_is_kept_as_well(files, encoder, tmp_path):
    private, instruments = dataclasses.replace(files, reference=None), Instruments(encoder)
    once, twice = (score_song(private, instruments, ReferenceStore(tmp_path)) for _ in range(2))
    np.testing.assert_array_equal(list(once.values()), list(twice.values()))


def test_where_the_tracker_hears_the_reference_an_octave_up_the_known_melody_counts(files, encoder, tmp_path):
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    wave = 0.3 * np.sin(2 * np.pi * 440 * time) + 1e-6 * np.sin(
        2 * np.pi * 220 * time
    )  # the fundamental is all but gone
    write_audio(tmp_path / "reference.wav", wave.astype(np.float32), SAMPLE_RATE)
    full = wave + 0.2 * np.sin(2 * np.pi * 220 * time)
    write_audio(tmp_path / "output.wav", full.astype(np.float32), SAMPLE_RATE)
    paths = {
        role: tmp_path / f"{'reference' if role == 'reference' else 'output'}.wav"
        for role in ("source", "output", "reference")
    }
    song = SongFiles("a", "b", **paths, copy_synthesis=None, transpose_semitones=0.0, conversion_seconds=None)
    sung = dataclasses.replace(song, annotations=ReferenceAnnotations((), np.full(401, 220.0)))
    assert score_song(song, Instruments(encoder))["f0_rmse_cents"] == pytest.approx(1200.0, abs=30.0)
    assert score_song(sung, Instruments(encoder))["f0_rmse_cents"] < 10.0


def test_each_distance_has_its_gap_closed(scores):
    families = {metric.family for metric in all_metrics() if f"{metric.family}_gap_closed" in scores}
    assert families >= {"mcd", "log_spectral_distance", "mel_distance", "modulation_distance", "f2_slope_error"}
    expected = gap_closed(scores["mel_distance_source"], scores["mel_distance"], scores["mel_distance_copy_synthesis"])
    assert scores["mel_distance_gap_closed"] == pytest.approx(expected)


def test_silent_output_is_undefined_not_perfect(files, encoder, tmp_path):
    write_audio(tmp_path / "silence.wav", np.zeros(SUNG.size, dtype=np.float32), SAMPLE_RATE)
    silent = score_song(dataclasses.replace(files, output=tmp_path / "silence.wav"), Instruments(encoder))
    assert math.isnan(silent["mcd_output"])
    assert math.isnan(silent["f0_rmse_cents"])
    assert math.isnan(silent["speaker_similarity"])
    assert math.isnan(silent["mcd_gap_closed"])
    assert silent["voicing_error"] > 0.5
    sound = {
        m.name
        for m in all_metrics()
        if m.place == "output" and m.group in ("timbre", "held notes", "artefacts", "transitions")
    }
    assert not [name for name in sound if math.isfinite(silent[name])]
    assert silent["peak"] == 0.0


def test_a_short_output_is_scored_and_its_length_reported(files, encoder, tmp_path):
    write_audio(tmp_path / "short.wav", sing(SUNG)[:SAMPLE_RATE], SAMPLE_RATE)
    short = score_song(dataclasses.replace(files, output=tmp_path / "short.wav"), Instruments(encoder))
    assert short["length_error_samples"] == SAMPLE_RATE - SUNG.size
    assert short["voicing_error"] > 0.2


def test_without_a_copy_synthesis_only_its_scores_are_undefined(files, encoder):
    scores = score_song(dataclasses.replace(files, copy_synthesis=None), Instruments(encoder))
    assert math.isnan(scores["mcd_copy_synthesis"])
    assert math.isnan(scores["mcd_gap_closed"])
    assert math.isfinite(scores["mcd_output"])


def test_progress_is_told_and_the_result_survives_json(files, encoder, tmp_path):
    told = []
    run = score_run([files], lambda *event: told.append(event), Instruments(encoder, Predictor(), Recogniser()))
    assert told == [("Scoring tea", 0, 1)]
    write_json(tmp_path / "metrics.json", run)
    assert read_json(tmp_path / "metrics.json") == json.loads(json.dumps(run).replace("NaN", "null"))


def test_no_songs_and_missing_files_are_refused(files, encoder, tmp_path):
    with pytest.raises(ValueError, match="no songs"):
        score_run([])
    with pytest.raises(AudioError, match="no audio file"):
        score_song(dataclasses.replace(files, output=tmp_path / "gone.wav"), Instruments(encoder))


def test_the_table_shows_means_with_units_and_labels(files, encoder):
    run = score_run(
        [dataclasses.replace(files, reference=None)], instruments=Instruments(encoder, Predictor(), Recogniser())
    )
    console = Console(file=io.StringIO(), width=120)
    console.print(metrics_table(json.loads(json.dumps(run).replace("NaN", "null"))))
    text = console.file.getvalue()
    assert "Gap closed" in text
    assert "diagnostic" in text
    assert "0.25 x" in text
    assert "Speaker similarity" not in text
