"""The embedded cases as they are really sung; a song or two of each."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.manifest import Clip, load_manifest
from duetto.evaluation.analysis.pitch import track_f0
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.centre import Centre
from duetto.preprocess.steps.separate import Separate
from duetto.singer.sing import load_annotations
from duetto.storage.audio import read_audio, read_channels

from .test_embedded import case

pytestmark = pytest.mark.slow
TRACKING_RATE = 24_000


def midi_of(folder: Path, clip: Clip) -> np.ndarray:
    """MIDI of the voiced frames, tracked in the audio."""
    waveform, _ = read_audio(folder / clip.path, TRACKING_RATE)
    f0_hz = track_f0(waveform, TRACKING_RATE)
    return 69 + 12 * np.log2(f0_hz[f0_hz > 0] / 440)


def fit_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Scale-invariant signal to distortion ratio (Le Roux et al. 2019, eq. 3)."""
    scaled = (estimate @ reference) / (reference @ reference) * reference
    return 10 * float(np.log10(np.sum(scaled**2) / np.sum((estimate - scaled) ** 2)))


def test_case_a_is_heard_in_its_register_and_its_shifted_reference_six_semitones_higher(tmp_path: Path):
    config = case("case_a", train_songs=["air_02"], val_songs=[], test_songs=["air_13"], root=str(tmp_path))
    folder = build_corpus(config, surroundings=Surroundings(workers=1))
    manifest = load_manifest(folder)
    low, high = np.percentile(midi_of(folder, manifest.select("target", "train")[0]), [5, 95])
    assert 40.5 <= low < high <= 53.5
    reference, shifted = (
        next(c for c in manifest.select("reference") if c.song == song) for song in ("air_13", "air_13_up6")
    )
    medians = [np.median(midi_of(folder, clip)) for clip in (reference, shifted)]
    assert medians[1] - medians[0] == pytest.approx(6.0, abs=0.3)
    source = next(clip for clip in manifest.select("source") if clip.song == "air_13_up6")
    assert np.median(midi_of(folder, source)) + source.transpose_semitones == pytest.approx(medians[1], abs=0.5)
    sung, asked = (load_annotations(folder / str(clip.annotations)) for clip in (source, shifted))
    assert sung.phones == asked.phones
    assert np.array_equal(sung.phone_start_s, asked.phone_start_s)


def test_the_voice_of_case_c_comes_out_of_the_mix_better_than_it_went_in(tmp_path: Path):
    config = case("case_c", train_songs=["song_01"], val_songs=[], test_songs=["song_13"], sources=[])
    folder = build_corpus(replace(config, root=str(tmp_path)), surroundings=Surroundings(workers=1))
    mix, reference = (
        next(c for c in load_manifest(folder).clips if c.id == f"{role}/song_13") for role in ("target", "reference")
    )
    voice, _ = read_audio(folder / reference.path)
    segments = (Segment(*read_channels(folder / mix.path), "mix"),)
    before = fit_db(voice, segments[0].channels.mean(axis=0))
    for step in (Separate(), Centre()):
        segments, _ = step.apply(segments)
    assert fit_db(voice, segments[0].channels.mean(axis=0)) > before + 2.5
