"""`infer.py checkpoint=…`: bad files end in one sentence and leave nothing; good ones sing."""

import io
import pickle
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from rich.console import Console

from duetto.errors import CheckpointError, ConfigError
from duetto.features.hubert import HubertShape
from duetto.runs.infer import infer
from duetto.settings.run_config import InferConfig
from duetto.voices import load
from duetto.voices.load import converter_of
from duetto.voices.voice import TrainedVoice, build_network
from tests.features.hubert_networks import random_network, write
from tests.training.tiny import WIDTH, tiny_config
from tests.voices.interchange.files import blank, filled, random_rows, rvc_content, save, write_index

RATE = 22_050


class Hostile:
    """Unpickled, it would run a command."""

    def __reduce__(self):
        return print, ("this must never be printed",)


def sing(folder, **settings):
    source = folder / "some.wav"
    time = np.arange(RATE + 7) / RATE
    soundfile.write(source, 0.3 * np.sin(2 * np.pi * 220 * time), RATE)
    config = InferConfig(source=str(source), output=str(folder / "out" / "sung.wav"), logs=str(folder / "logs"))
    for name, value in settings.items():
        setattr(config, name, str(value) if name in ("checkpoint", "index", "content_path") else value)
    return infer(config, Console(quiet=True))


def truncated(path):
    whole = save(rvc_content("v2_40k_f0", blank("v2_40k_f0")), path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def hostile(path):
    save(rvc_content("v2_40k_f0", blank("v2_40k_f0")) | {"info": Hostile()}, path)


def bare_pickle(path):
    path.write_bytes(pickle.dumps({"weight": {}, "config": Hostile()}))


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10_000_000))


def unknown_version(path):
    save(rvc_content("v2_40k_f0", blank("v2_40k_f0")) | {"version": "v4"}, path)


def wrong_width(path):
    save(rvc_content("v2_40k_f0", blank("v2_40k_f0")) | {"version": "v1"}, path)


def discriminator(path):
    save({"model": {"discriminators.0.convs.0.bias": torch.zeros(16)}, "iteration": 1}, path)


def missing(path):
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (truncated, "x.pth cannot be read: it is truncated"),
        (hostile, r"more than tensors \(.*print\), which is refused"),
        (bare_pickle, "x.pth cannot be read"),
        (bomb, "claim to unpack to 10000000, which is refused"),
        (unknown_version, "version is 'v4'; known versions are v1 and v2"),
        (wrong_width, "reads content of width 256, but its tensors read 768"),
        (discriminator, "holds a discriminator, which cannot convert"),
        (missing, "There is no file .*x.pth"),
    ],
)
def test_a_bad_checkpoint_is_one_sentence_and_no_file(tmp_path, capsys, spoil, sentence):
    spoil(tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=sentence):
        sing(tmp_path, checkpoint=tmp_path / "x.pth")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.suffix == ".wav") == ["some.wav"]
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "logs").exists()
    assert "never be printed" not in capsys.readouterr().out


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(rvc_content("v2_40k_f0", blank("v2_40k_f0", 1)), tmp_path_factory.mktemp("model") / "x.pth")


def test_a_missing_truncated_or_foreign_index_is_one_sentence_and_no_file(tmp_path, model):
    narrow = write_index(tmp_path / "narrow.index", random_rows(100, 256))
    half = tmp_path / "half.index"
    half.write_bytes(narrow.read_bytes()[:5000])
    for index, sentence in (
        (tmp_path / "none.index", r"There is no index .*none\.index"),
        (half, "ends before its contents do"),
        (narrow, "rows of width 256, but this voice reads content of width 768"),
    ):
        with pytest.raises(CheckpointError, match=sentence):
            sing(tmp_path, checkpoint=model, index=index)
    assert not (tmp_path / "out").exists()


def test_content_weights_are_asked_for_by_name(tmp_path, model):
    with pytest.raises(ConfigError, match=r"content_path=FILE in infer\.py.*lengyue233/content-vec-best"):
        sing(tmp_path, checkpoint=model)
    with pytest.raises(ConfigError, match=r"is not a file"):
        sing(tmp_path, checkpoint=model, content_path=tmp_path / "none.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk" * 100)
    with pytest.raises(CheckpointError, match=r"junk\.pt cannot be read"):
        sing(tmp_path, checkpoint=model, content_path=tmp_path / "junk.pt")
    assert not (tmp_path / "out").exists()


def test_a_run_and_a_checkpoint_are_not_named_together(tmp_path, model):
    with pytest.raises(ConfigError, match="Name one"):
        sing(tmp_path, checkpoint=model, run="some")
    with pytest.raises(ConfigError, match="a run has its own index"):
        sing(tmp_path, index="x.index")


@pytest.fixture(scope="module")
def contentvec(tmp_path_factory):
    """A random network of ContentVec's true shape, in the layout of lengyue233/content-vec-best."""
    return write(tmp_path_factory.mktemp("contentvec"), random_network(HubertShape()), "transformers")


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["v2_40k_f0", "v1_40k_f0", "v2_40k_nof0"])
def test_a_public_model_and_index_sing_to_the_sample(tmp_path, contentvec, variant):
    weights = {name: tensor.half() for name, tensor in filled(variant, with_posterior=False).items()}
    checkpoint = save(rvc_content(variant, weights), tmp_path / "filled.pth")
    width = weights["enc_p.emb_phone.weight"].shape[1]
    index = write_index(tmp_path / "some.index", random_rows(300, width))
    transpose = 0.0 if variant.endswith("nof0") else 6.0  # a voice without pitch cannot be transposed
    (output,) = sing(tmp_path, checkpoint=checkpoint, index=index, content_path=contentvec, transpose=transpose)
    waveform, rate = soundfile.read(output)
    assert (len(waveform), rate) == (RATE + 7, RATE)
    assert np.isfinite(waveform).all()
    assert np.sqrt(np.mean(waveform**2)) > 0.01


def test_the_hostile_class_would_have_acted(capsys):
    pickle.load(io.BytesIO(pickle.dumps(Hostile())))
    assert "never be printed" in capsys.readouterr().out


def test_a_content_path_that_would_be_ignored_is_refused():
    config = tiny_config(1)
    voice = TrainedVoice(build_network(config.model, config.features), config.model, config.features, {})
    with pytest.raises(ConfigError, match="this voice reads moonshine, whose weights are built in"):
        converter_of(voice, None, content_path="vec.pt")


def test_the_card_decides_the_timing_unless_it_is_named(monkeypatch):
    monkeypatch.setattr(load, "build_encoder", lambda _: SimpleNamespace(dimension=WIDTH, name="stub"))
    config = tiny_config(1)
    config.features.timing = "upstream_units"
    voice = TrainedVoice(build_network(config.model, config.features), config.model, config.features, {})
    assert converter_of(voice, None, "harvest").features.timing == "upstream_units"
    assert converter_of(voice, None, "harvest", timing="centred").features.timing == "centred"
    with pytest.raises(ConfigError, match=r"features\.timing=late: expected centred, upstream or upstream_units"):
        converter_of(voice, None, "harvest", timing="late")
