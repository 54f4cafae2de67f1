"""Quality of the output as predicted by a network trained on speech (`duetto.evaluation.models.predictor`)."""

from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.measure import Measure, ScoredSong, Scores
from duetto.evaluation.metric import PREDICTOR, by_itself


def _conclude(song: ScoredSong) -> Scores:
    predictor = song.instruments.predictor
    return {} if predictor is None else {"predicted_quality": predictor.predict(song.heard.waveform, SAMPLE_RATE)}


MEASURE = Measure(
    metrics=tuple(
        metric
        for metric in by_itself(
            "predicted_quality",
            "Predicted quality (DNSMOS)",
            "",
            "up",
            "Prediction of a network trained on speech, 1 to 5; falls with pitch, ignores gating. Not a rating.",
            group="predictor",
            label=PREDICTOR,
        )
        if metric.place in ("output", "reference")
    ),
    conclude=_conclude,
)
