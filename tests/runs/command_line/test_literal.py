"""Any name that a file system allows reaches the settings as it is."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetto.runs.command_line.known import known_settings
from duetto.runs.command_line.literal import listed, pieces, quote_literals, quoted, uninterpolated
from duetto.runs.compose import compose_inference, compose_runs, expand_choices
from duetto.settings.conf_files import conf_folder
from duetto.settings.run_config import InferConfig, TrainConfig

NAMES = (
    "1_song_(Vocals).wav",
    "don't stop.wav",
    'say "hello".wav',
    "Größe 歌 🎤.wav",
    "a # b & c.wav",
    "{x} ~ [y].wav",
    "[live].wav",
    "a,b.wav",
    "a=b=c.wav",
    "$HOME.wav",
    "${seed}.wav",
    "\\${seed}.wav",
    "${oc.env:HOME}",
    "${unclosed",
    "back\\slash\\",
    "it's \\'quoted\\' \\",
    "C: x.wav",
    " leading and trailing ",
    "12",
    "0123",
    "1e5",
    ".5",
    "1_000",
    "true",
    "NaN",
    "-3",
    "choice(a,b)",
    "glob(*)",
    "@!;<>|?*^`",
    "line\nbreak.wav",
    "tab\t.wav",
    "'",
    "???",
)
TRAIN_PATHS = (
    "data.path",
    "data.root",
    "data.ensemble.voices_file",
    "base",
    "logs",
    "features.content.path",
    "features.f0.path",
    "model.base_discriminator",
)
INFER_PATHS = (
    "run",
    "checkpoint",
    "index",
    "vocoder",
    "content_path",
    "f0_path",
    "f0",
    "f0_out",
    "output",
    "logs",
    "source",
    "song",
)


def read(config, key):
    for part in key.split("."):
        config = getattr(config, part)
    return config


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_named(name):
    return "./???" if name == "???" else name


def dealt(keys):
    """Names for the keys, in as many rounds as it takes until every name has been dealt; rounds take half a second."""
    return [
        {key: NAMES[(first + place) % len(NAMES)] for place, key in enumerate(keys)}
        for first in range(0, len(NAMES), len(keys))
    ]


@pytest.mark.parametrize("names", dealt(INFER_PATHS))
def test_the_paths_of_infer_take_any_name(names, folder):
    config = compose_inference(conf_folder(), [f"{key}={name}" for key, name in names.items()])
    assert {key: read(config, key) for key in names} == {key: as_named(name) for key, name in names.items()}


@pytest.mark.parametrize("names", dealt(TRAIN_PATHS))
def test_the_paths_of_train_take_any_name(names, folder):
    (config,) = compose_runs(conf_folder(), [[f"{key}={name}" for key, name in names.items()]])
    assert {key: read(config, key) for key in names} == {key: as_named(name) for key, name in names.items()}
    assert config.model.base == as_named(names["base"])


def test_a_step_that_reads_files_takes_every_name(folder):
    override = "preprocess.steps.labels.path=it's ${mine} (1)"
    (config,) = compose_runs(conf_folder(), [["preprocess=labels", override]])
    assert config.preprocess.steps["labels"]["path"] == "it's ${mine} (1)"
    command = "separator --in {input} --out {output}, please"
    (config,) = compose_runs(conf_folder(), [["preprocess=separate", f"preprocess.steps.separate.command={command}"]])
    assert config.preprocess.steps["separate"]["command"] == command


def test_the_paths_are_found_in_the_schemas():
    train, infer = known_settings(TrainConfig), known_settings(InferConfig)
    assert {key for key, each in infer.items() if each.kind in ("path", "paths")} == set(INFER_PATHS)
    found = {key for key, each in train.items() if each.kind == "path"}
    assert found == {*TRAIN_PATHS, "model.base", "model.generator_vocoder", "model.vocoder"}


@pytest.mark.parametrize(
    ("given", "sources"),
    [
        ("[a.wav,b.wav]", ["a.wav", "b.wav"]),
        ("[it's a.wav, (b).wav]", ["it's a.wav", "(b).wav"]),
        ("['a,b.wav',c.wav]", ["a,b.wav", "c.wav"]),
        ("[12,true]", ["12", "true"]),
        ('"songs/*.wav"', ["songs/*.wav"]),
        ("'it''s", ["'it''s"]),
        ("songs/*.wav", ["songs/*.wav"]),
    ],
)
def test_several_sources_stand_in_brackets(given, sources, folder):
    assert compose_inference(conf_folder(), [f"source={given}"]).sources() == sources


@pytest.mark.parametrize("name", ["[a,b].wav", "[a,b]", "'quoted'", "null", "a,b", '"songs"'])
def test_what_exists_as_a_whole_is_meant_as_a_whole(name, folder):
    (folder / name).touch()
    assert compose_inference(conf_folder(), [f"source={name}"]).sources() == [name]


def test_null_is_nothing_unless_it_exists(folder):
    assert compose_inference(conf_folder(), ["output=null"]).output is None
    (folder / "null").mkdir()
    assert compose_inference(conf_folder(), ["output=null"]).output == "null"


def test_a_speaker_is_a_number_or_a_name(folder):
    for given_speaker, speaker in (("2", 2), ("Ann (soft)", "Ann (soft)"), ("Jürgen", "Jürgen"), ("'2'", "2")):
        assert compose_inference(conf_folder(), [f"speaker={given_speaker}"]).speaker == speaker


def test_commas_make_a_sweep_unless_the_whole_exists(folder):
    def paths(value):
        return [arm[0] for arm in expand_choices([f"data.path={value}"])]

    assert paths("a,b") == ["data.path=a", "data.path=b"]
    assert paths("it's,b (c)") == ["data.path='it\\'s'", "data.path='b (c)'"]
    assert paths("'a,b',c") == ["data.path='a,b'", "data.path=c"]
    assert paths("12,1e3") == ["data.path='12'", "data.path='1e3'"]
    Path("a,b").mkdir()
    assert paths("a,b") == ["data.path='a,b'"]


def test_swept_names_survive_the_way_to_the_worker(folder):
    names = [name for name in NAMES if "," not in name and not name.startswith(" ")]
    arms = expand_choices([f"logs={','.join(names)}"])
    known = known_settings(TrainConfig)
    assert [quote_literals(arm, known)[0] for arm in arms] == [f"logs={quoted(name)}" for name in names]


def test_what_is_quoted_twice_is_quoted_once(folder):
    known = known_settings(InferConfig)
    for name in NAMES:
        once = quote_literals([f"output={name}"], known)
        assert quote_literals(once, known) == once


def test_plain_names_stay_as_they_were_typed():
    assert [quoted(name) for name in ("voice", "./a-b_c/d.wav", "/data/x", "../y")] == [
        "voice",
        "./a-b_c/d.wav",
        "/data/x",
        "../y",
    ]


def test_pieces_end_at_commas_outside_quotes():
    assert pieces("a,'b,c',d") == ["a", "'b,c'", "d"]
    assert pieces("don't,can't") == ["don't", "can't"]
    assert pieces("") == [""]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab'\"\\${}[]()=,: #~", min_size=1, max_size=12))
def test_hydra_and_omegaconf_give_back_what_was_quoted(text):
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    value = OverridesParser.create().parse_override(f"k={quoted(text)}").value()
    assert OmegaConf.to_container(OmegaConf.create({"k": value}), resolve=True) == {"k": as_named(text)}
    again = OmegaConf.create({"k": [uninterpolated(text)]})
    assert OmegaConf.to_container(again, resolve=True) == {"k": [text]}


def test_several_files_of_a_verb_stand_between_commas(folder):
    assert listed("a.wav, don't.wav,'b,c.wav'") == ["a.wav", "don't.wav", "b,c.wav"]
    assert listed("") == []
    (folder / "a,b.wav").touch()
    assert listed("a,b.wav") == ["a,b.wav"]
