"""Pictures of a diagnosis as PNG bytes: the register, and spectrograms of the excerpts with findings."""

import numpy as np
from matplotlib.figure import Figure

from duetto.conversion.register import COVERED_S
from duetto.diagnosis.diagnosis import Diagnosis
from duetto.diagnosis.finding import Finding
from duetto.report.figures import BLUE, GREY, ORANGE, PICTURE_RATE, mel_level_db, png_bytes
from duetto.storage.audio import Waveform
from duetto.units import note_name

RANGE_DB = 80.0
MARGIN = 2  # semitones shown beyond the sung range


def register_figure(diagnosis: Diagnosis) -> bytes:
    """Seconds at each semitone, those that the songs to convert need, and uncovered pitches."""
    seconds = diagnosis.register_s
    songs = np.sum(list(diagnosis.songs_s.values()), axis=0) if diagnosis.songs_s else np.zeros_like(seconds)
    used = np.flatnonzero((seconds >= 0.05) | (songs >= 0.05))
    midi = np.arange(max(0, used[0] - MARGIN), min(len(seconds), used[-1] + MARGIN + 1))
    figure = Figure(figsize=(9.6, 3.0), dpi=120, layout="constrained")
    axis = figure.subplots()
    axis.bar(midi, seconds[midi], width=0.85, color=BLUE, label="recorded")
    if diagnosis.songs_s:
        missing = (songs[midi] > 0.05) & (seconds[midi] < COVERED_S)
        axis.step(midi, songs[midi], where="mid", color=GREY, linewidth=1.6, label="the songs need")
        axis.bar(
            midi[missing], songs[midi][missing], width=0.85, color=ORANGE, hatch="//", label="needed, not recorded"
        )
    axis.axhline(COVERED_S, color=GREY, linestyle=":", linewidth=1.0)
    ticks = [int(m) for m in midi if m % 12 in (0, 4, 7)]
    axis.set_xticks(ticks, [note_name(m) for m in ticks])
    axis.set_ylabel("seconds sung")
    axis.set_title("Register", loc="left", fontsize=10, fontweight="bold")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, frameon=False)
    return png_bytes(figure)


def finding_figure(finding: Finding, excerpts: list[Waveform]) -> bytes:
    """Spectrograms of a finding's places side by side, on one colour scale."""
    levels = [mel_level_db(excerpt) for excerpt in excerpts]
    loudest_db = max(float(level.max()) for level in levels)
    figure = Figure(figsize=(2.9 * len(levels) + 0.6, 2.4), dpi=100, layout="constrained")
    axes = figure.subplots(1, len(levels), squeeze=False)[0]
    for axis, level, excerpt, place in zip(axes, levels, excerpts, finding.places, strict=False):
        axis.imshow(
            level,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=loudest_db - RANGE_DB,
            vmax=loudest_db,
            extent=(0.0, len(excerpt) / PICTURE_RATE, 0.0, 1.0),
            interpolation="nearest",
        )
        axis.set_yticks([])
        axis.set_title(place.recording[-26:].replace("$", r"\$"), fontsize=8, loc="left")
        axis.set_xlabel("s", fontsize=8)
        axis.tick_params(labelsize=8)
    return png_bytes(figure, colours=128)
