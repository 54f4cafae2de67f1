"""The linear baseline is solved in one pass, kept, and found again; a base shares its map."""

import io
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file, save_file

from duetto.architectures.linear.config import LinearConfig
from duetto.architectures.linear.renderer import LinearRenderer, SingingLinear
from duetto.architectures.linear.training import LinearModule
from duetto.conversion.converter import ConversionRequest
from duetto.errors import CheckpointError, ConfigError, DuettoError
from duetto.ownership.consent import embedded_consent
from duetto.runs import solve
from duetto.runs.fit import FitResult
from duetto.runs.identity import settings_that_count
from duetto.runs.plan import make_plan
from duetto.runs.pretrained_export import export_base
from duetto.runs.solve import train_in_closed_form
from duetto.settings.model_config import GeneratorConfig
from duetto.settings.run_config import TrainConfig
from duetto.storage.files import read_json, write_json
from duetto.training.checkpoint import LAST, find_checkpoint
from duetto.voices.interchange.exporting import export_voice
from duetto.voices.pretrained import choose_base
from duetto.voices.voice import TrainedVoice, load_voice, save_voice
from tests.architectures.diffsvc.test_training import some_clip
from tests.training.tiny import HOP, WIDTH, tiny_config, tiny_data


def linear_config(vocoder: Path, **settings: object) -> TrainConfig:
    model = LinearConfig(
        name="linear",
        size="compact",
        content_dimension=WIDTH,
        n_mels=10,
        crop_frames=0,
        vocoder=str(vocoder),
        vocoder_generator=GeneratorConfig([4, 4], [8, 8], 16, [3], [[1]], num_harmonics=2),
        **settings,  # type: ignore[arg-type]
    )
    return replace(tiny_config(1), model=model)


def solved(config: TrainConfig, folder: Path, console: Console | None = None) -> FitResult:
    prepared = tiny_data(folder.parent / "features")
    return train_in_closed_form(config, prepared, folder, console or Console(quiet=True))


def linear_network(result: FitResult) -> SingingLinear:
    assert isinstance(result.network, SingingLinear)
    return result.network


def same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


def test_one_pass_solves_for_the_map_and_leaves_the_vocoder(tmp_path: Path, vocoder_folder: Path):
    config = linear_config(vocoder_folder)
    before = LinearModule(config.model, config.features, config.seed).network
    result = solved(config, tmp_path / "run")
    after = linear_network(result)
    assert (result.steps, result.selection.step) == (1, 1)
    assert same(before.vocoder, after.vocoder)
    moved = {
        name
        for name, tensor in before.acoustic.state_dict().items()
        if not torch.equal(tensor, after.acoustic.state_dict()[name])
    }
    assert moved == set(before.acoustic.state_dict())


def test_again_and_with_another_seed_and_other_minutes_it_is_the_same_to_the_bit(tmp_path: Path, vocoder_folder: Path):
    config = linear_config(vocoder_folder)
    other = replace(config, seed=3, trainer=replace(config.trainer, max_steps=7, max_minutes=5.0))
    assert same(solved(config, tmp_path / "a").network, solved(config, tmp_path / "b").network)
    assert same(solved(config, tmp_path / "a").network, solved(other, tmp_path / "c").network)


def test_minutes_and_steps_are_no_part_of_its_signature(vocoder_folder: Path):
    config = linear_config(vocoder_folder)
    longer = replace(config, trainer=replace(config.trainer, max_steps=7, max_minutes=5.0, evaluate_every_steps=3))
    assert settings_that_count(config) == settings_that_count(longer)
    ridge = replace(config, model=replace(config.model, ridge=0.5))
    assert settings_that_count(config) != settings_that_count(ridge)


def test_the_plan_says_that_there_are_no_steps(vocoder_folder: Path):
    stages = {stage.name: stage for stage in make_plan(linear_config(vocoder_folder), 2.0)}
    assert "solved in one pass over the data" in stages["training"].what
    assert stages["training"].seconds == pytest.approx(4.0)
    assert stages["validation"].seconds == 0.0


def test_a_solution_is_kept_and_not_sought_again(tmp_path: Path, vocoder_folder: Path, monkeypatch):
    config = linear_config(vocoder_folder)
    first = solved(config, tmp_path / "run")
    found = find_checkpoint(tmp_path / "run" / "checkpoints", lambda _: None)
    assert found is not None
    assert found[1].step == 1
    monkeypatch.setattr(solve, "_solve", lambda *_: pytest.fail("the pass was repeated"))
    second = solved(config, tmp_path / "run")
    assert same(first.network, second.network)
    assert second.seconds == first.seconds


def test_a_damaged_checkpoint_alone_is_refused(tmp_path: Path, vocoder_folder: Path):
    config = linear_config(vocoder_folder)
    solved(config, tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / LAST).write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match=r"No checkpoint in .* can be read"):
        solved(config, tmp_path / "run")


def test_a_base_gives_the_map_and_the_voice_its_mean_and_spread(tmp_path: Path, vocoder_folder: Path):
    own = linear_network(solved(linear_config(vocoder_folder), tmp_path / "own"))
    shared = {name: tensor + 1.0 for name, tensor in own.acoustic.shared.state_dict().items()}
    save_file(shared, tmp_path / "base.safetensors")
    config = linear_config(vocoder_folder, base=str(tmp_path / "base.safetensors"))
    voice = linear_network(solved(config, tmp_path / "voice"))
    for name, tensor in voice.acoustic.shared.state_dict().items():
        assert torch.equal(tensor, shared[name])
    assert torch.equal(voice.acoustic.mel_mean, own.acoustic.mel_mean)
    assert torch.equal(voice.acoustic.mel_spread, own.acoustic.mel_spread)


def test_what_is_solved_for_and_how_much_it_explains_is_told(tmp_path: Path, vocoder_folder: Path):
    console = Console(width=400, file=io.StringIO())
    solved(linear_config(vocoder_folder), tmp_path / "run", console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "No pretrained weights" in said
    assert "One pass over 3 clips" in said
    assert "% of the variance" in said


def test_it_converts_in_whole_length_and_as_its_file_does(tmp_path: Path, vocoder_folder: Path):
    config = linear_config(vocoder_folder)
    network = solved(config, tmp_path / "run").network
    save_voice(TrainedVoice(network, config.model, config.features, {}), tmp_path / "voice")
    read = load_voice(tmp_path / "voice")
    sung = []
    for each in (network, read.network):
        renderer = LinearRenderer(each, config.model, config.features)
        request, clip = ConversionRequest(), some_clip(21)
        sung.append(renderer.render(clip, request, torch.Generator().manual_seed(0)))
        copied = renderer.copy_synthesise(clip, request, torch.Generator().manual_seed(0))
        assert len(sung[-1]) == len(copied) == 21 * HOP
    np.testing.assert_array_equal(*sung)
    assert read_json(tmp_path / "voice" / "card.json")["model"]["name"] == "linear"


def as_run(config: TrainConfig, folder: Path) -> Path:
    """A solved run with the record that a base is exported from."""
    solved(config, folder)
    consent = embedded_consent().as_dict()
    facts = {"name": "linear-choir", "signature": "r012345678", "case": "tiny", "data_hash": "abc", "device": "CPU"}
    more = {"weights": {}, "seed": 0, "code": {}, "ledger": {"seconds_used": 3600.0}, "config": asdict(config)}
    write_json(folder / "run.json", {**facts, **more, "consent": consent})
    return folder


def test_a_run_becomes_a_base_of_the_map_alone_from_which_a_voice_starts(tmp_path: Path, vocoder_folder: Path):
    config = linear_config(vocoder_folder)
    path = export_base(as_run(config, tmp_path / "run"), tmp_path / "bases")
    assert path.name == "linear_compact.safetensors"
    stored = load_file(path)
    assert {name: tensor.dtype for name, tensor in stored.items()} == {"weight": torch.half, "bias": torch.half}
    automatic = linear_config(vocoder_folder, base="auto")
    base = choose_base(automatic.model, automatic.features, tmp_path / "bases")
    assert base is not None
    assert base.generator == path
    voice = linear_network(solved(linear_config(vocoder_folder, base=str(path)), tmp_path / "voice"))
    assert torch.equal(voice.acoustic.shared.weight, stored["weight"].float())


def test_its_export_is_refused_in_a_sentence(tmp_path: Path, vocoder_folder: Path):
    config = linear_config(vocoder_folder)
    network = solved(config, tmp_path / "run").network
    save_voice(TrainedVoice(network, config.model, config.features, {}), tmp_path / "run" / "voice")
    with pytest.raises(DuettoError, match=r"a linear baseline voice\. No other program sings with a linear map"):
        export_voice(tmp_path / "run" / "voice", tmp_path / "out", "miku", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"context_frames": 4}, "expected an odd number"),
        ({"context_frames": 27}, "expected 1 to 25"),
        ({"ridge": 0.0}, r"expected 1e-06 to 1"),
        ({"ema_decay": 0.9}, "no steps to average"),
        ({"trained_parts": ["shared"]}, "solved as a whole"),
        ({"n_mels": 11}, "features.n_mels is 10"),
    ],
)
def test_settings_that_cannot_be_are_refused(vocoder_folder: Path, settings: dict[str, object], sentence: str):
    config = linear_config(vocoder_folder)
    with pytest.raises(ConfigError, match=sentence):
        replace(config.model, **settings).validate(config.features)
