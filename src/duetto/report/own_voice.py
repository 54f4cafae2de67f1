"""What the page of one's own voice says: its recordings are their own references, so nothing is placed between bounds.

The test of such a run rebuilds held-out recordings of the same singer. Its scores say how well the voice does that, not
how it sounds on the song of another singer: they are diagnostic.
"""

import math
import shlex
from typing import Any

from duetto.diagnosis.finding import SEVERITIES
from duetto.evaluation.table import is_reconstruction
from duetto.report.collect import RunRecord, section

MOST_FINDINGS = 3  # of the doctor, the gravest
LOST_MELODY_CENTS = 50.0  # a quarter tone: listeners hear wrong notes
PLAYERS = (
    ("source", "Recording", "held out, never trained on"),
    ("output", "Your voice", "the same, rebuilt by the model"),
    ("copy_synthesis", "Vocoder alone", "the best that this model can rebuild"),
)
DIAGNOSTIC_SENTENCE = (
    "Your recordings have no counterpart by another singer: the scores below say how well the voice rebuilds them "
    "(diagnostic), not how it sounds on another singer's song. Listen, then convert a song."
)


def is_own(run: RunRecord) -> bool:
    """Whether the scores are of recordings that were rebuilt."""
    return is_reconstruction(run.scores)


def own_headline(run: RunRecord) -> str:
    """What came of the training, in a sentence."""
    name = run.given_name or "Your voice"
    pitch_cents, errors = run.mean("f0_rmse_cents"), run.mean("word_error")
    said = f"{name} is ready"
    if pitch_cents > LOST_MELODY_CENTS:
        said = f"{name} is trained, but loses the melody by {pitch_cents:.0f} cents"
    elif math.isfinite(pitch_cents):
        said += f": it follows the melody within {pitch_cents:.0f} cents"
    if math.isfinite(errors):
        said += f", and {max(0, round(20 * (1 - errors)))} of 20 words are understood"
    return f"{said}."


def doctor_part(run: RunRecord) -> dict[str, Any] | None:
    """The gravest findings of the data doctor; None if it was not asked."""
    findings = section(run.facts, "doctor").get("findings")
    if not isinstance(findings, list):
        return None
    grave = [f for f in findings if isinstance(f, dict) and f.get("severity") in ("serious", "warning")]
    ranked = sorted(grave, key=lambda finding: SEVERITIES.index(finding["severity"]))
    shown = [{key: str(f.get(key) or "") for key in ("check", "severity", "what", "advice")} for f in ranked]
    return {"findings": shown[:MOST_FINDINGS], "more": max(0, len(shown) - MOST_FINDINGS)}


def next_commands(run: RunRecord) -> list[tuple[str, str]]:
    """What to do next, and its command."""
    wanted = shlex.quote(f"run={run.given_name or run.facts.get('signature') or run.folder.name}")
    return [
        ("Convert a voice recording", f"python infer.py {wanted} source=SONG.wav transpose=auto"),
        ("Convert a whole song", f"python infer.py {wanted} song=MIX.mp3 transpose=auto"),
    ]
