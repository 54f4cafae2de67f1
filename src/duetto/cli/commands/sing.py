"""`python -m duetto sing`: renders a score with an embedded voice."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import MofNCompleteColumn
from rich.table import Table

from duetto.cli.commands.score import formats_text, score_file
from duetto.cli.help import HELP_ALL
from duetto.score.tracks import SOUNDING, choose_tracks, muted_line
from duetto.terminal import bars, print_places

if TYPE_CHECKING:
    from duetto.score.score import Score
    from duetto.singer.sing import Rendition
    from duetto.singer.voices import EmbeddedVoice

ANNOTATION_SUFFIXES = (".npz", ".json")


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    from duetto.singer.voices import VOICES

    lines = (
        f"  {voice.name:8} {voice.family:6} MIDI {voice.range_midi[0]} to {voice.range_midi[1]}"
        for voice in VOICES.values()
    )
    parser = verbs.add_parser(
        "sing",
        help="sing a score with an embedded voice",
        description="Sing a score: python -m duetto sing song.vsqx voice=mei, or song.ust, .svp, .musicxml, .mid",
        epilog=f"voices: {', '.join(VOICES)}; their ranges and the formats of scores: --help-all",
    )
    parser.add_argument("score", type=score_file, help="a score file, or the name of a song that ships: slow_02")
    parser.add_argument("--voice", default="miku", help="an embedded voice (default: miku)")
    parser.add_argument(
        "--tracks",
        "--track",
        default=SOUNDING,
        help="vocal tracks: numbers from 1, such as 1,3; all; or sounding (those that the file does not mute, default)",
    )
    parser.add_argument("--transpose", type=float, default=0.0, help="semitones")
    parser.add_argument("--seed", type=int, default=0, help="seed of drift, jitter, breaths and noise (default: 0)")
    parser.add_argument("--output", type=Path, help="a .wav file (default: SCORE_VOICE.wav in the working folder)")
    parser.add_argument("--annotations", type=Path, help="also write phones, notes and F0: a .npz or .json file")
    listed = "\n".join((formats_text(), "", "voices (name, family, comfortable range):", *lines))
    parser.add_argument(HELP_ALL, action="version", version=listed, help="list the voices and the formats of scores")
    parser.set_defaults(action=sing_score)


def sing_score(options: argparse.Namespace, console: Console) -> None:
    """Render the tracks of a score, each to a WAV."""
    from duetto.errors import ConfigError
    from duetto.score.formats.registry import read_score
    from duetto.singer.adapt import adapt
    from duetto.singer.voices import get_voice
    from duetto.storage.audio import write_audio

    voice = get_voice(options.voice)
    if options.annotations is not None and options.annotations.suffix.lower() not in ANNOTATION_SUFFIXES:
        raise ConfigError(f"annotations={options.annotations} must end in {' or '.join(ANNOTATION_SUFFIXES)}.")
    scores = read_score(options.score)
    numbers = choose_tracks(scores, options.tracks, options.score)
    output = options.output or Path(f"{options.score.stem}_{voice.name}.wav")
    table = Table("track", "name", "notes", "seconds", "sung MIDI", title=f"sung by {voice.name}")
    files: dict[str, str | Path] = {}
    remarks = dict.fromkeys(filter(None, [muted_line(scores, numbers)]))  # in order, without repetitions
    for number in numbers:
        score, changes = adapt(scores[number - 1], voice, options.transpose)
        prefix = f"track {number}: " if len(numbers) > 1 else ""
        remarks.update(dict.fromkeys(f"ignored: {line}" for line in score.ignored))
        remarks.update(dict.fromkeys(f"{prefix}{line}" for line in changes))
        rendition = _sing_with_progress(score, voice, options, console)
        path = _numbered(output, number, len(numbers))
        write_audio(path, rendition.waveform, rendition.sample_rate)
        if options.annotations is not None:
            _write_annotations(rendition, _numbered(options.annotations, number, len(numbers)))
        seconds = len(rendition.waveform) / rendition.sample_rate
        span = f"{rendition.note_midi.min():g} to {rendition.note_midi.max():g}"
        table.add_row(str(number), _plain(score.name), str(len(score.notes)), f"{seconds:.1f}", span)
        files[f"track {number}"] = path
    for line in remarks:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    print_places(console, files)


def _sing_with_progress(
    score: "Score", voice: "EmbeddedVoice", options: argparse.Namespace, console: Console
) -> "Rendition":
    from duetto.score.tempo import TempoMap
    from duetto.singer.sing import sing

    last = score.notes[-1]
    with bars(console, MofNCompleteColumn(), "s") as progress:
        seconds = TempoMap(score.tempos).seconds(last.tick + last.duration)
        task = progress.add_task(f"{voice.name} sings {len(score.notes)} notes", total=round(seconds))
        return sing(
            score,
            voice,
            seed=options.seed,
            transpose_semitones=options.transpose,
            progress=lambda done: progress.advance(task, round(done)),
        )


def _numbered(path: Path, number: int, total: int) -> Path:
    return path if total == 1 else path.with_stem(f"{path.stem}_track{number}")


def _write_annotations(rendition: "Rendition", path: Path) -> None:
    from duetto.singer.annotations import save_annotations, save_annotations_json

    (save_annotations_json if path.suffix.lower() == ".json" else save_annotations)(rendition.annotations, path)


def _plain(text: str) -> Any:
    """Text for a table, with literal square brackets."""
    from rich.text import Text

    return Text(text)
