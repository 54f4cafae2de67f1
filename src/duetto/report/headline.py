"""Texts of a run's page: the headline, and the warnings below it."""

import math
from collections.abc import Iterator

from duetto.evaluation.metric import DIAGNOSTIC
from duetto.report.blend import NOT_SCORED, blend_headline, shares_of
from duetto.report.collect import RunRecord, number, section
from duetto.report.own_voice import DIAGNOSTIC_SENTENCE, LOST_MELODY_CENTS, is_own, own_headline
from duetto.report.privacy import audience

LOST_VOICING = 0.15  # share of frames
GROSS_ERRORS = 0.05  # share of frames
AUDIBLE_DC = 0.01
AUDIBLE_BUZZ_DB = 2.0  # above the source's
FEW_SONGS = 3
WEAK_VOCODER = 0.5  # distance of the copy synthesis, as a share of the source's


def headline(run: RunRecord) -> str:
    """The result in one sentence: gap closed, pitch error, time of training."""
    closed, pitch_cents = run.mean("mcd_gap_closed"), run.mean("f0_rmse_cents")
    if shares_of(run):
        return blend_headline(run)
    if not run.scores:
        return f"Not scored yet{_after(run)}."
    if is_own(run):
        return own_headline(run)
    if math.isfinite(closed):
        said = f"Closed {100 * closed:.0f} % of the gap between source and vocoder"
        if closed < 0:
            said = f"Ended {-100 * closed:.0f} % of the gap farther from the reference than the unconverted source"
    else:
        said = "No statement on timbre"
    melody = (
        f"kept the melody within {pitch_cents:.0f} cents" if math.isfinite(pitch_cents) else "melody not measurable"
    )
    return f"{said}, {melody}{_after(run)}."


def warnings_of(run: RunRecord) -> list[str]:
    """Warnings against over-interpretation, one sentence each; empty if there are none."""
    if shares_of(run):
        return [*audience(run), NOT_SCORED]
    if not run.scores:
        return [*audience(run), "This run has no metrics.json: it was not scored."]
    timbre = [DIAGNOSTIC_SENTENCE] if is_own(run) else _timbre_warnings(run)
    return [*audience(run), *timbre, *_melody_warnings(run), *_signal_warnings(run), *_scope_warnings(run)]


def duration_text(seconds: float) -> str:
    """A readable duration: 45 s, 8 min 5 s, 2 h 3 min; "unknown time" when undefined."""
    if not math.isfinite(seconds):
        return "unknown time"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s".removesuffix(" 0 s")
    return f"{whole // 3600} h {whole % 3600 // 60} min".removesuffix(" 0 min")


def _after(run: RunRecord) -> str:
    seconds = run.training_seconds
    return f", after {duration_text(seconds)} of training" if math.isfinite(seconds) else ""


def _timbre_warnings(run: RunRecord) -> Iterator[str]:
    closed = run.mean("mcd_gap_closed")
    if closed < 0:
        yield "Worse than the unconverted source, which is nearer to the target voice than the output."
    if closed > 1:
        yield "Better than the copy synthesis: it is not an upper bound here, so the percentage means little."
    bound, source = run.mean("mcd_copy_synthesis"), run.mean("mcd_source")
    if bound > WEAK_VOCODER * source:
        yield (
            f"The vocoder is weak: copy synthesis is already {bound:.1f} dB off. "
            f"The gap to it is small; of the whole distance of {source:.1f} dB, "
            f"{source - run.mean('mcd_output'):.1f} dB were closed."
        )
    if not math.isfinite(closed) and run.count("mcd_output"):
        yield "The bounds are too close together to compute the gap closed."
    if run.mean("speaker_similarity") < run.mean("speaker_similarity_source"):
        yield "By speaker similarity, the unconverted source is nearer to the target than the output."


def _melody_warnings(run: RunRecord) -> Iterator[str]:
    if run.label("f0_rmse_cents") == DIAGNOSTIC:
        yield (
            "There is no recording of the target singing this: pitch is compared with the source "
            "(a diagnostic, not a verdict), and timbre is not scored."
        )
    if run.mean("f0_rmse_cents") > LOST_MELODY_CENTS:
        yield f"The melody is off by more than a quarter tone ({run.mean('f0_rmse_cents'):.0f} cents)."
    if run.mean("gross_pitch_error") > GROSS_ERRORS:
        yield f"{100 * run.mean('gross_pitch_error'):.0f} % of the sung frames are more than two semitones off."
    if run.mean("voicing_error") > LOST_VOICING:
        yield (
            f"Voicing is wrong in {100 * run.mean('voicing_error'):.0f} % of the frames; "
            "timbre and pitch scores cover only what is sung in both."
        )


def _signal_warnings(run: RunRecord) -> Iterator[str]:
    if run.mean("buzz_excess") > AUDIBLE_BUZZ_DB:
        yield (
            f"The output buzzes: in consonants and breaths a comb at the frame rate stands "
            f"{run.mean('buzz_excess'):.1f} dB higher than in the source (docs/decisions/frame-comb.md)."
        )
    if run.mean("clipped_share") > 0:
        yield f"The output clips ({100 * run.mean('clipped_share'):.3f} % of its samples)."
    if abs(run.mean("dc_offset")) > AUDIBLE_DC:
        yield f"The output has a DC offset of {run.mean('dc_offset'):.3f}."
    if abs(run.mean("length_error_samples")) > 0:
        yield f"Outputs are {run.mean('length_error_samples'):+.0f} samples longer than their sources on average."


def _scope_warnings(run: RunRecord) -> Iterator[str]:
    num_songs = len(run.scores.get("songs") or [])
    undefined = run.count("mcd_gap_closed", "undefined")
    if 0 < undefined < num_songs:
        yield f"Gap closed is undefined for {undefined} of {num_songs} songs; the mean is over the others."
    if num_songs < FEW_SONGS:
        yield f"Scored on {num_songs} song{'s' if num_songs != 1 else ''} and one seed: the spread is unknown."
    if run.facts.get("status") == "training":
        yield "The training of this run is not finished."
    ledger = section(run.facts, "ledger")
    if number(ledger.get("seconds_used")) < 0.5 * number(ledger.get("seconds_in")):
        yield "More than half of the recorded seconds were dropped before training; see the ledger."
