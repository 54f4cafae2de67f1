"""Leaves singers out of a corpus, such as those that a voice is to be tested on, or one who has withdrawn."""

from collections.abc import Sequence

from duetto.corpus.manifest import Dropped, Ledger, Manifest
from duetto.errors import CorpusError

REASON = "in data.without"


def leave_out(manifest: Manifest, singers: Sequence[str]) -> Manifest:
    """Remove every clip of these singers, whatever its role and split; the ledger lists those of the target.

    Args:
        manifest: A corpus.
        singers: As they are called in the manifest; none = all clips stay.

    Raises:
        CorpusError: If a singer does not exist, or nothing would be left to train on.
    """
    if not singers:
        return manifest
    known = {clip.singer for clip in manifest.clips}
    unknown = sorted(set(singers) - known)
    if unknown:
        raise CorpusError(
            f"data.without: there is no {', '.join(unknown)} in this corpus. It has {', '.join(sorted(known))}."
        )
    left_out = [clip for clip in manifest.clips if clip.singer in singers]
    clips = tuple(clip for clip in manifest.clips if clip.singer not in singers)
    if not any(clip.role == "target" and clip.split == "train" for clip in clips):
        raise CorpusError("data.without leaves nobody to train on. Name fewer singers.")
    dropped = tuple(Dropped(clip.id, clip.duration_s, REASON) for clip in left_out if clip.role == "target")
    ledger = manifest.ledger
    used_s = ledger.seconds_used - sum(entry.seconds for entry in dropped)
    settings = {**manifest.settings, "without": sorted(singers)}
    return manifest.with_clips(clips, Ledger(ledger.seconds_in, used_s, ledger.dropped + dropped), settings)
