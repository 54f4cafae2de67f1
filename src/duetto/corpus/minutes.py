"""Restricts training to the first minutes of the training clips, for curves over the amount of data."""

from duetto.corpus.manifest import Dropped, Ledger, Manifest
from duetto.errors import CorpusError

REASON = "over data.minutes"
SLACK_S = 1e-6  # rounding of sums


def keep_minutes(manifest: Manifest, minutes: float) -> Manifest:
    """Keep only the first training clips, in the order of their ids, that fit into `minutes` together.

    Only whole clips are kept; after slicing they last at most 8 s, so the result is at most that much shorter than
    `minutes`. The ledger lists the rest as dropped. Sources, references, and target clips of other splits are kept.

    Args:
        manifest: A corpus, sliced or not.
        minutes: 0 = all.

    Raises:
        CorpusError: If not even the first clip fits.
    """
    if minutes == 0:
        return manifest
    train = manifest.select("target", "train")
    kept, total_s = set[str](), 0.0
    for clip in train:
        total_s += clip.duration_s
        if total_s > 60.0 * minutes + SLACK_S:
            break
        kept.add(clip.id)
    if train and not kept:
        raise CorpusError(
            f"data.minutes={minutes:g}: the first clip lasts {train[0].duration_s:.1f} s; "
            f"expected at least {train[0].duration_s / 60.0:.3f}."
        )
    left_out = [clip for clip in train if clip.id not in kept]
    clips = tuple(clip for clip in manifest.clips if clip not in left_out)
    dropped = tuple(Dropped(clip.id, clip.duration_s, REASON) for clip in left_out)
    ledger = manifest.ledger
    used_s = ledger.seconds_used - sum(entry.seconds for entry in dropped)
    settings = {**manifest.settings, "minutes": minutes}
    return manifest.with_clips(clips, Ledger(ledger.seconds_in, used_s, ledger.dropped + dropped), settings)
