from dataclasses import replace

import numpy as np
import pytest

from duetto.errors import ConfigError
from duetto.singer.carrier_mei import mei_voice
from duetto.singer.carrier_sinsy import sinsy_voice
from duetto.singer.generation import generate_cepstrum, mel_basis, restore_variance, state_lengths
from duetto.singer.hts import Model, Tree, _pattern, _read_tree, read_hts_voice

LABEL = "xx^pau-a+k=i/A:0+1+2"


def test_wildcards_match_as_in_hts():
    assert _pattern("*-a+*").search(LABEL)
    assert not _pattern("*-i+*").search(LABEL)
    assert _pattern("xx^*").search(LABEL)
    assert not _pattern("pau-*").search(LABEL)
    assert _pattern("*/A:?+1+2").search(LABEL)
    assert not _pattern("*/A:?+1").search(LABEL)


def test_a_tree_goes_right_on_yes_and_left_on_no():
    block = '{\n 0 is_a -1 "m_s2_3"\n -1 is_i "m_s2_1" "m_s2_2"\n}\n'
    questions = {"is_a": (_pattern("*-a+*"),), "is_i": (_pattern("*-i+*"),)}
    model = Model(questions, (_read_tree(block),), (), ())
    assert model.leaf(0, "x^x-a+x=x") == 2
    assert model.leaf(0, "x^x-i+x=x") == 1
    assert model.leaf(0, "x^x-u+x=x") == 0
    assert _read_tree('"m_s2_1"') == Tree({}, {}, 1)


@pytest.mark.parametrize("voice", [sinsy_voice, mei_voice])
def test_both_shipped_voices_are_48_khz_with_35_coefficients_and_every_leaf_has_a_gaussian(voice):
    voice = voice()
    assert (voice.sample_rate, voice.frame_shift, voice.order, voice.alpha) == (48000, 240, 35, 0.55)
    for tree, means in zip(voice.cepstrum.trees, voice.cepstrum.means, strict=True):
        leaves = [child for pair in tree.children.values() for child in pair if child > 0]
        assert sorted(leaves) == list(range(1, len(means) + 1))
    assert all((variance > 0).all() for variance in voice.cepstrum.variances)


def test_a_file_that_is_no_voice_is_refused(tmp_path):
    path = tmp_path / "x.htsvoice"
    with pytest.raises(ConfigError, match="no HTS voice"):
        read_hts_voice(path)
    path.write_bytes(b"RIFF....WAVE")
    with pytest.raises(ConfigError, match=r"no \[DATA\] section"):
        read_hts_voice(path)


@pytest.mark.parametrize("num_frames", [1, 3, 12, 60, 400])
def test_states_share_exactly_the_frames_of_their_phone(num_frames):
    for held in (None, (0.0, 0.5, 0.5, 0.0, 0.0)):
        lengths = state_lengths(mei_voice(), LABEL, num_frames, held)
        assert lengths.sum() == num_frames
        assert lengths.min() >= 0


def test_the_trajectory_solves_the_normal_equations():
    """Against a dense least-squares solution with numpy."""
    voice, labels, frames = mei_voice(), [LABEL, "pau^a-k+i=xx/A:0+2+1"], [9, 7]
    cepstrum = generate_cepstrum(voice, labels, frames)
    total = sum(frames)
    means, variances = [], []
    for label, count in zip(labels, frames, strict=True):
        for state, length in enumerate(state_lengths(voice, label, count)):
            leaf = voice.cepstrum.leaf(state, label)
            means += [voice.cepstrum.means[state][leaf]] * length
            variances += [voice.cepstrum.variances[state][leaf]] * length
    order, coefficient = voice.order, 4
    rows, targets = [], []
    for t in range(total):
        for w, window in enumerate(voice.windows):
            row = np.zeros(total + 2)
            half = window.size // 2
            row[t + 1 - half : t + 2 + half] = window
            weight = variances[t][w * order + coefficient] ** -0.5
            rows.append(row[1:-1] * weight)
            targets.append(means[t][w * order + coefficient] * weight)
    expected = np.linalg.lstsq(np.array(rows), np.array(targets), rcond=None)[0]
    np.testing.assert_allclose(cepstrum[:, coefficient], expected, rtol=1e-6, atol=1e-9)


def test_variance_is_restored_within_limits_and_keeps_each_frames_energy():
    random = np.random.default_rng(0)
    cepstrum = random.standard_normal((500, 3)) * np.array([1.0, 1.0, 0.1])
    sounding = np.arange(500) < 400
    voice = replace(mei_voice(), global_variance=np.array([9.0, 1.44, 9.0]))
    restored = restore_variance(cepstrum, voice, sounding)
    assert restored[sounding].var(axis=0)[1] == pytest.approx(1.44, rel=1e-3)
    assert restored[sounding].std(axis=0)[2] / cepstrum[sounding].std(axis=0)[2] == pytest.approx(1.6)
    basis = mel_basis(np.linspace(0.0, np.pi, 1025), 3, voice.alpha)
    energy = [np.mean(np.exp(2.0 * c @ basis), axis=1) for c in (cepstrum, restored)]
    np.testing.assert_allclose(energy[1], energy[0], rtol=0.02)
    np.testing.assert_allclose(restored[~sounding], cepstrum[~sounding], atol=1e-12)
