"""The page of a diagnosis: findings, plots and playable excerpts in one HTML file that needs no network."""

from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from duetto.diagnosis.diagnosis import Diagnosis, Problem
from duetto.diagnosis.finding import Finding, Place
from duetto.diagnosis.gather import DoctorInput
from duetto.diagnosis.sound import Sound
from duetto.diagnosis.table import STYLES, clock
from duetto.report.doctor_figures import finding_figure, register_figure
from duetto.report.sections import PAGE_AUDIO_RATE, png_uri, waveform_uri
from duetto.report.template import content_policy, template_source
from duetto.storage.audio import Waveform, resample
from duetto.storage.files import write_text

MAX_PLAYERS = 4  # per finding
LONGEST_PLAYED_S = 5.0


def write_doctor_page(diagnosis: Diagnosis, recordings: DoctorInput, page: Path) -> None:
    """Write the page.

    Args:
        diagnosis: The findings.
        recordings: The recordings, which are read again for the excerpts.
        page: The file to write.

    Raises:
        StorageError: If it cannot be written.
    """
    shown = [finding for finding in diagnosis.ranked if finding.severity in ("serious", "warning")]
    wanted = [place for finding in shown for place in finding.places[:MAX_PLAYERS]]
    excerpts = read_excerpts(recordings, wanted)
    environment = Environment(
        loader=PackageLoader("duetto.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (template_source(environment, name) for name in ("run.css", "run.js"))
    text = environment.get_template("doctor.html").render(
        name=diagnosis.name,
        verdict=diagnosis.verdict,
        facts=[("recordings", diagnosis.recordings), ("minutes", f"{diagnosis.seconds / 60:.1f}")],
        register=png_uri(register_figure(diagnosis)) if diagnosis.register_s.sum() > 0 else None,
        findings=[finding_part(finding, excerpts) for finding in shown],
        rest=[finding_part(f, {}) for f in diagnosis.ranked if f.severity in ("unknown", "fine")],
        problems=diagnosis.problems,
        policy=content_policy(style, script),
        style=style,
        script=script,
    )
    write_text(page, text)


def finding_part(finding: Finding, excerpts: dict[Place, Waveform]) -> dict[str, Any]:
    """The values of a finding for the template."""
    places = [place for place in finding.places[:MAX_PLAYERS] if place in excerpts]
    figure = finding_figure(finding, [excerpts[place] for place in places]) if places else None
    return {
        "check": finding.check,
        "severity": finding.severity,
        "sign": STYLES[finding.severity][0],
        "what": finding.what,
        "predicts": finding.predicts,
        "advice": finding.advice,
        "evidence": [(name.replace("_", " "), number_text(value)) for name, value in finding.evidence.items()],
        "picture": png_uri(figure) if figure is not None else None,
        "players": [
            {
                "name": place.recording,
                "note": f"{clock(place.start_s)} to {clock(place.end_s)} {place.note}".strip(),
                "uri": waveform_uri(excerpts[place]),
            }
            for place in places
        ],
        "more": [f"{place.recording} at {clock(place.start_s)}" for place in finding.places if place not in places],
    }


def read_excerpts(recordings: DoctorInput, places: list[Place]) -> dict[Place, Waveform]:
    """Samples of each place, (S,) at 24 kHz, at most five seconds; unreadable places are left out."""
    by_recording: dict[str, list[Place]] = {}
    for place in places:
        by_recording.setdefault(place.recording, []).append(place)
    found: dict[Place, Waveform] = {}
    for sound in recordings.sounds() if by_recording else ():
        if isinstance(sound, Problem):
            continue
        for place in by_recording.get(sound.recording, ()):
            if sound.start_s <= place.start_s < sound.start_s + sound.duration_s:
                found[place] = _excerpt(sound, place)
    return found


def _excerpt(sound: Sound, place: Place) -> Waveform:
    first = max(0, round((place.start_s - sound.start_s) * sound.sample_rate))
    last = first + max(1, round(min(place.duration_s, LONGEST_PLAYED_S) * sound.sample_rate))
    waveform = resample(
        sound.channels[:, first:last].mean(axis=0, dtype=np.float32), sound.sample_rate, PAGE_AUDIO_RATE
    )
    peak = float(np.max(np.abs(waveform), initial=0.0))
    return waveform if peak <= 1.0 else np.asarray(waveform / peak, dtype=np.float32)


def number_text(value: float) -> str:
    """A number with three significant digits; `unknown` if undefined."""
    return f"{value:.3g}" if np.isfinite(value) else "unknown"
