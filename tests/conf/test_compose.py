"""Every file below conf/ composes, is valid, and builds what it names."""

import ast
import contextlib
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from duetto.errors import ConfigError
from duetto.runs.compose import compose_runs, prepare
from duetto.runs.prepare import build_steps
from duetto.runs.step_settings import parameters_of
from duetto.runs.typed import typed
from duetto.settings.kinds import STEP_TEXTS
from duetto.settings.run_config import InferConfig, TrainConfig
from duetto.voices.voice import build_network

CONF = Path(__file__).resolve().parents[2] / "conf"


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def train_config(*overrides: str) -> TrainConfig:
    prepare()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed(compose("train", overrides=list(overrides)), TrainConfig)


@pytest.mark.parametrize(
    "override",
    [
        f"{group}={option}"
        for group in ("preprocess", "trainer", "logger", "eval", "model")
        for option in options(group)
    ],
)
def test_every_option_of_every_group_composes_and_is_valid(override):
    train_config(override)


@pytest.mark.parametrize(
    ("features", "size", "layer", "width"),
    [("contentvec_768", "v2_40k", 12, 768), ("contentvec_256", "v1_48k", 9, 256)],
)
def test_the_ecosystems_content_is_an_option(features, size, layer, width):
    config = train_config("model=rvc", f"model/size={size}", f"features={features}", "features.content.path=vec.pt")
    content = config.features.content
    assert (content.encoder, content.layer, content.dimension) == ("contentvec", layer, width)
    assert (content.path, config.model.content_dimension) == ("vec.pt", width)


@pytest.mark.parametrize("case", options("data"))
def test_every_case_composes(case):
    extra = ["data.path=recordings"] if case.startswith(("folder", "ddb", "mix")) else []
    assert train_config(f"data={case}", *extra).data.case in case


@pytest.mark.parametrize("experiment", options("experiment"))
def test_every_experiment_composes(experiment):
    train_config(f"experiment={experiment}")


@pytest.mark.parametrize("preprocess", options("preprocess"))
def test_every_chain_of_steps_can_be_built(preprocess):
    assert list(build_steps(train_config(f"preprocess={preprocess}").preprocess))[-1] == "slice"


def test_every_size_that_can_be_asked_for_belongs_to_an_architecture():
    asked = {option for option in options("model/size") if option != "auto"}
    assert asked == {shape.split("_", 1)[1] for shape in options("shape")}


@pytest.mark.parametrize("shape", options("shape"))
def test_every_size_builds_a_network(shape):
    model, size = shape.split("_", 1)
    config = train_config(f"model={model}", f"model/size={size}")
    assert config.model.size == size
    with torch.device("meta"):
        network = build_network(config.model, config.features)
    assert sum(p.numel() for p in network.parameters()) > 1e5


def test_the_inference_config_composes():
    prepare()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for given, sources in (("a b.wav", ["a b.wav"]), ("[a.wav,b.wav]", ["a.wav", "b.wav"])):
            assert typed(compose("infer", overrides=[f"source={given}"]), InferConfig).sources() == sources


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["+trainer.max_minuts=3"], "max_minuts"),
        (["trainer.max_minutes=-1"], "expected 0"),
        (["features.sample_rate=100"], "8000 to 96000"),
        (["features.hop_length=250"], "upsample_rates multiply to"),
        (["features.f0.method=guess"], "crepe_tiny, harvest or dio"),
        (["data=folder"], r"needs data\.path"),
        (["data.val_songs=[fast_01]"], "two splits"),
        (["eval.retrieval.index_rate=2"], "0 to 1"),
        (["model.segment_frames=5000"], "longer than crop_frames"),
    ],
)
def test_a_bad_value_is_one_sentence(overrides, sentence):
    with pytest.raises(ConfigError, match=sentence):
        train_config(*overrides)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["+preprocess.steps.slice.treshold_db=-40"],
            r"no such setting\. Did you mean threshold_db\? It has threshold_db",
        ),
        (["preprocess.steps.slice._target_=os.system"], "has to be a class in"),
        (["preprocess.steps.slice._target_=duetto.preprocess.steps.slice.np.load"], "has to be a class in"),
        (["preprocess.steps.slice._target_=duetto.preprocess.steps.slice.Slicer"], "has to be a class in"),
        (["preprocess.steps.slice._target_=duetto.preprocess.steps.augment.WorldAnalysis"], "has to be a class in"),
        (["+preprocess.steps.slcie.threshold_db=-40"], r"no such step in this chain\. Did you mean slice\?"),
        (["+preprocess.steps.slice.threshold_db=high"], r"slice\.threshold_db=high: expected a number\."),
        (["preprocess=labels", "preprocess.steps.labels.path=3"], r"labels\.path=3: expected a text\."),
        (["preprocess=noise_gate", "+preprocess.steps.gate.stereo_link=1"], r"expected true or false\."),
    ],
)
def test_a_step_that_cannot_be_is_one_sentence(overrides, sentence):
    with pytest.raises(ConfigError, match=sentence):
        train_config(*overrides)


def test_steps_are_built_of_what_was_checked(monkeypatch):
    config = train_config()
    config.preprocess.steps["slice"]["_target_"] = "os.system"
    with pytest.raises(ConfigError, match="has to be a class in"):
        build_steps(config.preprocess)


@pytest.mark.parametrize("value", [{"_target_": "pathlib.Path"}, [{"a": {"_target_": "pathlib.Path"}}]])
def test_settings_of_a_step_name_no_other_callable_at_any_depth(value):
    config = train_config()
    config.preprocess.steps["slice"]["inner"] = value
    with pytest.raises(ConfigError, match=r"no such setting|has to be a class in .* not 'pathlib\.Path'"):
        build_steps(config.preprocess)


def test_what_a_list_of_a_step_holds_is_never_called(tmp_path):
    config = train_config("preprocess=none")
    made = {
        "_target_": "pathlib.Path.touch",
        "_args_": [{"_target_": "pathlib.Path", "_args_": [str(tmp_path / "made")]}],
    }
    config.preprocess.steps["augment"] = {"_target_": "duetto.preprocess.steps.augment.Augment", "semitones": [made]}
    with pytest.raises(ConfigError, match=r"preprocess\.steps\.augment"):
        build_steps(config.preprocess)
    assert not (tmp_path / "made").exists()


def test_every_text_of_a_step_is_a_choice_or_taken_letter_by_letter():
    """A new step whose text is neither belongs into `STEP_TEXTS`."""
    texts = set()
    for path in (CONF.parent / "src/duetto/preprocess/steps").glob("[a-z]*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and hasattr(node, "name"):
                with contextlib.suppress(ConfigError):
                    found = parameters_of(f"duetto.preprocess.steps.{path.stem}.{node.name}")
                    texts |= {key for key, annotation in found.items() if annotation == "str"}
    assert texts == {"path", "command", "choice", "method"}
    assert set(STEP_TEXTS) == {"path", "command"}


@pytest.mark.slow
def test_runs_composed_together_are_what_each_is_alone():
    runs = [
        [f"model={model}", f"preprocess={chain}", f"seed={seed}", f"eval.retrieval.index_rate={rate}"]
        for model in ("rvc", "diffsvc")
        for chain in ("none", "full")
        for seed, rate in ((0, 0.5), (7, 1))
    ]
    runs += [
        ["features.content.layer=4", "trainer.max_minutes=3"],
        ["features.content.layer=3", "trainer.max_minutes=2"],
    ]
    together = compose_runs(CONF, runs)
    assert [asdict(run) for run in together] == [asdict(compose_runs(CONF, [run])[0]) for run in runs]
    assert type(together[0].model) is not type(together[4].model)


def test_a_mistake_among_runs_that_share_a_composition_is_told_with_its_run():
    runs = [["seed=0", "trainer.max_steps=5"], ["seed=1", "trainer.max_steps=many"], ["seed=2", "trainer.max_steps=0"]]
    with pytest.raises(ConfigError, match=r"2 of 3 runs are not possible") as raised:
        compose_runs(CONF, runs)
    assert "trainer.max_steps=many (in" not in str(raised.value).split("seed=0")[0]
    assert "seed=1" in str(raised.value)
    assert "seed=2" in str(raised.value)
