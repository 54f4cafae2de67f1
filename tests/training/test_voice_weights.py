"""Where the weights of a voice come from: a base to start with, a running mean to end with, a row for each singer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from duetto.architectures.rvc.weights import export_weights
from duetto.errors import CheckpointError, ConfigError
from duetto.runs.identity import run_from, signature_of
from duetto.runs.prepare import make_crop_plan, parallel_clips
from duetto.runs.train import input_digests, make_room_for_speakers
from duetto.voices.pretrained import find_base, make_module
from tests.training.tiny import tiny_config, tiny_data, tiny_fit


def configured(**values):
    config = tiny_config(3)
    config.model = replace(config.model, **values)
    return config


@pytest.mark.slow
def test_the_averaged_voice_is_the_mean_of_the_steps_and_resumes_to_the_bit(tmp_path):
    decay = 0.5
    steps = [tiny_fit(count, tmp_path / f"plain{count}").network.state_dict() for count in (1, 2, 3)]
    averaged = tiny_fit(3, tmp_path / "averaged", config=configured(ema_decay=decay)).network.state_dict()
    for name, tensor in averaged.items():
        first, second, third = (state[name] for state in steps)
        expected = decay * (decay * first + (1 - decay) * second) + (1 - decay) * third
        torch.testing.assert_close(tensor, expected, rtol=1e-5, atol=1e-7)
    short = configured(ema_decay=decay)
    short.trainer.max_steps = 2
    tiny_fit(2, tmp_path / "resumed", config=short)
    resumed = tiny_fit(3, tmp_path / "resumed", config=configured(ema_decay=decay)).network.state_dict()
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in averaged.items())


@pytest.fixture
def base(tmp_path):
    config = tiny_config(1)
    module = make_module(config.model, config.features, seed=7)
    save_file(module.synthesizer.state_dict(), tmp_path / "g.safetensors")
    save_file(module.discriminator.state_dict(), tmp_path / "d.safetensors")
    return module, tmp_path / "g.safetensors", tmp_path / "d.safetensors"


def test_training_starts_from_the_weights_of_a_base(base):
    trained, generator, discriminator = base
    config = configured(base=str(generator), base_discriminator=str(discriminator))
    module = make_module(config.model, config.features, seed=0)
    for name, tensor in trained.state_dict().items():
        assert torch.equal(tensor, module.state_dict()[name]), name


def applio_name(name):
    for end, place in ((".weight_g", "original0"), (".weight_v", "original1")):
        if name.endswith(end):
            return f"{name.removesuffix(end)}.parametrizations.weight.{place}"
    return name


@pytest.mark.parametrize("is_applio", [False, True], ids=["rvc_webui", "applio"])
def test_training_starts_from_a_public_pair_and_moves_away_from_it(tmp_path, is_applio):
    trained = make_module(tiny_config(1).model, tiny_config(1).features, seed=7)
    paths = tmp_path / "f0G40k.pth", tmp_path / "f0D40k.pth"
    for network, path in zip((trained.synthesizer, trained.discriminator), paths, strict=True):
        weights = export_weights(network)
        if is_applio:
            weights = {applio_name(name): tensor for name, tensor in weights.items()}
        torch.save({"model": weights, "iteration": 200, "optimizer": {"state": {}}, "learning_rate": 1e-4}, path)
    config = configured(base=str(paths[0]), base_discriminator=str(paths[1]))
    module = make_module(config.model, config.features, seed=0)
    for name, tensor in trained.state_dict().items():
        assert torch.equal(tensor, module.state_dict()[name]), name
    after = tiny_fit(2, tmp_path / "run", config=config).network.state_dict()
    before = trained.synthesizer.state_dict()
    farthest = max(float((before[name] - tensor).abs().max()) for name, tensor in after.items())
    assert 0 < farthest < 20 * config.model.optimizer.learning_rate  # two steps away, not somewhere else
    with pytest.raises(CheckpointError, match="expected a generator"):
        make_module(configured(base=str(paths[1])).model, config.features, seed=0)


def test_a_base_alone_leaves_the_discriminator_new(base):
    trained, generator, _ = base
    config = configured(base=str(generator))
    module = make_module(config.model, config.features, seed=0)
    fresh = make_module(tiny_config(1).model, config.features, seed=0)
    assert torch.equal(module.synthesizer.speaker_embedding.weight, trained.synthesizer.speaker_embedding.weight)
    pairs = zip(module.discriminator.parameters(), fresh.discriminator.parameters(), strict=True)
    assert all(torch.equal(left, right) for left, right in pairs)
    assert "a new discriminator" in find_base(str(generator), None).sentence()


def test_a_base_of_another_shape_is_refused_by_name(base):
    _, generator, _ = base
    config = configured(base=str(generator), inter_channels=16)
    with pytest.raises(CheckpointError, match=r"does not fit the generator.*size mismatch for"):
        make_module(config.model, config.features, seed=0)


def test_a_truncated_or_missing_base_is_an_error(base):
    _, generator, _ = base
    generator.write_bytes(generator.read_bytes()[:100])
    config = configured(base=str(generator))
    with pytest.raises(CheckpointError, match="damaged or truncated"):
        make_module(config.model, config.features, seed=0)
    with pytest.raises(CheckpointError, match="there is no"):
        find_base("nowhere.pth", None)


def test_another_base_makes_another_run_but_another_path_does_not(base, tmp_path):
    _, generator, _ = base
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(generator.read_bytes())
    plain, first, second = configured(), configured(base=str(generator)), configured(base=str(copy))
    signatures = [signature_of(run_from(config, "data", input_digests(config))) for config in (plain, first, second)]
    assert signatures[0] != signatures[1]
    assert signatures[1] == signatures[2]


def test_two_singers_get_a_row_of_the_speaker_table_each(tmp_path):
    prepared, config = tiny_data(tmp_path, singers=("zoe", "ann", "zoe")), tiny_config(4)
    assert prepared.speakers == ("ann", "zoe")
    make_room_for_speakers(config, prepared)
    assert config.model.num_speakers == 2
    ids = {clip.id: clip.speaker_id for clip in make_crop_plan(config, prepared).clips}
    assert ids == {"clip0": 1, "clip1": 0, "clip2": 1}
    before = make_module(config.model, config.features, config.seed).synthesizer.speaker_embedding.weight
    after = tiny_fit(4, tmp_path / "run", config=config, prepared=prepared).network.speaker_embedding.weight
    assert np.all((before != after).any(dim=1).numpy())


def test_parts_that_are_not_named_keep_their_weights(base, tmp_path):
    _, generator, _ = base
    trained_parts = ["speaker_embedding", "generator.output_convolution"]
    config = configured(base=str(generator), trained_parts=trained_parts)
    before = make_module(config.model, config.features, seed=0).synthesizer.state_dict()
    after = tiny_fit(2, tmp_path / "run", config=config).network.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.split(".")[0] for name in moved} == {"speaker_embedding", "generator"}
    assert all(name.startswith(tuple(trained_parts)) for name in moved)


def test_a_part_that_does_not_exist_is_refused_by_name():
    config = configured(trained_parts=["decoder"])
    with pytest.raises(ConfigError, match=r"the network has no decoder. It has prior_encoder,"):
        make_module(config.model, config.features, seed=0)


def test_clips_of_one_song_and_length_by_other_singers_are_parallel(tmp_path):
    prepared, config = tiny_data(tmp_path, singers=("zoe", "ann", "zoe")), tiny_config(4)
    first, second, third = prepared.manifest.clips
    frames = {first.id: 40, second.id: 40, third.id: 40}
    clips = (first, replace(second, song=first.song), replace(third, song=first.song))
    prepared = replace(
        prepared,
        manifest=replace(prepared.manifest, clips=clips),
        features=replace(prepared.features, num_frames=frames),
    )
    paths = prepared.features.paths
    expected = {first.id: (paths[second.id],), second.id: (paths[first.id], paths[third.id])}
    assert parallel_clips(prepared) == {**expected, third.id: (paths[second.id],)}
    config.model = replace(config.model, parallel_share=0.5)
    assert make_crop_plan(config, prepared).clips[0].parallel == (paths[second.id],)
    with pytest.raises(ConfigError, match="no two singers"):
        make_crop_plan(config, tiny_data(tmp_path))
