"""The words of RVC WebUI, Applio, so-vits-svc and Diff-SVC are answered with ours."""

import re

import pytest

from duetto.runs.command_line.check import is_known
from duetto.runs.command_line.ecosystem import CONVERTED, SAME, TOLD, answer
from duetto.runs.command_line.groups import group_options
from duetto.runs.command_line.known import ENTRIES, known_settings
from duetto.runs.compose import compose_inference, compose_runs
from duetto.settings.conf_files import conf_folder

SETTINGS = re.compile(r"(?:write|is) ((?:[\w/.]+=\S+ ?)+)")


@pytest.mark.parametrize(
    ("entry", "word", "value", "sentence"),
    [
        ("train", "batch_size", "8", "batch_size is called trainer.batch_size here: write trainer.batch_size=8."),
        ("train", "--total-epoch", "200", "trainer.max_minutes=20"),
        ("train", "epochs", "200", "trainer.max_epochs=200"),
        ("train", "learning_rate", "1e-4", "write model.optimizer.learning_rate=1e-4."),
        ("train", "save_every_epoch", "10", "trainer.checkpoint_every_steps=100"),
        ("train", "pretrainG", "f0G40k.pth", "write base=f0G40k.pth."),
        ("train", "gpu", "0", "CUDA_VISIBLE_DEVICES=0"),
        ("train", "tensorboard", "true", "losses.csv"),
        ("train", "model_name", "me", "name=me"),
        ("train", "sample_rate", "40k", "sample_rate=40k is model=rvc model/size=v2_40k here"),
        ("train", "sample_rate", "48000", "model/size=v2_48k"),
        ("train", "dataset_path", "songs", "write data=folder data.path=songs."),
        ("train", "f0_up_key", "12", "infer.py"),
        ("infer", "f0method", "harvest", "write f0_method=harvest."),
        ("infer", "f0_up_key", "12", "write transpose=12."),
        ("infer", "pitch", "", "write transpose=VALUE."),
        ("infer", "rms_mix_rate", "0.25", "rms_mix_rate=0.25 is level_match=0.75 here"),
        ("infer", "rms_mix_rate", "much", "another setting here, such as level_match=0."),
        ("infer", "pndm_speedup", "20", "diffusion.steps=50"),
        ("infer", "filter_radius", "3", "leave it out"),
        ("infer", "crepe_hop_length", "128", "leave it out"),
        ("infer", "model_name", "me.pth", "checkpoint=FILE.pth"),
        ("infer", "sid", "0", "write speaker=0."),
        ("infer", "epochs", "3", "train.py"),
        ("infer", "nothing", "3", ""),
    ],
)
def test_a_word_of_the_ecosystem_is_answered(entry, word, value, sentence):
    assert sentence in answer(word, value, entry)
    assert bool(answer(word, value, entry)) == bool(sentence)


@pytest.mark.parametrize("entry", ["train", "infer"])
def test_no_word_is_a_setting_of_ours_or_stands_in_two_tables(entry):
    tables = (SAME[entry], TOLD[entry], CONVERTED[entry])
    words = [word for table in tables for word in table]
    assert len(words) == len(set(words))
    assert not set(words) & {
        *known_settings(ENTRIES[entry]),
        *(group_options(conf_folder()) if entry == "train" else ()),
    }


@pytest.mark.parametrize("entry", ["train", "infer"])
def test_what_is_to_be_written_exists(entry):
    groups = group_options(conf_folder()) if entry == "train" else {}
    for key in SAME[entry].values():
        for each in (part.partition("=")[0] for part in key.split()):
            assert is_known(each, ENTRIES[entry]) or each in groups, each
    for word in TOLD[entry]:
        for name in re.findall(r"\b([a-z][\w/.]*)=", answer(word, "1", entry)):
            assert name in groups or any(is_known(name, schema) for schema in ENTRIES.values()), (word, name)


def test_converted_values_compose():
    told = answer("sample_rate", "32k", "train")
    (config,) = compose_runs(conf_folder(), [SETTINGS.search(told)[1].replace("here:", "").split()])
    assert config.model.size == "v2_32k"
    told = answer("pndm_speedup", "20", "infer")
    assert compose_inference(conf_folder(), SETTINGS.search(told)[1].replace("here:", "").split()).diffusion.steps == 50
