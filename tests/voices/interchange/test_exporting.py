"""A voice of ours in the files of the ecosystem, and back."""

import dataclasses
from datetime import date

import numpy as np
import pytest
import torch

from duetto.architectures.rvc.weights import export_weights
from duetto.conversion.retrieval import build_index, save_index
from duetto.errors import CheckpointError, ConfigError, CorpusError
from duetto.ownership.consent import embedded_consent
from duetto.ownership.heritage import Parent
from duetto.voices.interchange.exporting import export_voice, terms_of
from duetto.voices.interchange.importing import ImportFiles, import_files
from duetto.voices.interchange.opening import open_voice
from duetto.voices.interchange.rvc_voice import encoder_sentence, grids_sentence, public_content
from duetto.voices.interchange.settings import features_config, model_config
from duetto.voices.voice import TrainedVoice, build_network, load_voice, save_voice
from tests.ownership.records import say_nobodys
from tests.training.tiny import tiny_config
from tests.voices.interchange.files import (
    VARIANTS,
    applio_content,
    blank,
    filled,
    key_lists,
    random_rows,
    rvc_content,
    save,
    write_index,
)

TODAY = date(2026, 6, 1)
NOBODY = {"subject": "none", "controller": "duetto", "scopes": ["train", "infer", "publish_weights"]}
PERSON = {"subject": "singer-01", "controller": "x", "scopes": ["train", "infer"], "expires": "2030-12-31"}


def read(path):
    return torch.load(path, weights_only=True)


def upstream_tensors(variant):
    tensors = key_lists()[variant]["tensors"]
    return {name: (tuple(shape), torch.float16) for name, shape in tensors.items() if not name.startswith("enc_q.")}


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_filled_model_comes_out_as_upstream_has_it_and_goes_in_again_bit_equal(tmp_path, variant):
    halves = {name: tensor.half() for name, tensor in filled(variant, with_posterior=False).items()}
    given = rvc_content(variant, halves)
    path = save(given, tmp_path / "filled.pth")
    say_nobodys(path)
    import_files(ImportFiles(path), tmp_path / "run")
    exported = export_voice(tmp_path / "run" / "voice", tmp_path / "out", "filled", TODAY)
    content = read(exported.model)
    assert {n: (tuple(t.shape), t.dtype) for n, t in content["weight"].items()} == upstream_tensors(variant)
    assert all(torch.equal(content["weight"][name], tensor) for name, tensor in halves.items())
    for key in ("config", "info", "sr", "f0", "version"):
        assert content[key] == given[key]
        assert type(content[key]) is type(given[key])
    assert (content["vocoder"], content["embedder_model"]) == ("HiFi-GAN", "contentvec")
    assert [type(entry) for entry in content["config"]] == [type(entry) for entry in given["config"]]
    again = open_voice(exported.model, None)
    back = export_weights(again.network, with_posterior=False)
    assert all(torch.equal(back[name].half(), tensor) for name, tensor in halves.items())
    assert exported.index is None


@pytest.mark.slow
def test_an_imported_voice_with_its_index_goes_out_again(tmp_path):
    weights = blank("v2_32k_f0", num_speakers=2)
    model = save(applio_content("v2_32k_f0", weights), tmp_path / "mei.pth")
    rows = random_rows(100, 768)
    files = ImportFiles(model, write_index(tmp_path / "mei.index", rows), content_path="vec.pt")
    import_files(files, tmp_path / "unknown")
    with pytest.raises(CorpusError, match=r"Nobody knows whose voices are in file mei\.pth .*; index mei\.index "):
        export_voice(tmp_path / "unknown" / "voice", tmp_path / "out", "mei", TODAY)
    say_nobodys(model, files.index)
    import_files(files, tmp_path / "run")
    voice = load_voice(tmp_path / "run" / "voice")
    assert (voice.model.size, voice.model.has_posterior, voice.features.content.path) == ("v2_32k", False, "vec.pt")
    exported = export_voice(tmp_path / "run" / "voice", tmp_path / "out", "mei", TODAY)
    assert exported.index.name == "added_IVF2_Flat_nprobe_1_mei_v2.index"
    content = read(exported.model)
    assert (content["sr"], content["config"][15], content["config"][17]) == ("32k", 2, 32000)
    assert all(torch.equal(content["weight"][name], tensor) for name, tensor in weights.items())
    with pytest.raises(ConfigError, match="already holds a voice"):
        import_files(files, tmp_path / "run")


@pytest.mark.slow
def test_nothing_is_written_when_one_of_the_files_is_bad(tmp_path):
    model = save(rvc_content("v2_40k_f0", blank("v2_40k_f0", 1)), tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="There is no index"):
        import_files(ImportFiles(model, tmp_path / "none.index"), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"x\.pth is an inference model; give a discriminator only with a G_"):
        import_files(ImportFiles(model, discriminator=model), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def trained_voice(consent, **content):
    features = features_config("v2_32k_f0", None)
    features = dataclasses.replace(features, content=dataclasses.replace(features.content, **content))
    model = model_config("v2_32k_f0", 1, has_posterior=False)
    card = {"name": "mei", "case": "folder", "consent": consent, "steps": 30, "seed": 1}
    return TrainedVoice(build_network(model, features), model, features, card)


@pytest.mark.slow
def test_a_voice_leaves_only_if_its_owner_lets_it(tmp_path):
    voice = trained_voice(PERSON)
    save_voice(voice, tmp_path)
    save_index(build_index(random_rows(80, 768), "contentvec", 12, 8, seed=0), tmp_path)
    with pytest.raises(CorpusError, match=r"singer-01 allows .* not `publish_weights`"):
        export_voice(tmp_path, tmp_path / "out", "mei", TODAY)
    assert not (tmp_path / "out").exists()
    allowed = dataclasses.replace(voice, card=voice.card | {"consent": NOBODY})
    save_voice(allowed, tmp_path)
    exported = export_voice(tmp_path, tmp_path / "out", "mei", TODAY)
    assert read(exported.model)["info"].startswith("30 steps, duetto ")
    assert exported.index.name == "added_IVF2_Flat_nprobe_1_mei_v2.index"


@pytest.mark.slow
def test_a_trained_voice_without_its_index_is_not_exported(tmp_path):
    save_voice(trained_voice(NOBODY), tmp_path)
    with pytest.raises(CheckpointError, match=r"index\.faiss is missing"):
        export_voice(tmp_path, tmp_path / "out", "mei", TODAY)
    assert not (tmp_path / "out").exists()


def test_a_voice_on_another_encoder_is_refused_with_what_would_do():
    with pytest.raises(CheckpointError, match=r"trained on moonshine, layer 4.*train with recipe=ecosystem"):
        public_content(trained_voice(NOBODY, encoder="moonshine", layer=4), "mei")


def test_a_voice_on_an_embedder_of_applio_goes_out_under_its_name_there_and_comes_back(tmp_path):
    content = public_content(trained_voice(NOBODY, encoder="spin_v2"), "mei")
    assert (content["embedder_model"], content["timing"]) == ("spin-v2", "upstream")
    again = open_voice(save(content, tmp_path / "mei.pth"), None)
    assert (again.features.content.encoder, again.features.timing) == ("spin_v2", "upstream")
    assert encoder_sentence("spin_v2").endswith("RVC WebUI reads contentvec alone.")


def test_a_voice_on_our_own_grids_says_so_and_comes_back_on_them(tmp_path):
    voice = trained_voice(NOBODY)
    voice = dataclasses.replace(voice, features=dataclasses.replace(voice.features, timing="centred"))
    assert "RVC WebUI and Applio read pitch 5 ms earlier" in grids_sentence(voice.features.timing)
    path = save(public_content(voice, "mei"), tmp_path / "mei.pth")
    assert open_voice(path, None).features.timing == "centred"


def test_a_licence_that_asks_for_more_than_its_text_is_told():
    rows = [Parent("vocoder", name, "0" * 64, embedded_consent()).as_dict() for name in ("nsf_hifigan", "contentvec")]
    (sentence,) = terms_of({"consent": NOBODY, "made_from": rows})
    assert sentence.startswith("It holds nsf_hifigan of wok000/weights, under CC BY-NC-SA 4.0: ")


def test_a_compact_voice_is_refused_with_what_would_do():
    config = tiny_config(1)
    voice = TrainedVoice(build_network(config.model, config.features), config.model, config.features, {})
    with pytest.raises(
        CheckpointError, match=r"rvc voice of size tiny, with content of width 6.*no such shape.*v2_40k"
    ):
        public_content(voice, "mei")


def test_values_beyond_half_precision_are_refused_by_name():
    voice = trained_voice(NOBODY)
    with torch.no_grad():
        voice.network.speaker_embedding.weight[0, 0] = 1e6
    with pytest.raises(CheckpointError, match=r"float16 cannot hold, in emb_g\.weight"):
        public_content(voice, "mei")


def test_a_public_voice_neither_trains_nor_resynthesises():
    network = trained_voice(NOBODY).network
    arguments = (torch.zeros(1, 513, 4), torch.zeros(1, 4), torch.tensor([4]), torch.tensor([0]))
    with pytest.raises(CheckpointError, match=r"no posterior encoder.*G_\*\.pth"):
        network.copy_synthesise(*arguments)
    assert np.isfinite(
        network.eval().decode(torch.zeros(1, 192, 4), torch.zeros(1, 4), torch.zeros(1, 256, 1)).numpy(force=True)
    ).all()
