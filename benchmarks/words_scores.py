"""What is asked of one recording in the words bench: words, melody, speaker, artefacts."""

import math
from dataclasses import dataclass, field

from duetto.evaluation.analysis.audio import Embedding
from duetto.evaluation.analysis.pitch import match_lengths, track_f0
from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.metrics.bursts import find_bursts
from duetto.evaluation.metrics.buzz import buzz
from duetto.evaluation.metrics.melody import gross_pitch_error
from duetto.evaluation.metrics.melody_extraction import f0_correlation
from duetto.evaluation.metrics.words import character_error, word_error
from duetto.evaluation.models.speaker import SpeakerEncoder
from duetto.evaluation.models.whisper import WhisperRecogniser
from duetto.evaluation.models.words import WordRecogniser
from duetto.features.whisper_mel import Mel
from duetto.storage.audio import Waveform
from duetto.units import semitones_to_ratio

ENGLISH = "en"
Scores = dict[str, float]


@dataclass(frozen=True)
class Asked:
    """What a conversion should keep, and what it should become."""

    source: Waveform  # (S,), at 24 kHz
    transpose_semitones: float
    language: str
    text: str  # known, or read in the source by Whisper
    target: Embedding | None = None  # of the voice that was learned; None = not known
    frame_rate_hz: float = 100.0  # of the run's frames, where a comb would stand


@dataclass
class Judges:
    """The models that score: two recognisers of different families, and a speaker encoder."""

    whisper: WhisperRecogniser = field(default_factory=WhisperRecogniser)
    moonshine: WordRecogniser = field(default_factory=WordRecogniser)
    speaker: SpeakerEncoder = field(default_factory=SpeakerEncoder)

    def words(self, waveform: Waveform, asked: Asked) -> Scores:
        """Word and character error of a recording at 24 kHz; Moonshine reads English alone."""
        heard = self.whisper.transcribe(waveform, SAMPLE_RATE, asked.language)
        also = math.nan
        if asked.language == ENGLISH:
            read = " ".join(self.moonshine.recognise(waveform, SAMPLE_RATE))
            also = word_error(asked.text, read, asked.language)
        return {**errors(heard, asked), "word_error_moonshine": also}

    def words_of_mel(self, mel: Mel, asked: Asked) -> Scores:
        """Word and character error of a mel; Moonshine reads none."""
        return errors(self.whisper.transcribe_mel(mel, asked.language), asked)

    def sound(self, waveform: Waveform, asked: Asked) -> Scores:
        """Melody, speaker and artefacts of a conversion at 24 kHz against what was asked."""
        wanted_hz = track_f0(asked.source, SAMPLE_RATE) * semitones_to_ratio(asked.transpose_semitones)
        found_hz = match_lengths(wanted_hz, track_f0(waveform, SAMPLE_RATE))
        made = self.speaker.embed(waveform, SAMPLE_RATE)
        return {
            "f0_correlation": f0_correlation(wanted_hz, found_hz),
            "gross_pitch_error": gross_pitch_error(wanted_hz, found_hz),
            "similarity_to_target": cosine(made, asked.target),
            "similarity_to_source": cosine(made, self.speaker.embed(asked.source, SAMPLE_RATE)),
            "bursts": float(len(find_bursts(asked.source, waveform, SAMPLE_RATE).times_s)),
            "buzz_excess_db": buzz(waveform, wanted_hz, asked.frame_rate_hz)
            - buzz(asked.source, wanted_hz, asked.frame_rate_hz),
        }


def errors(heard: str, asked: Asked) -> Scores:
    """Word and character error of a transcript."""
    return {
        "word_error": word_error(asked.text, heard, asked.language),
        "character_error": character_error(asked.text, heard),
    }


def cosine(left: Embedding | None, right: Embedding | None) -> float:
    """Cosine of two unit vectors; NaN if one is missing."""
    return math.nan if left is None or right is None else float(left @ right)
