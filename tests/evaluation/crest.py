"""A toy file of metrics, as a user would write one: the crest factor, and how far it is from the reference's."""

import numpy as np

from duetto.evaluation.measure import Measure
from duetto.evaluation.metric import by_itself, distance


def crest_db(waveform):
    return float(20 * np.log10(np.max(np.abs(waveform)) / np.sqrt(np.mean(waveform.astype(np.float64) ** 2))))


def _compare(pair):
    return {"crest_distance": abs(crest_db(pair.estimate.waveform) - crest_db(pair.reference.waveform))}


def _describe(alone):
    return {"crest": crest_db(alone.audio.waveform)}


MEASURE = Measure(
    metrics=(
        *distance("crest_distance", "crest distance", "dB", "Difference of the crest factors."),
        *by_itself("crest", "Crest factor", "dB", "reference", "Peak over root mean square.", group="signal"),
    ),
    compare=_compare,
    describe=_describe,
)
