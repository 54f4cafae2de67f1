"""The parts of a run's page as plain values for the template, which escapes them."""

import base64
import io
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from duetto.evaluation.metric import BETTER, DIAGNOSTIC, HEADLINE, Metric
from duetto.evaluation.registry import all_metrics, metric_named
from duetto.report.collect import RunRecord, SongFolder, number, section
from duetto.report.figures import loss_figure, quality_figure, song_picture
from duetto.report.headline import duration_text
from duetto.report.own_songs import remark, selected_step, shown_steps
from duetto.report.own_voice import is_own
from duetto.storage.audio import Waveform
from duetto.storage.decoded import recall_audio

PAGE_AUDIO_RATE = 24000  # Hz
ENCODER_BLOCK = 65536  # samples handed to the encoder at once
PLAYERS = (
    ("source", "Source", "what was sung"),
    ("output", "Output", "the conversion"),
    ("reference", "Reference", "the target singing the same score"),
    ("copy_synthesis", "Copy synthesis", "the best to expect"),
)
SONG_METRICS = ("mcd_gap_closed", "mcd_output", "f0_rmse_cents", "voicing_error", "speaker_similarity", "rtf")
FACTS = ("case", "model", "size", "preprocess", "seed", "steps", "device", "precision", "created")
HASHES = ("signature", "data_hash", "code_version", "code")


def metric_rows(run: RunRecord) -> list[dict[str, Any]]:
    """One row per metric that is defined for a song, with its bounds."""
    rows, rebuilt = [], is_own(run)
    for metric in all_metrics():
        if metric.place != "output" or not _is_measured(run, metric) or (rebuilt and not run.count(metric.name)):
            continue
        rows.append(
            {
                "title": metric.title,
                "is_headline": metric.group == HEADLINE,
                "meaning": metric.meaning,
                "better": BETTER[metric.direction],
                "output": metric.shown(run.mean(metric.name)),
                "source": "" if rebuilt else _bound(run, metric, "source"),
                "copy_synthesis": _bound(run, metric, "copy_synthesis"),
                "reference": _bound(run, metric, "reference"),
                "songs": run.count(metric.name),
                "undefined": run.count(metric.name, "undefined"),
                "label": DIAGNOSTIC if rebuilt else run.label(metric.name),
            }
        )
    return rows


def gap_marker(run: RunRecord) -> dict[str, Any] | None:
    """Position of the gap closed on a scale from the source (0) to the copy synthesis (1); None if undefined."""
    closed = run.mean("mcd_gap_closed")
    if not math.isfinite(closed):
        return None
    return {
        "x": 60 + 480 * min(1.08, max(-0.1, closed)),  # in the scale's 600 units
        "text": metric_named("mcd_gap_closed").shown(closed),
        "source": metric_named("mcd_source").shown(run.mean("mcd_source")),
        "output": metric_named("mcd_output").shown(run.mean("mcd_output")),
        "copy_synthesis": metric_named("mcd_copy_synthesis").shown(run.mean("mcd_copy_synthesis")),
    }


def curve_pictures(run: RunRecord) -> list[dict[str, str]]:
    """Quality and loss curves, with a description in words."""
    pictures = []
    quality, losses = quality_figure(run.curve), loss_figure(run.losses)
    if quality is not None:
        alt = "Scores of a held-out excerpt over training. " + _first_to_last(
            run.curve, ("mcd_output", "mcd_gap_closed", "f0_rmse_cents")
        )
        pictures.append({"title": "Quality of a held-out excerpt", "uri": png_uri(quality), "alt": alt})
    if losses is not None:
        names = tuple(name for name in run.losses if name not in ("step", "minutes"))
        alt = "Training losses. " + _first_to_last(run.losses, names)
        pictures.append({"title": "Losses", "uri": png_uri(losses), "alt": alt})
    return pictures


def song_part(song: SongFolder, players: tuple[tuple[str, str, str], ...] = PLAYERS) -> dict[str, Any]:
    """A song's scores, spectrograms and players (role, name and remark of each)."""
    title = f"{song.song}, sung by {song.source_name}" if song.source_name else song.song
    shown = [metric_named(name) for name in SONG_METRICS]
    return {
        "title": title,
        "transpose": _transposition(song.transpose_semitones),
        "scores": [
            {"title": metric.title, "value": metric.shown(song.scores.get(metric.name))}
            for metric in shown
            if math.isfinite(song.scores.get(metric.name, math.nan))
        ],
        "picture": _song_picture(song, title),
        "players": [
            {
                "role": role,
                "name": name,
                "note": note,
                "label": f"{name} of {title}",
                "uri": audio_uri(song.audio[role]),
            }
            for role, name, note in players
            if role in song.audio
        ],
    }


def intermediate_players(run: RunRecord) -> list[dict[str, str]]:
    """A player for each kept intermediate of the preprocessing, in order."""
    players = []
    for path in run.intermediates:
        number, _, step = path.stem.partition("_")
        name = {"00": "As recorded", "99": "Reference"}.get(number, f"After {step}")
        players.append({"name": name, "label": f"{name}, an excerpt of a recording", "uri": audio_uri(path)})
    return players


def own_song_parts(run: RunRecord) -> list[dict[str, Any]]:
    """The user's songs as the voice sang them while it was trained: source, then the steps in order."""
    selected = selected_step(run.facts)
    parts = []
    for song in run.own_songs:
        sounds = [("source", "Source", "as it was sung", song.source)]
        steps = shown_steps(song.by_step, selected)
        sounds += [("output", f"Step {step}", remark(step, selected), song.by_step[step]) for step in steps]
        players = [
            {"role": role, "name": name, "note": note, "label": f"{name} of {song.name}", "uri": audio_uri(path)}
            for role, name, note, path in sounds
        ]
        left_out = len(song.by_step) - len(steps)
        parts.append({"title": song.name, "players": players, "left_out": left_out})
    return parts


def ledger_part(run: RunRecord) -> dict[str, Any] | None:
    """Seconds in, used, and dropped by reason; None if the run recorded none."""
    ledger = section(run.facts, "ledger")
    seconds_in, seconds_used = number(ledger.get("seconds_in")), number(ledger.get("seconds_used"))
    if not math.isfinite(seconds_in):
        return None
    by_reason: defaultdict[str, list[float]] = defaultdict(list)
    entries = ledger.get("dropped")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            by_reason[str(entry.get("reason"))].append(number(entry.get("seconds")))
    reasons = sorted(((sum(values), len(values), reason) for reason, values in by_reason.items()), reverse=True)
    dropped = sum(seconds for seconds, _, _ in reasons)
    return {
        "seconds_in": f"{seconds_in:.1f}",
        "seconds_used": f"{seconds_used:.1f}",
        "seconds_dropped": f"{dropped:.1f}",
        "share_used": f"{100 * seconds_used / seconds_in:.0f} %" if seconds_in > 0 else "–",
        "unaccounted": f"{seconds_in - seconds_used - dropped:.1f}"
        if abs(seconds_in - seconds_used - dropped) > 0.1
        else "",
        "reasons": [{"seconds": f"{total:.1f}", "clips": count, "reason": reason} for total, count, reason in reasons],
    }


def fact_rows(run: RunRecord) -> list[tuple[str, str]]:
    """Facts about the training, for the head of the page."""
    rows = [
        (name.replace("_", " "), str(run.facts[name])) for name in FACTS if run.facts.get(name) not in (None, "", {})
    ]
    if math.isfinite(run.training_seconds):
        rows.append(("training", duration_text(run.training_seconds)))
    if run.evaluation and run.evaluation_settings:
        rows.append(("scores", f"evaluation {run.evaluation}: {settings_text(run.evaluation_settings)}"))
    if run.other_evaluations:
        rows.append(("other scores in this run", ", ".join(run.other_evaluations)))
    return rows


def settings_text(settings: dict[str, Any]) -> str:
    """Evaluation settings in a line: `retrieval.index_rate 0.5, retrieval.neighbours 8, ...`."""
    parts = []
    for name, value in settings.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        parts += [f"{name}.{key} {each}".replace(". ", " ") for key, each in inner if "class" not in (name, key)]
    return ", ".join(parts)


def record_part(run: RunRecord) -> dict[str, Any]:
    """Signature, hashes and configuration, in full."""
    return {
        "hashes": [(name.replace("_", " "), _as_text(run.facts[name])) for name in HASHES if run.facts.get(name)],
        "config": json.dumps(run.facts.get("config"), indent=2, ensure_ascii=False) if run.facts.get("config") else "",
        "packages": sorted((str(k), str(v)) for k, v in section(run.facts, "packages").items()),
    }


def png_uri(png: bytes) -> str:
    """A PNG as a data URI."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def audio_uri(path: Path) -> str:
    """A sound file as a data URI: mono MP3 at 24 kHz, which every browser plays."""
    return waveform_uri(recall_audio(path, PAGE_AUDIO_RATE)[0])


def waveform_uri(waveform: Waveform) -> str:
    """A waveform (S,) at 24 kHz as a data URI, like `audio_uri`."""
    samples = np.clip(waveform, -1.0, 1.0)
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", PAGE_AUDIO_RATE, 1, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.2
    ) as file:
        for start in range(0, samples.size, ENCODER_BLOCK):
            file.write(samples[start : start + ENCODER_BLOCK])
    return "data:audio/mpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _song_picture(song: SongFolder, title: str) -> dict[str, str] | None:
    if "source" not in song.audio or "output" not in song.audio:
        return None
    reference = song.audio.get("reference")
    kinds = "source, output and reference" if reference else "source and output"
    pitch_error = metric_named("f0_rmse_cents").shown(song.scores.get("f0_rmse_cents"))
    return {
        "uri": png_uri(song_picture(song.audio)),
        "alt": f"Log-mel spectrograms of {kinds} of {title}, one above another on the same colour scale, "
        f"with the pitch contours below. F0 error of the output: {pitch_error}.",
    }


def _first_to_last(columns: dict[str, Any], names: tuple[str, ...]) -> str:
    parts = []
    for name in names:
        finite = columns[name][np.isfinite(columns[name])] if name in columns else np.zeros(0)
        if finite.size:
            parts.append(f"{name.replace('_', ' ')} from {finite[0]:.3g} to {finite[-1]:.3g}")
    return "; ".join(parts) + "." if parts else ""


def _is_measured(run: RunRecord, metric: Metric) -> bool:
    return run.count(metric.name) > 0 or metric.name == "mcd_gap_closed"


def _bound(run: RunRecord, metric: Metric, place: str) -> str:
    family = [other for other in all_metrics() if metric.family and other.family == metric.family]
    bounds = [other for other in family if other.place == place]
    return bounds[0].shown(run.mean(bounds[0].name)) if bounds else ""


def _transposition(semitones: float) -> str:
    if not math.isfinite(semitones) or semitones == 0:
        return ""
    return f"transposed by {semitones:+g} semitones"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
