"""The data card of a corpus: what it holds, whose voices they are, and under which licences."""

from collections.abc import Iterable
from pathlib import Path

from duetto.corpus.manifest import LISTENED_TO, Clip, load_manifest

NOT_RECORDED = "see docs/third-party-voices.md"


def data_card(folder: Path) -> list[tuple[str, str]]:
    """Rows of name and value: seconds by split, speakers, languages, consent, licences, digest.

    A file that is both target and reference is counted once.

    Raises:
        CorpusError: If the folder is no corpus.
    """
    manifest = load_manifest(folder)
    heard = [clip for clip in manifest.clips if clip.role not in LISTENED_TO]
    trained = manifest.select("target", "train")
    rows = [
        ("case", manifest.case),
        ("folder", str(folder)),
        ("seconds", f"{seconds_of(heard):.1f} in {len({clip.path for clip in heard})} files"),
        ("seconds to train on", f"{seconds_of(trained):.1f}"),
    ]
    held_out = {split: [clip for clip in heard if clip.split == split] for split in ("val", "test")}
    rows += [(f"seconds held out for {split}", f"{seconds_of(clips):.1f}") for split, clips in held_out.items()]
    speakers = sorted({clip.singer for clip in heard})
    rows.append(("speakers", f"{len(speakers)}: {', '.join(speakers)}"))
    languages = sorted({clip.language for clip in heard if clip.language is not None})
    for language in languages:
        in_it = [clip for clip in heard if clip.language == language]
        rows.append((f"seconds in {language}", f"{seconds_of(in_it):.1f}"))
    rows.append(("seconds dropped", f"{manifest.ledger.seconds_dropped:.1f}"))
    rows.append(("subject", str(manifest.consent["subject"])))
    licences = manifest.settings.get("licences", {"voices and texts": NOT_RECORDED})
    rows += [(f"licence of {what}", str(licence)) for what, licence in licences.items()]
    return [*rows, ("content", manifest.content_hash())]


def seconds_of(clips: Iterable[Clip]) -> float:
    """Length of all files of the clips, each file once."""
    return sum({clip.path: clip.duration_s for clip in clips}.values())
