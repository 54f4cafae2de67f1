"""Writes the sound gallery of the documentation: songs by the voices of several runs, beside source and reference.

    python train.py model=linear data=case_b name=gallery_linear
    python train.py model=rvc data=case_b name=gallery_rvc
    python train.py model=diffsvc data=case_b name=gallery_diffsvc
    python benchmarks/gallery.py gallery_rvc gallery_diffsvc gallery_linear

The runs are of one case, so that their test songs are the same. Of each song two excerpts are cut; all sounds are mono
MP3 at 24 kHz. Runs that hold a person's voice are taken only if everyone in them allows `publish_audio`.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from duetto.architectures.registry import get_architecture
from duetto.errors import ConfigError, report_errors
from duetto.ownership.gate import require_allowed
from duetto.report.collect import RunRecord, SongFolder, collect_run
from duetto.storage.audio import read_audio
from duetto.storage.files import make_folder, write_text
from duetto.storage.run_folder import RunFolder
from duetto.voices.find import find_run

RATE = 24_000  # Hz, of the pages' sound
EXCERPT_S = 7.0
NUM_EXCERPTS = 2  # of each song
BOUNDS = {"source": "Source", "reference": "Reference (truth)"}
SHOWN = {
    "mcd_gap_closed": "{:.0%} of the gap closed",
    "mcd_output": "MCD\\* {:.1f} dB",
    "f0_rmse_cents": "{:.0f} cents",
}
HEAD = """# Gallery

Songs that no voice was trained on, from [case B](../data.md): *{target}* learned {seconds:.0f} s of fast songs, and
*{source}* sings the source. The reference is the target singing the same score. {trained}

Two excerpts of each of {num_songs} songs; the numbers are of the whole song. These singers are synthetic, which is why
there is a truth to compare with. Made by `python benchmarks/gallery.py {names}`.

"""
NATURAL = """## Natural voices

Two held-out natural voices, each one sentence, converted to *bf_emma*
([words of people](../results/voices/README.md)); nobody knows how she would say these, so there is no reference.

"""


@dataclass(frozen=True)
class Take:
    """What one player plays."""

    title: str
    place: str  # of the sound, from the page


def excerpts(num_samples: int) -> list[slice]:
    """Stretches of `EXCERPT_S` seconds, evenly over a song, without its first and last tenth."""
    size = round(EXCERPT_S * RATE)
    last = max(0, round(0.9 * num_samples) - size)
    starts = np.linspace(min(round(0.1 * num_samples), last), last, NUM_EXCERPTS).astype(int)
    return [slice(int(start), int(start) + size) for start in starts]


def write_sound(path: Path, waveform: NDArray[np.float32]) -> None:
    """Write a mono MP3."""
    make_folder(path.parent)
    sound = np.clip(waveform, -1.0, 1.0)
    soundfile.write(path, sound, RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.5)


def players(takes: list[Take]) -> str:
    """A row of players as HTML, which the site takes over as it is."""
    cells = (
        f"<figure><figcaption>{take.title[:1].upper() + take.title[1:]}</figcaption>"
        f'<audio controls preload="none" aria-label="{take.title}" src="{take.place}"></audio></figure>'
        for take in takes
    )
    return f'<div class="gallery">\n{chr(10).join(cells)}\n</div>\n\n'


def scores_of(song: SongFolder) -> str:
    """The scores of a conversion in a few words."""
    return ", ".join(text.format(song.scores[name]) for name, text in SHOWN.items() if name in song.scores)


def song_part(number: int, songs: dict[str, SongFolder], page: Path) -> str:
    """The excerpts of one song, by each architecture."""
    first = next(iter(songs.values()))
    sounds = {BOUNDS[role]: first.audio[role] for role in BOUNDS} | {
        t: song.audio["output"] for t, song in songs.items()
    }
    waveforms = {title: read_audio(path, RATE)[0] for title, path in sounds.items()}
    text = (
        f"## {first.song}\n\n"
        + "".join(f"- **{title[:1].upper() + title[1:]}**: {scores_of(song)}\n" for title, song in songs.items())
        + "\n"
    )
    for place, stretch in enumerate(excerpts(len(waveforms["Source"])), start=1):
        takes = []
        for index, (title, waveform) in enumerate(waveforms.items()):
            sound = f"audio/{number}_{place}_{index}.mp3"
            write_sound(page.parent / sound, waveform[stretch])
            takes.append(Take(title, sound))
        text += players(takes)
    return text


def natural_part(folder: Path) -> str:
    """The players of the two natural voices, whose sounds lie beside their study."""
    text = NATURAL
    for name in sorted({path.stem.rpartition("_")[0] for path in folder.glob("*.ogg")}):
        titles = {"source": "Source", "rvc": "RVC", "diffsvc": "Diff-SVC", "linear": "Linear baseline"}
        takes = [
            Take(title, f"../results/voices/audio/{name}_{each}.ogg")
            for each, title in titles.items()
            if (folder / f"{name}_{each}.ogg").is_file()
        ]
        text += f"### {name.rpartition('_')[0]}\n\n{players(takes)}"
    return text


def read_runs(names: list[str], logs: Path) -> dict[str, RunRecord]:
    """The runs by the title of their architecture.

    Raises:
        ConfigError: If they are not of one case, or have no song in common.
        CorpusError: If somebody in one does not allow that its sound is published.
    """
    runs: dict[str, RunRecord] = {}
    for name in names:
        run = collect_run(find_run(logs, name))
        require_allowed(run.facts, "publish_audio", RunFolder(run.folder).record)
        runs[get_architecture(str(run.facts["model"])).title] = run
    if len({run.facts["data_hash"] for run in runs.values()}) > 1:
        raise ConfigError("The runs were trained on different data. Name runs of one case.")
    return runs


def steps_of(run: RunRecord) -> str:
    """How long it was trained, in words behind its name."""
    is_solved = get_architecture(str(run.facts["model"])).is_closed_form
    return ", solved in one pass" if is_solved else f", {run.facts['steps']} steps"


def common_songs(runs: dict[str, RunRecord]) -> list[dict[str, SongFolder]]:
    """The songs that every run converted, by the title of its architecture.

    Raises:
        ConfigError: If there is none.
    """
    by_run = {title: {song.song: song for song in run.songs} for title, run in runs.items()}
    names = sorted(set.intersection(*(set(songs) for songs in by_run.values())))
    if not names:
        raise ConfigError("The runs converted no song in common. Let their tests finish.")
    return [{title: songs[name] for title, songs in by_run.items()} for name in names]


def main() -> None:
    """Write page and sounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", help="names or signatures of runs of one case")
    parser.add_argument("--logs", type=Path, default=Path("logs"))
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    options = parser.parse_args()
    runs = read_runs(options.runs, options.logs)
    page = options.docs / "gallery" / "index.md"
    shared, first = common_songs(runs), next(iter(runs.values()))
    trained = "; ".join(f"{title}{steps_of(run)}" for title, run in runs.items())
    text = HEAD.format(
        target=first.facts["config"]["data"]["target"],
        source=shared[0][next(iter(runs))].source_name,
        seconds=first.facts["feature_seconds"]["extracted"] + first.facts["feature_seconds"]["from_cache"],
        trained=f"At most eight minutes of training on a core that had other work: {trained}.",
        num_songs=len(shared),
        names=" ".join(options.runs),
    )
    text += "".join(song_part(number, songs, page) for number, songs in enumerate(shared, start=1))
    write_text(page, text + natural_part(options.docs / "results" / "voices" / "audio"))


if __name__ == "__main__":
    with report_errors():
        main()
