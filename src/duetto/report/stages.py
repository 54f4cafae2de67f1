"""What each step of the preprocessing made of a recording, as sound: excerpts in the run's folder.

There are stages only when they were asked for: `preprocess.keep_stages=true`.
"""

from pathlib import Path

from duetto.corpus.manifest import Clip, Manifest
from duetto.storage.audio import read_span, write_audio

STAGES_FOLDER = "stages"
EXCERPT_S = 12.0
TRUTH = "truth"


def keep_excerpts(run_folder: Path, corpus: Path, manifest: Manifest) -> None:
    """Write the beginning of one recording after each step, and its truth where there is one.

    Args:
        run_folder: Excerpts go to `stages/<steps done>_<last step>.wav` in it.
        corpus: The preprocessed corpus.
        manifest: Of that corpus.

    Raises:
        AudioError: If a stage's file is damaged.
        StorageError: If the run's folder cannot be written.
    """
    for name, clip in chosen_stages(manifest).items():
        last = min(clip.num_samples, round(EXCERPT_S * clip.sample_rate))
        excerpt = read_span(corpus / clip.path, 0, last)
        write_audio(run_folder / STAGES_FOLDER / f"{name}.wav", excerpt, clip.sample_rate, "PCM_16")


def chosen_stages(manifest: Manifest) -> dict[str, Clip]:
    """The stages of the first recording of test, else of train, by their file's name; the truth comes last."""
    stages = manifest.select("stage", "test") or manifest.select("stage", "train")
    if not stages:
        return {}
    # stage/<steps done>_<step>/<id of the recording>
    of_song = [clip for clip in stages if clip.song == stages[0].song and clip.singer == stages[0].singer]
    places = [(clip.id.split("/")[1].partition("_"), clip) for clip in of_song]
    # Of a long recording each part has its own; the first part comes first.
    chosen = {f"{int(number):02d}_{step}": clip for (number, _, step), clip in reversed(places)}
    truths = [clip for clip in manifest.select("truth") if clip.song == stages[0].song]
    return {**dict(sorted(chosen.items())), **({f"99_{TRUTH}": truths[0]} if truths else {})}
