"""What the cleaning chains of case C do to the mix: the second table of docs/data.md.

    python benchmarks/cleaning.py [preprocess=study_c,study_c_mild] [songs=song_13,song_14]

Each chain of conf/preprocess is applied, unsliced, to the stereo mixes (3 dB), and the result is compared with the
vocal stem of the same mix: SI-SDR (Le Roux et al., ICASSP 2019); share of the stem's mel cells that fall by more than
20 dB (`preprocess.damage.hole_fraction`); and how much softer than in the mix the voice is, that is, the projection on
the stem. Means over the songs. Corpora are kept in a temporary folder until the end.
"""

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from duetto.corpus.build import build_corpus
from duetto.corpus.manifest import Clip, load_manifest
from duetto.preprocess.damage import hole_fraction, level_change_db, mel_levels_db
from duetto.preprocess.segment import Segment, Step, takes_channels
from duetto.runs.compose import compose_runs
from duetto.runs.prepare import build_steps
from duetto.settings.conf_files import conf_folder
from duetto.settings.run_config import TrainConfig
from duetto.storage.audio import Waveform, read_audio, read_channels

CHAINS = (
    "none,separate,study_c_mild,study_c,study_c_centre_0,study_c_centre_2,study_c_centre_4,"
    "study_c_gate_6,study_c_gate_12,study_c_gate_18,study_c_gate_24"
)


def settings(preprocess: str, songs: str, root: Path) -> TrainConfig:
    """Case C with these songs as training material, so that the chain treats them."""
    words = [f"preprocess={preprocess}", "model/size=compact", "data=case_c", f"data.root={root}"]
    words += [f"data.train_songs=[{songs}]", "data.val_songs=[]", "data.test_songs=[song_01]"]
    (config,) = compose_runs(conf_folder(), [words])
    return config


def cleaned(mix: Waveform, sample_rate: int, steps: Iterable[Step]) -> Waveform:
    """The mix (C, S) after the steps, in mono, (S,)."""
    segment = Segment(mix, sample_rate, "mix")
    for step in steps:
        (segment,), _ = step.apply((segment if takes_channels(step) else segment.mixed(),))
    return segment.mixed().waveform


def projection(voice: Waveform, sound: Waveform) -> float:
    """The factor of the voice (S,) that is nearest to a sound (S,)."""
    return float(np.dot(sound, voice) / np.dot(voice, voice))


def compared(mix: Waveform, voice: Waveform, rate: int, steps: Iterable[Step]) -> tuple[float, float, float]:
    """SI-SDR, dB; holes, 0..1; loss of the voice, dB."""
    estimate = cleaned(mix, rate, steps)
    factor = projection(voice, estimate)
    rest = np.sum(np.square(estimate - factor * voice))
    voice_db, estimate_db = mel_levels_db(voice, rate), mel_levels_db(estimate, rate)
    holes = hole_fraction(voice_db, estimate_db, level_change_db(voice_db, estimate_db))
    lost_db = -20 * np.log10(factor / projection(voice, mix.mean(axis=0)))
    return float(10 * np.log10(np.sum(np.square(factor * voice)) / rest)), holes, float(lost_db)


def sounds(folder: Path, clips: dict[str, Clip], song: str) -> tuple[Waveform, Waveform, int]:
    """The mix (C, S), its voice (S,), and their rate."""
    rate = clips[f"target/{song}"].sample_rate
    mix, _ = read_channels(folder / clips[f"target/{song}"].path)
    voice, _ = read_audio(folder / clips[f"stem/vocal/{song}"].path, rate)
    return mix, voice, rate


def main() -> None:
    """Print a row for each chain."""
    options = dict(argument.split("=", 1) for argument in sys.argv[1:])
    songs = options.get("songs", "song_13,song_14")
    with tempfile.TemporaryDirectory() as root:
        folder = build_corpus(settings("none", songs, Path(root)).data)
        clips = {clip.id: clip for clip in load_manifest(folder).clips}
        read = [sounds(folder, clips, song) for song in songs.split(",")]
        print("| chain | SI-SDR dB | holes | voice lost dB |\n|---|---|---|---|")
        for chain in options.get("preprocess", CHAINS).split(","):
            steps = build_steps(settings(chain, songs, Path(root)).preprocess)
            kept = [step for name, step in steps.items() if name != "slice"]
            rows = [compared(mix, voice, rate, kept) for mix, voice, rate in read]
            sdr, holes, lost = np.mean(rows, axis=0)
            print(f"| `{chain}` | {sdr:.1f} | {holes:.2f} | {lost:.1f} |", flush=True)


if __name__ == "__main__":
    main()
