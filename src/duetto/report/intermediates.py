"""Excerpts of a recording after each preprocessing step, in the run's folder.

They are kept only with `preprocess.keep_intermediates=true`.
"""

from pathlib import Path

from duetto.corpus.manifest import Clip, Manifest
from duetto.storage.audio import read_span, write_audio

INTERMEDIATES_FOLDER = "intermediates"
EXCERPT_S = 12.0
REFERENCE = "reference"


def keep_excerpts(run_folder: Path, corpus: Path, manifest: Manifest) -> None:
    """Write the beginning of one recording after each step, and its reference where there is one.

    Args:
        run_folder: Excerpts go to `intermediates/<steps done>_<last step>.wav` in it.
        corpus: The preprocessed corpus.
        manifest: Of that corpus.

    Raises:
        AudioError: If an intermediate's file is damaged.
        StorageError: If the run's folder cannot be written.
    """
    for name, clip in select_intermediates(manifest).items():
        last = min(clip.num_samples, round(EXCERPT_S * clip.sample_rate))
        excerpt = read_span(corpus / clip.path, 0, last)
        write_audio(run_folder / INTERMEDIATES_FOLDER / f"{name}.wav", excerpt, clip.sample_rate, "PCM_16")


def select_intermediates(manifest: Manifest) -> dict[str, Clip]:
    """The intermediates of the first recording of test, else of train, by file name; the reference comes last."""
    intermediates = manifest.select("intermediate", "test") or manifest.select("intermediate", "train")
    if not intermediates:
        return {}
    # intermediate/<steps done>_<step>/<id of the recording>
    of_song = [
        clip for clip in intermediates if clip.song == intermediates[0].song and clip.singer == intermediates[0].singer
    ]
    places = [(clip.id.split("/")[1].partition("_"), clip) for clip in of_song]
    # Each part of a long recording has its own; the first part comes first.
    chosen = {f"{int(number):02d}_{step}": clip for (number, _, step), clip in reversed(places)}
    references = [clip for clip in manifest.select("reference") if clip.song == intermediates[0].song]
    return {**dict(sorted(chosen.items())), **({f"99_{REFERENCE}": references[0]} if references else {})}
