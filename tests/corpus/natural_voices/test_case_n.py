from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.corpus.natural_voices.case_n import case_n_texts
from duetto.corpus.natural_voices.texts import held_out_sentences, sentences_by_language
from duetto.errors import ConfigError
from duetto.runs.compose import compose_runs
from duetto.settings.case_config import NaturalConfig, RoomConfig
from duetto.settings.conf_files import conf_folder
from duetto.settings.config import DataConfig
from duetto.storage.audio import read_audio
from tests.corpus.natural_voices.fake_narrator import BuzzingNarrator

NARRATOR = BuzzingNarrator()


def config(root: Path, **values: object) -> DataConfig:
    case = DataConfig("case_n", str(root), target="bf_emma", sources=["af_nova", "am_fenrir"])
    return replace(case, natural=NaturalConfig(texts=2), room=RoomConfig(rt60_s=0.0), **values)


def build(case: DataConfig) -> tuple[Path, Manifest]:
    folder = build_corpus(case, surroundings=Surroundings(narrator=NARRATOR, workers=1))
    return folder, load_manifest(folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    return build(config(tmp_path_factory.mktemp("data")))


def test_the_target_alone_is_trained_on_spoken_and_intoned(built):
    _, manifest = built
    train = manifest.select("target", "train")
    assert {clip.singer for clip in train} == {"bf_emma"}
    assert sorted(clip.song for clip in train) == [
        "bf_emma_train_00_intoned",
        "bf_emma_train_00_spoken",
        "bf_emma_train_01_intoned",
        "bf_emma_train_01_spoken",
    ]


def test_every_held_out_text_of_a_source_has_the_target_in_time_with_it(built):
    folder, manifest = built
    sources, references = manifest.select("source"), {clip.song: clip for clip in manifest.select("reference")}
    assert {clip.singer for clip in sources} == {"af_nova", "am_fenrir"}
    assert len(sources) == len(references) == 8
    for source in sources:
        reference = references[source.song]
        assert reference.singer == "bf_emma"
        assert reference.text == source.text
        assert reference.num_samples == source.num_samples
        assert not np.array_equal(*(read_audio(folder / clip.path)[0] for clip in (source, reference)))
    assert {clip.split for clip in sources} == {"val", "test"}


def test_no_held_out_sentence_is_trained_on_here_or_by_the_pretrained_weights():
    trained = {sentence for sentences in sentences_by_language().values() for sentence in sentences}
    assert not trained & set(held_out_sentences())
    texts = list(case_n_texts(config(Path()), NARRATOR))
    assert all((text.split == "train") == (text.text.split(". ")[0] + "." in trained) for text in texts)


@pytest.mark.slow
def test_speech_or_song_can_be_left_out_and_a_room_added(tmp_path, built):
    plain = {clip.song: clip for clip in built[1].select("target", "train")}
    case = replace(config(tmp_path), natural=NaturalConfig(texts=1, has_song=False), room=RoomConfig(rt60_s=0.9))
    _, manifest = build(case)
    (clip,) = manifest.select("target", "train")
    assert clip.song == "bf_emma_train_00_spoken"
    assert clip.num_samples == plain[clip.song].num_samples
    assert clip.sha256 != plain[clip.song].sha256
    references = [{each.song: each.sha256 for each in m.select("reference")} for m in (built[1], manifest)]
    assert references[0] == references[1]  # the truth stays dry
    with pytest.raises(ConfigError, match="nothing is left to train on"):
        NaturalConfig(has_speech=False, has_song=False).validate()


@pytest.mark.parametrize(("target", "sources"), [("bf_emma", ["bf_emma"]), ("bf_emma", []), ("miku", ["af_nova"])])
def test_voices_that_do_not_exist_or_are_the_target_are_refused(tmp_path, target, sources):
    with pytest.raises(ConfigError, match=r"no voice|other than"):
        build(replace(config(tmp_path), target=target, sources=sources))


def test_what_the_pretrained_weights_learn_from_leaves_the_voices_of_the_case_out():
    case, bases = compose_runs(conf_folder(), [["data=case_n"], ["data=ensemble_choir"]])
    assert {case.data.target, *case.data.sources} <= set(bases.data.without)
