"""The ensemble as a corpus for pretraining: 41 natural synthetic voices speak and intone texts in nine languages.

Each voice reads texts of its own language with its own prosody; Romance voices read every third text in French, which
is no voice's own language here, and every third in another Romance language. Every text is said with the timbre of its
reader and, with the same timing to the sample, with those of other voices of its family of languages: a timbre of
another family pronounces it with an accent.

Every second text is intoned on held notes, which all its timbres share.

A share of the texts (`drawn_share`) has words drawn at random instead of sentences.

The last text of every fifth voice is held out, the first for val and the others for test: source and reference then
have the same words, timing and pitch and different timbres. Its sentences are in no training text.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from duetto.corpus.embedded_cases.choir import choir_jobs, choir_settings
from duetto.corpus.jobs import Job, Outcome, Plan, all_clips
from duetto.corpus.manifest import Clip, Split
from duetto.corpus.natural_voices.drawn import drawn_sentence
from duetto.corpus.natural_voices.narrator import LICENCES, SAMPLE_RATE, Narrator, Utterance
from duetto.corpus.natural_voices.performance import Recording, perform
from duetto.corpus.natural_voices.texts import joined, sentences_by_language
from duetto.corpus.natural_voices.treatment import HELD_OUT_DBFS, Treatment, draw_treatment, treat
from duetto.corpus.natural_voices.voices import ensemble_voices, family_of, language_of
from duetto.ownership.consent import embedded_consent
from duetto.settings.case_config import EnsembleConfig
from duetto.settings.config import DataConfig

SEED = 0x3115
FRENCH, ROMANCE = "fr", ("es", "fr", "it", "pt")
SENTENCES = 2  # in a text
HELD_OUT_EVERY = 5  # one text of each group of this many voices is held out
SPOKEN_SPEED, INTONED_SPEED = (0.8, 1.1), (0.55, 0.8)


@dataclass(frozen=True)
class EnsembleText:
    """A job: one text, in the prosody of one voice and the timbres of several."""

    narrator: Narrator
    ensemble: EnsembleConfig
    prosody: str
    number: int  # of the text among those of this voice
    split: Split
    seed: int

    @property
    def language(self) -> str:
        """The language of the text."""
        own = language_of(self.prosody)
        if own not in ROMANCE:
            return own
        others = [language for language in ROMANCE if language not in (own, FRENCH)]
        return (own, FRENCH, others[self.number // 3 % len(others)])[self.number % 3]

    @property
    def is_intoned(self) -> bool:
        """Whether the text is put on held notes."""
        return self.number % 2 == 1

    @property
    def is_drawn(self) -> bool:
        """Whether its words are drawn at random: the same for a spoken text and the intoned one after it."""
        pair, share = self.number // 2, self.ensemble.drawn_share
        return int((pair + 1) * share) > int(pair * share)

    @property
    def name(self) -> str:
        """Unique in the corpus; also the name of the song."""
        return f"{self.prosody}_{self.number:02d}_{self.language}_{'intoned' if self.is_intoned else 'spoken'}"

    @property
    def text(self) -> str:
        """Two sentences in an order of this voice, or of drawn words; if held out, the last two of the language."""
        sentences = sentences_by_language()[self.language]
        if self.split != "train":
            return joined(sentences[-SENTENCES:], self.language)
        if self.is_drawn:
            random, heard = self._random("words", str(self.number)), sentences[:-SENTENCES]
            return joined(tuple(drawn_sentence(heard, self.language, random) for _ in range(SENTENCES)), self.language)
        order = self._random("order", self.language).permutation(len(sentences) - SENTENCES)
        first = SENTENCES * self.number
        return joined(tuple(sentences[order[(first + k) % order.size]] for k in range(SENTENCES)), self.language)

    @property
    def timbres(self) -> tuple[str, ...]:
        """The reader's own voice, then others of its family, or of all where the family is too small.

        Over all readers of a family, each of its voices is asked equally often.
        """
        asked = (self.ensemble.timbres if self.split == "train" else 2) - 1
        names = ensemble_voices()[: self.ensemble.voices]
        family = [name for name in names if family_of(name) == family_of(self.prosody)]
        choice = family if len(family) > asked else list(names)
        place, others = choice.index(self.prosody), len(choice) - 1
        steps = [1 + (self.number * asked + k) % others for k in range(asked)]
        return (self.prosody, *(choice[(place + step) % len(choice)] for step in steps))

    def run(self, folder: Path) -> Outcome:
        """Say the text with every timbre; write the audio."""
        random = self._random("speed", str(self.number))
        speed = float(random.uniform(*(INTONED_SPEED if self.is_intoned else SPOKEN_SPEED)))
        utterances = [Utterance(self.text, self.language, timbre, self.prosody, speed) for timbre in self.timbres]
        waveforms = perform(self.narrator, utterances, random if self.is_intoned else None)
        clips: list[Clip] = []
        for utterance, waveform in zip(utterances, waveforms, strict=True):
            treated = treat(waveform, self._treatment(utterance.timbre), SAMPLE_RATE)
            clips += Recording(self.name, self.split, utterance).write(
                folder, treated, utterance.timbre == self.prosody
            )
        return Outcome(tuple(clips))

    def _treatment(self, timbre: str) -> Treatment:
        if self.split != "train":
            return Treatment(HELD_OUT_DBFS)
        shares = self.ensemble.room_share, self.ensemble.microphone_share
        return draw_treatment(self.name, timbre, self.seed, *shares)

    def _random(self, *purpose: str) -> np.random.Generator:
        place = ensemble_voices().index(self.prosody)
        return np.random.default_rng([self.seed, SEED, place, *"/".join(purpose).encode()])


def ensemble_settings(config: DataConfig, narrator: Narrator) -> dict[str, Any]:
    """Everything that determines how the ensemble sounds, as JSON values.

    Raises:
        ConfigError: If the packages that speak are missing, or differ from those that are pinned.
    """
    sizes = {name: value for name, value in asdict(config.ensemble).items() if name not in ("has_choir", "voices_file")}
    beside = {"choir": choir_settings(config, config.choir)} if config.ensemble.has_choir else {}
    return {
        **beside,
        "seed": config.seed,
        "ensemble": sizes,
        "voices": list(ensemble_voices()[: config.ensemble.voices]),
        "made_of": narrator.made_of(),
        "licences": dict(LICENCES),
    }


def plan_ensemble(config: DataConfig, settings: dict[str, Any], narrator: Narrator) -> Plan:
    """Jobs of the ensemble: the first text of every voice, then the second, so that any part of it is balanced.

    Those of the choir follow, if it is wanted.
    """
    beside = choir_jobs(config.choir, config.seed) if config.ensemble.has_choir else ()
    jobs = (*ensemble_texts(config, narrator), *beside)
    return Plan(jobs, all_clips(config.case, settings, embedded_consent().as_dict()))


def ensemble_texts(config: DataConfig, narrator: Narrator) -> Sequence[Job]:
    """The jobs in their order."""
    ensemble = config.ensemble
    jobs: list[Job] = []
    for number in range(ensemble.texts):
        for place, voice in enumerate(ensemble_voices()[: ensemble.voices]):
            is_held_out = place % HELD_OUT_EVERY == 0 and number == ensemble.texts - 1
            split: Split = "train" if not is_held_out else "val" if place == 0 else "test"
            jobs.append(EnsembleText(narrator, ensemble, voice, number, split, config.seed))
    return jobs
