"""Case N: a natural synthetic voice learns from its own sentences, and is converted to from other natural voices.

The target says and intones English texts with its own prosody. For validation and test the sources say and intone
sentences that no training text has; the reference is the target's timbre with the source's prosody, equal to the
sample in timing and pitch. So every score has a truth that no statistical voice made. The pretrained weights leave
these voices out (`data=ensemble_choir`, `data.without`).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from duetto.corpus.embedded_cases.room import add_room, room_response
from duetto.corpus.jobs import Outcome, Plan, all_clips
from duetto.corpus.manifest import Clip, Split
from duetto.corpus.natural_voices.narrator import LICENCES, SAMPLE_RATE, Narrator, Utterance
from duetto.corpus.natural_voices.performance import Recording, perform
from duetto.corpus.natural_voices.texts import held_out_sentences, joined, sentences_by_language
from duetto.corpus.natural_voices.treatment import HELD_OUT_DBFS, Treatment, treat
from duetto.corpus.natural_voices.voices import ensemble_voices, language_of
from duetto.errors import ConfigError
from duetto.ownership.consent import embedded_consent
from duetto.settings.case_config import RoomConfig
from duetto.settings.config import DataConfig
from duetto.storage.audio import Waveform
from duetto.storage.full_scale import fit_full_scale

SEED = 0xCA5E
SENTENCES = 2  # in a text
SPOKEN_SPEED, INTONED_SPEED = 1.0, 0.7
HELD_OUT: tuple[tuple[Split, bool], ...] = (("val", False), ("test", False), ("test", True), ("test", True))


@dataclass(frozen=True)
class NaturalText:
    """A job: one text in the prosody of one voice, said by that voice and, if held out, by the target."""

    narrator: Narrator
    target: str
    prosody: str
    number: int  # of the text in its list
    split: Split
    is_intoned: bool
    room: RoomConfig  # of training recordings
    seed: int

    @property
    def name(self) -> str:
        """Unique in the corpus; also the name of the song."""
        return f"{self.prosody}_{self.split}_{self.number:02d}_{'intoned' if self.is_intoned else 'spoken'}"

    @property
    def text(self) -> str:
        """Two sentences, in the file's order."""
        sentences = sentences_by_language()["en-us"] if self.split == "train" else held_out_sentences()
        return joined(sentences[SENTENCES * self.number : SENTENCES * (self.number + 1)], "en")

    def run(self, folder: Path) -> Outcome:
        """Say the text; write the audio."""
        timbres = (self.prosody,) if self.split == "train" else (self.prosody, self.target)
        speed, language = INTONED_SPEED if self.is_intoned else SPOKEN_SPEED, language_of(self.target)
        utterances = [Utterance(self.text, language, timbre, self.prosody, speed) for timbre in timbres]
        random = np.random.default_rng([self.seed, SEED, *self.name.encode()])
        clips: list[Clip] = []
        for utterance, waveform in zip(
            utterances, perform(self.narrator, utterances, random if self.is_intoned else None), strict=True
        ):
            recording = Recording(self.name, self.split, utterance)
            clips += recording.write(folder, self._recorded(waveform), utterance.timbre == self.target)
        return Outcome(tuple(clips))

    def _recorded(self, waveform: Waveform) -> Waveform:
        level = treat(waveform, Treatment(HELD_OUT_DBFS), SAMPLE_RATE)
        if self.split != "train" or self.room.rt60_s == 0:
            return level
        return fit_full_scale(add_room(level, room_response(self.room, SAMPLE_RATE, self.seed)))


def case_n_settings(config: DataConfig, narrator: Narrator) -> dict[str, Any]:
    """Everything that determines how the case sounds, as JSON values.

    Raises:
        ConfigError: If a voice does not exist, a source is the target, or packages are missing.
    """
    for name in (config.target, *config.sources):
        if name not in ensemble_voices():
            raise ConfigError(f"data=case_n: there is no voice {name}. Choose from {', '.join(ensemble_voices())}.")
    if config.target in config.sources or not config.sources:
        raise ConfigError(f"data.sources={list(config.sources)}: expected voices other than {config.target}.")
    return {
        "seed": config.seed,
        "target": config.target,
        "sources": list(config.sources),
        "natural": asdict(config.natural),
        "room": asdict(config.room),
        "made_of": narrator.made_of(),
        "licences": dict(LICENCES),
    }


def plan_case_n(config: DataConfig, settings: dict[str, Any], narrator: Narrator) -> Plan:
    """Training texts of the target, then held-out texts of every source."""
    jobs = tuple(case_n_texts(config, narrator))
    return Plan(jobs, all_clips(config.case, settings, embedded_consent().as_dict()))


def case_n_texts(config: DataConfig, narrator: Narrator) -> Iterator[NaturalText]:
    """The jobs in their order."""
    styles = [
        style for style, wanted in ((False, config.natural.has_speech), (True, config.natural.has_song)) if wanted
    ]

    def text(prosody: str, number: int, split: Split, is_intoned: bool) -> NaturalText:
        return NaturalText(narrator, config.target, prosody, number, split, is_intoned, config.room, config.seed)

    for number in range(config.natural.texts):
        yield from (text(config.target, number, "train", is_intoned) for is_intoned in styles)
    for source in config.sources:
        yield from (text(source, number, split, intoned) for number, (split, intoned) in enumerate(HELD_OUT))
