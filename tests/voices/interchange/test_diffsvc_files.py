"""Public Diff-SVC checkpoints and vocoders, in and out."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from duetto.architectures.diffsvc.config import DenoiserConfig, DiffSVCConfig
from duetto.architectures.diffsvc.model import DiffSVC
from duetto.architectures.diffsvc.renderer import SingingDiffSVC, run_through
from duetto.architectures.diffsvc.shapes import ConditionShape, DenoiserShape, DiffSVCShape
from duetto.architectures.diffsvc.weights import export_weights, unread_tensors
from duetto.architectures.vocoder.foreign import save_foreign_vocoder
from duetto.architectures.vocoder.shapes import VocoderShape, vocoder_generator
from duetto.architectures.vocoder.vocoder import Vocoder
from duetto.errors import CheckpointError, ConfigError
from duetto.ownership.heritage import heritage_of
from duetto.settings.config import FeaturesConfig
from duetto.storage.run_folder import VOICE_FOLDER
from duetto.voices.interchange.diffsvc_file import is_diffsvc_checkpoint, public_config, public_container
from duetto.voices.interchange.exporting import export_voice
from duetto.voices.interchange.importing import ImportFiles, import_files
from duetto.voices.interchange.opening import open_checkpoint
from tests.ownership.records import say_nobodys

TODAY = date(2026, 11, 24)
WIDTH, MELS = 256, 16
FEATURES = FeaturesConfig(16000, 64, 256, MELS, 40.0, 8000.0)
SHAPE = DiffSVCShape(DenoiserShape(MELS, WIDTH, 32, 3), ConditionShape(WIDTH), num_timesteps=20, num_range_bins=MELS)


@pytest.fixture
def vocoder_path(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    shape = VocoderShape(16000, vocoder_generator(MELS, 16, (8, 8), (16, 16), (3,), ((1,),)))
    return save_foreign_vocoder(Vocoder(shape), FEATURES, tmp_path / "nsf")


def write_public(folder: Path, shape: DiffSVCShape = SHAPE, **config: Any) -> tuple[Path, DiffSVC]:
    torch.manual_seed(2)
    network = DiffSVC(shape)
    network.set_mel_range(-torch.rand(shape.num_range_bins) - 4, torch.rand(shape.num_range_bins))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model_ckpt_steps_1200.ckpt"
    torch.save(public_container(export_weights(network), 1200), path)
    model = DiffSVCConfig(denoiser=DenoiserConfig(32, 3), condition_channels=WIDTH, pitch_min_hz=40.0)
    settings = public_config(model, FEATURES, (network.mel_min, network.mel_max))
    (folder / "config.yaml").write_text(yaml.safe_dump({**settings, **config}), encoding="utf-8")
    return path, network


def acoustic(voice: Any) -> DiffSVC:
    assert isinstance(voice.network, SingingDiffSVC)
    return voice.network.acoustic


def test_a_public_checkpoint_becomes_the_same_network(tmp_path: Path, vocoder_path: Path):
    path, network = write_public(tmp_path / "public")
    voice, index = open_checkpoint(path, vocoder=str(vocoder_path))
    assert index is None
    assert voice.features.content.encoder == "hubert_soft"
    assert voice.features.timing == "upstream_units"
    assert voice.card["origin"]["steps"] == 1200
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, acoustic(voice).state_dict()[name]), name


def test_a_voice_goes_out_and_in_again_bit_equal(tmp_path: Path, vocoder_path: Path):
    path, network = write_public(tmp_path / "public")
    say_nobodys(path, vocoder_path)
    import_files(ImportFiles(path, vocoder=str(vocoder_path)), tmp_path / "run")
    written = export_voice(tmp_path / "run" / VOICE_FOLDER, tmp_path / "out", "voice", TODAY).model
    assert written.name == "model_ckpt_steps_1200.ckpt"
    state = torch.load(written, weights_only=True)["state_dict"]
    assert {name.removeprefix("model.") for name in state} == set(export_weights(network))
    assert set(unread_tensors(SHAPE)) <= {name.removeprefix("model.") for name in state}
    again, _ = open_checkpoint(written, vocoder=str(tmp_path / "out" / "nsf_hifigan" / "model"))
    assert heritage_of(again.card, "card").is_nobodys
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, acoustic(again).state_dict()[name]), name
    theirs = torch.load(vocoder_path, weights_only=True)["generator"]
    ours = torch.load(tmp_path / "out" / "nsf_hifigan" / "model", weights_only=True)["generator"]
    assert all(torch.equal(tensor, ours[name]) for name, tensor in theirs.items())
    assert theirs.keys() == ours.keys()


def test_the_keys_decide_and_not_the_config(tmp_path: Path, vocoder_path: Path):
    old = DiffSVCShape(SHAPE.denoiser, ConditionShape(WIDTH, uses_energy=True, legacy_layers=2), 20, 0.02, 1)
    path, _ = write_public(tmp_path / "old", old, no_fs2=True, use_energy_embed=False, max_beta=0.01)
    voice, _ = open_checkpoint(path, vocoder=str(vocoder_path))
    model = voice.model
    assert isinstance(model, DiffSVCConfig)
    assert (model.legacy_layers, model.uses_energy, model.has_single_range) == (2, True, True)
    assert float(acoustic(voice).schedule.beta[-1]) == pytest.approx(0.02)


def test_numbers_of_the_config_may_be_text(tmp_path: Path, vocoder_path: Path):
    path, _ = write_public(tmp_path / "text", fmin="4e1", audio_sample_rate="16000")
    assert open_checkpoint(path, vocoder=str(vocoder_path))[0].features.mel_min_hz == 40.0


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "config.yaml").unlink(), r"There is no .*config\.yaml"),
        (lambda folder: (folder / "config.yaml").write_text("hop_size: [", encoding="utf-8"), "cannot be read"),
        (lambda folder: (folder / "config.yaml").write_text("just text", encoding="utf-8"), "no settings"),
        (lambda folder: (folder / "config.yaml").write_text("fft_size: many", encoding="utf-8"), "fft_size='many'"),
    ],
)
def test_a_bad_config_is_one_sentence(tmp_path: Path, vocoder_path: Path, damage: Any, sentence: str):
    path, _ = write_public(tmp_path / "public")
    damage(tmp_path / "public")
    with pytest.raises(CheckpointError, match=sentence):
        open_checkpoint(path, vocoder=str(vocoder_path))


def test_numpy_scalars_and_missing_tensors_are_explained(tmp_path: Path, vocoder_path: Path):
    path, network = write_public(tmp_path / "public")
    content = public_container(export_weights(network), 1)
    torch.save({**content, "checkpoint_callback_best": np.float64(0.5)}, path)
    with pytest.raises(CheckpointError, match=r"more than tensors \(numpy"):
        open_checkpoint(path, vocoder=str(vocoder_path))
    del content["state_dict"]["model.denoise_fn.skip_projection.bias"]
    torch.save(content, path)
    with pytest.raises(CheckpointError, match=r"lacks 1 tensors: denoise_fn\.skip_projection\.bias"):
        open_checkpoint(path, vocoder=str(vocoder_path))
    assert not is_diffsvc_checkpoint({"state_dict": {"model.encoder": 1}})


def test_without_a_vocoder_it_says_what_to_add(tmp_path: Path):
    path, _ = write_public(tmp_path / "public")
    with pytest.raises(ConfigError, match=r"Add vocoder=FILE"):
        open_checkpoint(path)


def test_a_melody_runs_through_its_gaps_on_a_log_scale():
    f0_hz = np.array([0, 100, 0, 400, 0], np.float32)
    np.testing.assert_allclose(run_through(f0_hz), [100, 100, 200, 400, 400])
    assert not run_through(np.zeros(3, np.float32)).any()


def test_tensors_that_claim_more_than_the_file_holds_are_refused_before_they_are_copied(
    tmp_path: Path, vocoder_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, _ = write_public(tmp_path / "public")
    content = torch.load(path, weights_only=True)
    content["state_dict"]["model.denoise_fn.more"] = torch.zeros(1, dtype=torch.float16).expand(10_000_000)
    torch.save(content, path)
    monkeypatch.setattr(torch.Tensor, "float", lambda tensor: pytest.fail("copied"))
    with pytest.raises(CheckpointError, match=r"its tensors claim .* bytes in a file of"):
        open_checkpoint(path, vocoder=str(vocoder_path))


def test_tensors_that_are_not_plain_are_refused(tmp_path: Path, vocoder_path: Path):
    path, _ = write_public(tmp_path / "public")
    content = torch.load(path, weights_only=True)
    content["state_dict"]["model.denoise_fn.more"] = torch.zeros(3, device="meta")
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="more are not plain tensors"):
        open_checkpoint(path, vocoder=str(vocoder_path))
