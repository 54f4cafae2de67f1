"""Pictures of a run as PNG bytes: comparable spectrograms, losses, quality over training.

Colours: magma is ordered in lightness; lines use Okabe and Ito's palette, and differ in dash as well.
Figures are built without pyplot, which would need a window system and global state.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator
from numpy.typing import NDArray
from PIL import Image

from duetto.evaluation.analysis.pitch import track_f0
from duetto.evaluation.analysis.world import FRAME_PERIOD_MS
from duetto.features.spectrogram import linear_spectrogram, mel_filterbank, mel_from_linear
from duetto.report.collect import Columns
from duetto.storage.audio import Waveform
from duetto.storage.decoded import recall_audio
from duetto.storage.files import atomic_path

FloatArray = NDArray[np.float64]

BLUE, ORANGE, GREEN, GREY, CYAN = "#0072B2", "#D55E00", "#009E73", "#6b7280", "#56e1ff"
PICTURE_RATE = 24000  # Hz
N_FFT = 1024
HOP_LENGTH = 240
N_MELS = 96
PICTURE_NAME = "spectrograms.png"
RANGE_DB = 70.0  # shown below the loudest cell of the three
MAX_COLUMNS = 1400  # width of the picture; more frames are averaged
TICKS_HZ = (200, 500, 1000, 2000, 4000, 8000)
MAX_LOSSES = 9
PITCH_LINES = {"Source": (ORANGE, "--", 1.2, 1), "Reference": (GREEN, "-", 3.2, 2)}
OUTPUT_LINES = ((BLUE, "-", 1.2, 3), ("#8E3B86", "-.", 1.2, 4), ("#000000", ":", 1.4, 5), ("#7A5C00", "--", 1.2, 6))


def song_picture(audio: Mapping[str, Path]) -> bytes:
    """The spectrogram triple of a converted song, cached beside its output until that changes.

    Args:
        audio: Files by role: source, output, and reference if there is one.

    Returns:
        PNG bytes.

    Raises:
        AudioError: If a file is missing or unreadable.
        StorageError: If the picture cannot be written.
    """
    kept = audio["output"].with_name(PICTURE_NAME)
    if kept.is_file() and kept.stat().st_mtime_ns > audio["output"].stat().st_mtime_ns:
        return kept.read_bytes()
    png = spectrogram_triple(audio["source"], audio["output"], audio.get("reference"))
    with atomic_path(kept) as temporary:
        temporary.write_bytes(png)
    return png


def spectrogram_triple(source: Path, output: Path, reference: Path | None) -> bytes:
    """Log-mel spectrograms and pitch one above another, on one time axis and one colour scale.

    Args:
        source: The recording that was converted.
        output: The conversion.
        reference: The target singing the same score; left out if None.

    Returns:
        PNG bytes.

    Raises:
        AudioError: If a file is missing or unreadable.
    """
    return spectrogram_stack(
        [("Source", source), ("Output", output)] + ([("Reference", reference)] if reference else [])
    )


def spectrogram_stack(tracks: Sequence[tuple[str, Path]]) -> bytes:
    """Log-mel spectrograms of any number of performances of one song, and their pitch below.

    Args:
        tracks: Title and file of each, from top to bottom; at least one.

    Returns:
        PNG bytes.

    Raises:
        AudioError: If a file is missing or unreadable.
    """
    waveforms = [(title, recall_audio(path, PICTURE_RATE)[0]) for title, path in tracks]
    levels = [mel_level_db(waveform) for _, waveform in waveforms]
    loudest_db = max(float(level.max()) for level in levels)
    duration_s = max(waveform.size for _, waveform in waveforms) / PICTURE_RATE
    figure = Figure(figsize=(9.6, 1.6 * len(waveforms) + 2.2), dpi=120, layout="constrained")
    axes = figure.subplots(len(waveforms) + 1, 1, sharex=True)
    outputs = iter(OUTPUT_LINES * len(waveforms))
    for axis, (title, waveform), level in zip(axes[:-1], waveforms, levels, strict=True):
        contour = track_f0(waveform, PICTURE_RATE)
        _draw_spectrogram(axis, level, waveform.size / PICTURE_RATE, contour, loudest_db)
        _draw_pitch(axes[-1], title, contour, PITCH_LINES.get(title) or next(outputs))
        axis.set_title(title, loc="left", fontsize=10, fontweight="bold")
    _finish_pitch(axes[-1], duration_s, len(waveforms))
    colours = figure.colorbar(axes[0].images[0], ax=list(axes[:-1]), pad=0.01, aspect=40)
    colours.set_label("level (dB)")
    return png_bytes(figure, colours=224)


def quality_figure(curve: Columns) -> bytes | None:
    """Timbre distance between its bounds, share of the gap closed and pitch error over training.

    Args:
        curve: Columns step, minutes, and metric names.

    Returns:
        PNG bytes; None when there is nothing to draw.
    """
    has_distance = _is_drawable(curve, "mcd_output")
    panels = [("mcd_output", "timbre distance MCD* (dB)", 1.0)] if has_distance else []
    if _is_drawable(curve, "mcd_gap_closed"):
        panels.append(("mcd_gap_closed", "gap closed (%)", 100.0))
    if _is_drawable(curve, "f0_rmse_cents"):
        panels.append(("f0_rmse_cents", "F0 error (cents)", 1.0))
    if not panels:
        return None
    figure, axes = _panels(len(panels))
    time, label = _time_axis(curve)
    for axis, (name, title, factor) in zip(axes, panels, strict=True):
        axis.plot(time, factor * curve[name], color=BLUE, marker="o", markersize=3, label="output")
        axis.set_title(title, loc="left", fontsize=10)
        axis.set_xlabel(label)
        if name == "mcd_output":
            _draw_bounds(axis, curve, time)
        elif name == "mcd_gap_closed":
            axis.axhline(0.0, color=ORANGE, linestyle="--", linewidth=1.2, label="unconverted source")
            axis.axhline(100.0, color=GREEN, linestyle=":", linewidth=1.6, label="copy synthesis")
        else:
            axis.set_ylim(bottom=0.0)
    return png_bytes(figure)


def loss_figure(losses: Columns) -> bytes | None:
    """Each loss over training: logged values faint, their running mean strong.

    Args:
        losses: Columns step, minutes, and one per loss; the first nine are drawn.

    Returns:
        PNG bytes; None when there is nothing to draw.
    """
    names = [name for name in losses if name not in ("step", "minutes") and _is_drawable(losses, name)][:MAX_LOSSES]
    if not names:
        return None
    figure, axes = _panels(len(names))
    time, label = _time_axis(losses)
    for axis, name in zip(axes, names, strict=True):
        values = losses[name]
        axis.plot(time, values, color=BLUE, alpha=0.3, linewidth=0.8)
        axis.plot(time, _running_mean(values), color=BLUE, linewidth=1.8)
        axis.set_title(name.replace("_", " "), loc="left", fontsize=10)
        axis.set_xlabel(label)
    return png_bytes(figure)


def mel_level_db(waveform: Waveform) -> FloatArray:
    """Level of each mel band, (M, T), dB."""
    padded = np.pad(waveform, (0, -waveform.size % HOP_LENGTH))
    padded = np.pad(padded, (0, max(0, 4 * HOP_LENGTH - padded.size)))
    filters = mel_filterbank(PICTURE_RATE, N_FFT, N_MELS, 0.0, None)
    mel = mel_from_linear(linear_spectrogram(torch.from_numpy(padded), N_FFT, HOP_LENGTH), filters).numpy()
    step = max(1, -(-mel.shape[1] // MAX_COLUMNS))
    mel = np.pad(mel, ((0, 0), (0, -mel.shape[1] % step)), mode="edge").reshape(N_MELS, -1, step).mean(axis=2)
    return np.asarray(20.0 * np.log10(np.maximum(mel, 1e-7)), dtype=np.float64)


def _draw_spectrogram(
    axis: Axes, level_db: FloatArray, duration_s: float, f0_hz: FloatArray, loudest_db: float
) -> None:
    axis.imshow(
        level_db,
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=loudest_db - RANGE_DB,
        vmax=loudest_db,
        extent=(0.0, duration_s, -0.5, N_MELS - 0.5),
        interpolation="nearest",
    )
    bands = np.where(f0_hz > 0.0, _bands_of(f0_hz), np.nan)
    time_s = np.arange(f0_hz.size) * FRAME_PERIOD_MS / 1000.0
    axis.plot(time_s, bands, color="black", linewidth=2.6)
    axis.plot(time_s, bands, color=CYAN, linewidth=1.3)
    axis.set_yticks(_bands_of(np.array(TICKS_HZ, dtype=np.float64)), [f"{hz / 1000:g}" for hz in TICKS_HZ])
    axis.set_ylabel("kHz")


def _draw_pitch(axis: Axes, title: str, f0_hz: FloatArray, line: tuple[str, str, float, int]) -> None:
    colour, dash, width, order = line
    time_s = np.arange(f0_hz.size) * FRAME_PERIOD_MS / 1000.0
    pitch = np.where(f0_hz > 0.0, f0_hz, np.nan)
    axis.plot(time_s, pitch, color=colour, linestyle=dash, linewidth=width, zorder=order, label=title.lower())


def _finish_pitch(axis: Axes, duration_s: float, num_lines: int) -> None:
    """Pitch axis in octaves, with a few round frequencies."""
    axis.set_yscale("log", base=2)
    axis.set_title("Pitch", loc="left", fontsize=10, fontweight="bold")
    axis.yaxis.set_major_locator(LogLocator(base=2.0, subs=(1.0, 1.5)))
    axis.yaxis.set_major_formatter(FormatStrFormatter("%.0f"))
    axis.set_ylabel("Hz")
    axis.set_xlabel("time (s)")
    axis.set_xlim(0.0, duration_s)
    axis.grid(alpha=0.25)
    axis.legend(fontsize=8, ncols=num_lines, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 0.97))


def _bands_of(frequency_hz: FloatArray) -> FloatArray:
    """Fractional mel band of each frequency, from the filters' own centres."""
    filters = mel_filterbank(PICTURE_RATE, N_FFT, N_MELS, 0.0, None).numpy().astype(np.float64)
    bins_hz = np.linspace(0.0, PICTURE_RATE / 2, filters.shape[1])
    centres_hz = filters @ bins_hz / filters.sum(axis=1)
    return np.asarray(np.interp(frequency_hz, centres_hz, np.arange(N_MELS)), dtype=np.float64)


def _draw_bounds(axis: Axes, curve: Columns, time: FloatArray) -> None:
    for name, text, colour, dash in (
        ("mcd_source", "unconverted source", ORANGE, "--"),
        ("mcd_copy_synthesis", "copy synthesis", GREEN, ":"),
    ):
        if _is_drawable(curve, name):
            axis.plot(time, curve[name], color=colour, linestyle=dash, linewidth=1.6, label=text)
    axis.set_ylim(0.0, 1.5 * axis.get_ylim()[1])  # headroom for the legend
    axis.legend(fontsize=8, frameon=False, loc="upper right")


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    columns = min(count, 3)
    rows = -(-count // columns)
    figure = Figure(figsize=(3.5 * columns, 2.6 * rows), dpi=120, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=9)
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


def _time_axis(columns: Columns) -> tuple[FloatArray, str]:
    if _is_drawable(columns, "minutes"):
        return columns["minutes"], "minutes of training"
    if _is_drawable(columns, "step"):
        return columns["step"], "step"
    return np.arange(len(next(iter(columns.values()))), dtype=np.float64), "row"


def _is_drawable(columns: Columns, name: str) -> bool:
    return name in columns and bool(np.isfinite(columns[name]).any())


def _running_mean(values: FloatArray) -> FloatArray:
    """Centred mean over about a twentieth of the run, NaN left out."""
    width = max(1, values.size // 20) | 1
    kernel = np.ones(width)
    finite = np.isfinite(values)
    total = np.convolve(np.where(finite, values, 0.0), kernel, mode="same")
    count = np.convolve(finite.astype(np.float64), kernel, mode="same")
    return np.asarray(np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan), dtype=np.float64)


def png_bytes(figure: Figure, colours: int | None = None) -> bytes:
    """Render a figure; `colours` limits it to a palette, which keeps the page small."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    if colours is not None:
        image = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
