from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from duetto.corpus.build import Surroundings, build_corpus
from duetto.corpus.card import data_card
from duetto.corpus.embedded_cases.choir import choir_jobs, choir_settings
from duetto.corpus.manifest import Manifest, load_manifest
from duetto.corpus.natural_voices.bench_voices import BENCH_VOICES, KEPT_OUT, bench_voices_among
from duetto.corpus.natural_voices.ensemble import EnsembleText, ensemble_settings, ensemble_texts, plan_ensemble
from duetto.corpus.natural_voices.voices import ALL_VOICES, ensemble_voices, family_of, language_of
from duetto.errors import ConfigError, CorpusError
from duetto.evaluation.analysis.pitch import track_f0
from duetto.settings.case_config import EnsembleConfig
from duetto.settings.config import DataConfig
from duetto.storage.audio import read_audio
from tests.corpus.fakes import write_sine
from tests.corpus.natural_voices.fake_narrator import BuzzingNarrator

SMALL = EnsembleConfig(voices=3, texts=2, timbres=2)


def config(root: Path, ensemble: EnsembleConfig = SMALL) -> DataConfig:
    return DataConfig(case="ensemble", target="ensemble", root=str(root), ensemble=ensemble)


def texts(ensemble: EnsembleConfig) -> list[EnsembleText]:
    jobs = ensemble_texts(config(Path(), ensemble), BuzzingNarrator())
    return [job for job in jobs if isinstance(job, EnsembleText)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = build_corpus(
        config(tmp_path_factory.mktemp("data")), surroundings=Surroundings(narrator=BuzzingNarrator(), workers=1)
    )
    return folder, load_manifest(folder)


def test_the_voices_of_the_bench_are_in_no_ensemble():
    assert len(BENCH_VOICES) == 12
    assert set(BENCH_VOICES) <= set(ALL_VOICES)
    assert len(ALL_VOICES) == 54
    assert len(ensemble_voices()) == 41
    assert not KEPT_OUT & set(ensemble_voices())
    heard = {name for text in texts(EnsembleConfig()) for name in (text.prosody, *text.timbres)}
    assert heard == set(ensemble_voices())
    assert bench_voices_among(["af_heart", "zm_yunxi", "pm_alex", "zm_yunxi"]) == ["pm_alex", "zm_yunxi"]


def test_a_share_of_the_texts_has_words_drawn_at_random_and_as_many_are_intoned():
    plain, wide = texts(EnsembleConfig()), texts(EnsembleConfig(drawn_share=0.75))
    assert not any(text.is_drawn for text in plain)
    changed = [after for before, after in zip(plain, wide, strict=True) if before.text != after.text]
    train = [text for text in wide if text.split == "train" and text.language not in ("ja", "zh")]
    assert all(text.is_drawn for text in changed)
    assert 0.6 < len([text for text in train if text in changed]) / len(train) < 0.8
    assert {text.number for text in changed if text.is_intoned} == {
        n + 1 for n in {t.number for t in changed} if n % 2 == 0
    }
    assert len({text.text for text in changed if text.language in ("en-us", "en-gb")}) == len(
        [text for text in changed if text.language in ("en-us", "en-gb")]
    )
    assert [text.text for text in wide if text.split != "train"] == [
        text.text for text in plain if text.split != "train"
    ]


def test_no_corpus_of_any_case_takes_a_voice_of_the_bench(tmp_path: Path):
    recordings = tmp_path / "recordings"
    for singer in ("af_kore", "ann"):
        write_sine(recordings / singer / "a.wav", 220.0, 1.0)
    record = "subject: none\ncontroller: A\nscopes: [train]\nexpires: 2027-05-01\n"
    (recordings / "consent.yaml").write_text(record, encoding="utf-8")
    wanted = DataConfig(case="folder", root=str(tmp_path / "data"), path=str(recordings))
    with pytest.raises(CorpusError, match=r"af_kore: voices of this name are kept for benchmarks/words\.py"):
        build_corpus(wanted, surroundings=Surroundings(workers=1))


def test_the_whole_is_balanced_over_voices_and_has_every_language():
    whole = texts(EnsembleConfig())
    asked = Counter(name for text in whole if text.split == "train" for name in text.timbres)
    assert max(asked.values()) <= 1.1 * min(asked.values())
    assert {text.language for text in whole} == {"en-us", "en-gb", "es", "fr", "hi", "it", "ja", "pt", "zh"}
    romance = {"es", "fr", "it", "pt"}
    assert all(
        text.language == language_of(text.prosody) or {text.language, language_of(text.prosody)} <= romance
        for text in whole
    )
    assert all(len({family_of(timbre) for timbre in text.timbres}) == 1 for text in whole)
    french = [text for text in whole if text.language == "fr"]
    assert len(french) >= 20
    assert {text.is_intoned for text in french} == {True, False}
    assert all(len(set(text.timbres)) == len(text.timbres) for text in whole)
    share = sum(text.is_intoned for text in whole) / len(whole)
    assert share == 0.5


def test_the_choir_sings_beside_the_ensemble_if_it_is_wanted():
    alone = config(Path())
    beside = config(Path(), EnsembleConfig(voices=3, texts=2, timbres=2, has_choir=True))
    settings = ensemble_settings(beside, BuzzingNarrator())
    assert {**settings, "choir": None} == {**ensemble_settings(alone, BuzzingNarrator()), "choir": None}
    assert settings["choir"] == choir_settings(beside, beside.choir)
    names = [job.name for job in plan_ensemble(beside, settings, BuzzingNarrator()).jobs]
    choir = [job.name for job in choir_jobs(beside.choir, beside.seed)]
    assert names == [*(text.name for text in texts(SMALL)), *choir]
    assert len(set(names)) == len(names)


def test_no_sentence_of_a_held_out_text_is_trained_on():
    whole = texts(EnsembleConfig())
    held_out = {(text.language, text.text) for text in whole if text.split != "train"}
    assert len(held_out) >= 4
    for language, said in held_out:
        trained = [text.text for text in whole if text.split == "train" and text.language == language]
        assert not any(said[:20] in text or said[-20:] in text for text in trained)


def test_timbres_of_one_text_have_the_same_length_words_and_notes(built: tuple[Path, Manifest]):
    folder, manifest = built
    songs: dict[str, list[str]] = {}
    for clip in manifest.clips:
        songs.setdefault(clip.song, []).append(clip.path)
        assert clip.text
        assert clip.sample_rate == 24_000
    assert all(len(set(paths)) == 2 for paths in songs.values())
    for song, paths in songs.items():
        first, second = (read_audio(folder / path)[0] for path in sorted(set(paths)))
        assert len(first) == len(second)
        if "intoned" in song:
            left, right = track_f0(first, 24_000), track_f0(second, 24_000)
            both = (left > 0) & (right > 0)
            assert both.mean() > 0.5
            assert np.median(np.abs(1200 * np.log2(left[both] / right[both]))) < 10


def test_a_held_out_text_has_a_source_of_another_timbre(built: tuple[Path, Manifest]):
    _, manifest = built
    (source,), (reference,) = manifest.select("source"), manifest.select("reference")
    assert (source.song, source.split, source.num_samples) == (reference.song, "val", reference.num_samples)
    assert source.singer != reference.singer
    assert manifest.consent["subject"] == "none"
    assert not any(clip.song == source.song for clip in manifest.select("target", "train"))


@pytest.mark.slow
def test_what_was_rendered_is_kept_when_the_build_is_repeated(built: tuple[Path, Manifest], tmp_path: Path):
    class SilencedError(Exception):
        pass

    class StopsAfterFour(BuzzingNarrator):
        said = 0

        def say(self, utterance):
            StopsAfterFour.said += 1
            if StopsAfterFour.said > 4:
                raise SilencedError
            return super().say(utterance)

    with pytest.raises(SilencedError):
        build_corpus(config(tmp_path), surroundings=Surroundings(narrator=StopsAfterFour(), workers=1))
    StopsAfterFour.said = -8  # of 12 utterances, four have been said: the rest needs eight
    again = build_corpus(config(tmp_path), surroundings=Surroundings(narrator=StopsAfterFour(), workers=1))
    assert StopsAfterFour.said == 0
    assert load_manifest(again).content_hash() == built[1].content_hash()


def test_the_card_says_seconds_speakers_and_licences(built: tuple[Path, Manifest]):
    folder, manifest = built
    rows = dict(data_card(folder))
    assert rows["subject"] == "none"
    assert rows["speakers"].startswith("3: af_alloy, am_adam, bf_emma")
    total = sum({clip.path: clip.duration_s for clip in manifest.clips}.values())
    assert rows["seconds"] == f"{total:.1f} in 12 files"
    assert rows["licence of Kokoro-82M (network and voices)"] == "Apache-2.0"


def test_sizes_out_of_range_are_one_sentence():
    with pytest.raises(ConfigError, match=r"data\.ensemble\.voices=42: expected 2 to 41"):
        EnsembleConfig(voices=42).validate()
    with pytest.raises(ConfigError, match=r"data\.ensemble\.timbres=4: expected 1 to 3"):
        EnsembleConfig(voices=3, timbres=4).validate()
    with pytest.raises(ConfigError, match=r"data\.ensemble\.room_share=1\.5: expected 0 to 1"):
        EnsembleConfig(room_share=1.5).validate()
