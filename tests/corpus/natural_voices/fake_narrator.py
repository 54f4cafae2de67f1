"""A narrator without packages: a buzz whose brightness is the timbre, and whose pitch and length are the prosody."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from duetto.corpus.natural_voices.narrator import SAMPLE_RATE, Utterance
from duetto.corpus.natural_voices.voices import ensemble_voices
from duetto.storage.audio import Waveform


@dataclass(frozen=True)
class BuzzingNarrator:
    def made_of(self) -> dict[str, Any]:
        return {"network": "a buzz"}

    def say(self, utterance: Utterance) -> Waveform:
        names = ensemble_voices()
        timbre, prosody = names.index(utterance.timbre), names.index(utterance.prosody)
        time_s = np.arange(round(0.02 * len(utterance.text) / utterance.speed * SAMPLE_RATE)) / SAMPLE_RATE
        hz, num_harmonics = 110.0 + 4.0 * prosody, 3 + timbre
        harmonics = [np.sin(2 * np.pi * k * hz * time_s) / k for k in range(1, num_harmonics + 1)]
        syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4.0 * time_s)
        return (0.1 * syllables * np.sum(harmonics, axis=0)).astype(np.float32)
