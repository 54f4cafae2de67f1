"""What the cases of natural voices share: saying or intoning a text in several timbres, and writing the clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from duetto.corpus.manifest import Clip, Role, Split
from duetto.corpus.natural_voices.held_pitches import Melody, analyse_speech, draw_melody, sing_on
from duetto.corpus.natural_voices.narrator import SAMPLE_RATE, Narrator, Utterance
from duetto.storage.audio import Waveform, write_audio
from duetto.storage.files import sha256_file


def perform(narrator: Narrator, utterances: Sequence[Utterance], random: np.random.Generator | None) -> list[Waveform]:
    """Utterances of one text and prosody, (S,) each, of equal length.

    Args:
        narrator: Says them.
        utterances: They differ in timbre only.
        random: Draws the held notes of the first utterance, which all of them sing; None = spoken.
    """
    melody: Melody | None = None
    waveforms = []
    for utterance in utterances:
        waveform = narrator.say(utterance)
        if random is not None:
            speech = analyse_speech(waveform, SAMPLE_RATE)
            melody = melody or draw_melody(speech, random)
            waveform = sing_on(speech, melody, SAMPLE_RATE, waveform.size)
        waveforms.append(waveform)
    return waveforms


@dataclass(frozen=True)
class Recording:
    """A performance as it is written: `audio/TIMBRE/SONG.wav`."""

    song: str
    split: Split
    utterance: Utterance

    def write(self, folder: Path, waveform: Waveform, is_reference: bool) -> list[Clip]:
        """Write the audio.

        Args:
            folder: Of the corpus.
            waveform: (S,).
            is_reference: Whether a held-out recording is what a conversion should sound like, and not its source.

        Returns:
            A clip for each role that it plays in the corpus; one for training is the target's.
        """
        held_out: tuple[Role, ...] = ("target", "reference") if is_reference else ("source",)
        roles = held_out if self.split != "train" else ("target",)
        timbre = self.utterance.timbre
        path = f"audio/{timbre}/{self.song}.wav"
        write_audio(folder / path, waveform, SAMPLE_RATE, "PCM_16")
        digest = sha256_file(folder / path)
        return [
            Clip(
                id=f"{role}/{timbre}/{self.song}",
                path=path,
                sha256=digest,
                role=role,
                split=self.split,
                song=self.song,
                singer=timbre,
                sample_rate=SAMPLE_RATE,
                num_samples=len(waveform),
                text=self.utterance.text,
                language=self.utterance.language,
            )
            for role in roles
        ]
