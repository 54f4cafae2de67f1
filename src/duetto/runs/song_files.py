"""The files of a converted song: the cover, its stems, and a page with players."""

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from duetto.conversion.converter import ConversionRequest
from duetto.conversion.mixing import below_full_scale, place_as
from duetto.conversion.sources import names_file
from duetto.ownership.marking.stream import marked_channels
from duetto.report.song_page import write_song_page
from duetto.runs.artefacts import artefact_of_file
from duetto.runs.registration import register
from duetto.settings.config import require
from duetto.settings.run_config import AUTO, InferConfig
from duetto.storage.audio import Waveform, write_audio
from duetto.storage.run_folder import RunFolder
from duetto.voices.marks import Marking
from duetto.voices.permission import output_tags, write_origin

PAGE = "index.html"
GENERATED = ("cover", "converted")  # files that a model made; each is marked as a whole


@dataclass(frozen=True)
class Stems:
    """A song in two parts that add up to it."""

    lead: Waveform  # (C, S)
    backing: Waveform  # (C, S)
    sample_rate: int  # Hz
    said: str  # how they were separated


@dataclass(frozen=True)
class Cover:
    """A song with another voice, and how it was made."""

    song: Path
    voice: str  # what people call it
    stems: Stems
    sung: Waveform  # the converted lead, (S,), before its level is matched
    card: dict[str, Any]  # of the voice
    request: ConversionRequest
    notes: tuple[str, ...]  # what the listener should know
    marking: Marking


def folder_of_song(config: InferConfig, run: Path) -> Path:
    """Folder of the cover.

    Raises:
        ConfigError: If the output is a file, or a setting is for recordings only.
    """
    require(config.rate is None, f"rate={config.rate}: a cover has the sample rate of its song. Leave it out.")
    output = config.output
    require(output is None or not names_file(output), f"output={output}: a song makes several files; name a folder.")
    said = AUTO if config.is_fitted else f"{config.interval:+g}" if config.interval else ""
    name = f"{Path(str(config.song)).stem}{said and '_'}{said}"
    return Path(output) if output else RunFolder(run).conversions / name


def write_cover(cover: Cover, folder: Path, suffix: str) -> Path:
    """Mix the converted lead with the backing, and write both, the separated lead, and the page.

    Args:
        cover: The song.
        folder: Where the files go.
        suffix: wav or flac.

    Returns:
        The page.

    Raises:
        StorageError: If the folder cannot be written.
    """
    stems = cover.stems
    lead = place_as(stems.lead, cover.sung, stems.sample_rate)
    parts = {"cover": stems.backing + lead, "converted": lead, "lead": stems.lead, "backing": stems.backing}
    if cover.marking.pattern is not None:
        for name in GENERATED:
            parts[name] = marked_channels(parts[name], stems.sample_rate, cover.marking.pattern)
    waveforms, gain_db = below_full_scale(list(parts.values()))
    files = {name: folder / f"{name}.{suffix}" for name in parts}
    for (name, path), waveform in zip(files.items(), waveforms, strict=True):
        is_generated = name in GENERATED
        write_audio(path, waveform, stems.sample_rate, tags=output_tags(cover.card) if is_generated else None)
        if is_generated:
            origin = write_origin(path, cover.card, cover.song, asdict(cover.request), cover.marking)
            register([artefact_of_file(origin)])
    sounds = {
        "Cover": (files["cover"], "the song with the converted voice"),
        "Original": (cover.song, "the song as it was"),
        "Converted voice": (files["converted"], "alone, as loud as the original's"),
        "Original voice": (files["lead"], "as it was separated"),
        "Backing": (files["backing"], "left as it was"),
    }
    page = folder / PAGE
    write_song_page(
        page, f"{cover.song.stem}, sung by {cover.voice}", sounds, facts_of_cover(cover, gain_db), cover.notes
    )
    return page


def facts_of_cover(cover: Cover, gain_db: float) -> dict[str, str]:
    """What was chosen, by name."""
    semitones = cover.request.transpose_semitones
    again = [f"run={cover.voice}", f"song={cover.song}", *([f"transpose={semitones:g}"] if semitones else [])]
    return {
        "voice": cover.voice,
        "transposition": f"{semitones:+g} semitones" if semitones else "none",
        "sample rate": f"{cover.stems.sample_rate / 1000:g} kHz",
        "gain of all stems": f"{gain_db:+.1f} dB" if gain_db else "none",
        "again": f"python infer.py {shlex.join(again)}",
    }
