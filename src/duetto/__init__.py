"""duetto: a research harness that measures what data quality does to singing voice conversion.

    import duetto

    voice = duetto.load_voice("latest")                       # a run, or a public model: "mei.pth"
    sung = voice.convert(waveform, sample_rate, transpose=6)  # as long as the source, to the sample
    run = duetto.train(["model=rvc", "data=case_b"])          # run.metrics, run.voice()
    scores = duetto.evaluate("output.wav", "reference.wav", "source.wav")
    report = duetto.doctor("my_voice")                        # report.findings, report.to_html("doctor.html")

Nothing heavy is imported before one of these is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duetto.errors import DuettoError
    from duetto.front.doctor import Report, doctor
    from duetto.front.evaluate import evaluate
    from duetto.front.run import Run, train
    from duetto.front.voice import ConversionSettings, Voice, load_voice

__version__ = "0.1.0"
__all__ = [
    "ConversionSettings",
    "DuettoError",
    "Report",
    "Run",
    "Voice",
    "__version__",
    "doctor",
    "evaluate",
    "load_voice",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import what the front door offers when it is first asked for."""
    places = {
        "ConversionSettings": "duetto.front.voice",
        "DuettoError": "duetto.errors",
        "Report": "duetto.front.doctor",
        "Run": "duetto.front.run",
        "Voice": "duetto.front.voice",
        "doctor": "duetto.front.doctor",
        "evaluate": "duetto.front.evaluate",
        "load_voice": "duetto.front.voice",
        "train": "duetto.front.run",
    }
    if name not in places:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(places[name]), name)


def __dir__() -> list[str]:
    return __all__
