"""`python -m duetto sing`: a score, sung by an embedded voice."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console


def register(verbs: Any) -> None:
    """Add the verb to the parser."""
    parser = verbs.add_parser("sing", help="sing a VSQX file with an embedded voice")
    parser.add_argument("score", type=Path, help="a .vsqx file (VOCALOID 3 or 4)")
    parser.add_argument("--voice", default="miku", help="an embedded voice (default: miku)")
    parser.add_argument("--track", type=int, default=1, help="which vocal track, counted from 1")
    parser.add_argument("--transpose", type=float, default=0.0, help="semitones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="default: SCORE_VOICE.wav in the working folder")
    parser.set_defaults(action=sing_score)


def sing_score(options: argparse.Namespace, console: Console) -> None:
    """Render one track of a VSQX file."""
    from duetto.audio import write_audio
    from duetto.errors import ScoreError
    from duetto.score.vsqx import read_vsqx
    from duetto.singer.sing import sing
    from duetto.singer.voices import get_voice

    voice = get_voice(options.voice)
    scores = read_vsqx(options.score)
    if not 1 <= options.track <= len(scores):
        raise ScoreError(
            f"{options.score} has {len(scores)} vocal tracks with notes; there is no track {options.track}."
        )
    score = scores[options.track - 1]
    for line in score.ignored:
        console.print(f"ignored: {line}", markup=False)
    with console.status(f"{voice.name} sings {len(score.notes)} notes"):
        rendition = sing(score, voice, seed=options.seed, transpose_semitones=options.transpose)
    output = options.output or Path(f"{options.score.stem}_{voice.name}.wav")
    write_audio(output, rendition.waveform, rendition.sample_rate)
    seconds = len(rendition.waveform) / rendition.sample_rate
    console.print(f"{output}: {seconds:.1f} s, {len(score.notes)} notes, voice {voice.name}", markup=False)
