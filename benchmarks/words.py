"""Do the words survive a conversion? Held-out voices, readers and singers are converted and read by recognisers.

    pip install .[ensemble,asr] && npm pack kokoro-js@1.2.1
    python benchmarks/words.py logs/rvc-… logs/diffsvc-… --readers DEBS --singing BASIC_PITCH

Cuts: `unconverted`; `vocoder`, the source through the run's vocoder alone; `mel of the source` and `mel`, the source's
own and the predicted mel, read by Whisper without a vocoder; `audio`, the conversion. Word and character error are
Whisper's (base, multilingual); Moonshine, whose features are the content, reads English beside it. The text is our own
for the twelve voices of words_sources.py, and what Whisper reads in the unconverted recording for readers, singers,
Japanese and Mandarin. A source is transposed by the octaves that bring it nearest to the run's test songs.

Intervals: 90 %, bootstrap over sentences. Results are kept after every source, and what is there is not done again.
Written to --output: words.json, words.md; conversions in --work.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from real_input import median_pitch, nearest_octave
from words_cuts import Run
from words_scores import Asked, Judges
from words_sources import Source, reader_sources, singing_sources, voice_sources
from words_table import Row, table

from duetto.corpus.natural_voices.bench_voices import bench_voices_among
from duetto.corpus.natural_voices.voices import PACKAGE
from duetto.errors import ConfigError
from duetto.evaluation.analysis.audio import Embedding
from duetto.evaluation.analysis.spectra import SAMPLE_RATE
from duetto.evaluation.metrics.words import UNSPACED
from duetto.storage.audio import Waveform, read_audio, resample, write_audio
from duetto.storage.files import read_json, write_json, write_text

SENTENCES, QUICK_SENTENCES = 6, 1  # of each voice and reader
NO_RUN = "none"


def all_sources(arguments: argparse.Namespace) -> list[Source]:
    """Everything that is converted; says which kinds are missing."""
    count = QUICK_SENTENCES if arguments.quick else SENTENCES
    made = arguments.work / "sources"
    sources = list(voice_sources(made, arguments.voices_file, count))
    for kind, folder in (("readers", arguments.readers), ("singing", arguments.singing)):
        found = [] if folder is None else list(of_kind(kind, folder, made, count))
        if not found:
            print(f"No {kind}: give --{kind} FOLDER (see words_sources.py).")
        sources += found
    return sources


def of_kind(kind: str, folder: Path, made: Path, count: int) -> list[Source]:
    """Readers or singers below a folder."""
    return list(reader_sources(folder, made, count) if kind == "readers" else singing_sources(folder))


def ask(source: Source, judges: Judges) -> Asked:
    """What is asked of the conversions of a source, before it is known to which voice."""
    waveform, _ = read_audio(source.path, SAMPLE_RATE)
    text = source.text
    if text is None or source.language in UNSPACED:
        text = judges.whisper.transcribe(waveform, SAMPLE_RATE, source.language)
    return Asked(waveform, 0.0, source.language, text)


def measure(run: Run, source: Source, asked: Asked, judges: Judges, work: Path) -> list[Row]:
    """Rows of one source at the cuts of one run."""
    rate = run.converter.sample_rate
    waveform, _ = read_audio(source.path, rate)
    cuts = run.cuts(waveform, asked.transpose_semitones)
    same = replace(asked, transpose_semitones=0.0)
    rows = [row_of(run.name, source, "vocoder", spoken(cuts.vocoder, rate, same, judges))]
    if cuts.mel is not None:
        rows.append(row_of(run.name, source, "mel of the source", judges.words_of_mel(run.source_mel(waveform), asked)))
        rows.append(row_of(run.name, source, "mel", judges.words_of_mel(cuts.mel, asked)))
    if cuts.audio is not None:
        write_audio(work / run.name / f"{source.name}.wav", cuts.audio, rate)
        rows.append(row_of(run.name, source, "audio", spoken(cuts.audio, rate, asked, judges)))
    return rows


def spoken(waveform: Waveform, rate: int, asked: Asked, judges: Judges) -> dict[str, float]:
    """All scores of a recording."""
    heard = resample(waveform, rate, SAMPLE_RATE)
    return {**judges.words(heard, asked), **judges.sound(heard, asked)}


def row_of(run: str, source: Source, cut: str, scores: dict[str, float]) -> Row:
    """A row as it is kept."""
    knows = source.text is not None and source.language not in UNSPACED
    named = {"source": source.name, "group": source.group, "text": "ours" if knows else "read in the source"}
    return {"run": run, **named, "cut": cut, **{key: None if math.isnan(v) else v for key, v in scores.items()}}


def target_of(run: Run, judges: Judges) -> tuple[float, Embedding | None]:
    """Median pitch (Hz, NaN if unknown) and embedding of the voice that a run has learned, from its test songs."""
    evaluation = run.folder.newest_evaluation()
    paths = [] if evaluation is None else sorted(evaluation.songs.glob("*/reference.wav"))
    if not paths:
        return math.nan, None
    waveforms = [read_audio(path, SAMPLE_RATE)[0] for path in paths]
    pitch_hz = float(np.nanmedian([median_pitch(waveform) for waveform in waveforms]))
    return pitch_hz, judges.speaker.embed(np.concatenate(waveforms), SAMPLE_RATE)


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, help="folders of trained runs; none = the sources alone")
    parser.add_argument("--voices-file", type=Path, default=Path(PACKAGE), help="what `npm pack kokoro-js@1.2.1` wrote")
    parser.add_argument("--readers", type=Path, help="folder with unpacked asterisk-core-sounds-*-g722")
    parser.add_argument("--singing", type=Path, help="folder with the unpacked source of basic-pitch 0.4.0")
    parser.add_argument("--transpose", type=float, help="semitones, instead of the nearest octave")
    parser.add_argument("--quick", action="store_true", help="one sentence of each voice and reader")
    parser.add_argument("--work", type=Path, default=Path("data/words"), help="sources and conversions")
    parser.add_argument("--output", type=Path, default=Path("docs/results/voices"))
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> list[Row]:
    """Convert, read, write, print the table."""
    arguments = parse(words)
    runs = [Run(folder) for folder in arguments.runs]
    for run in runs:
        heard = bench_voices_among(run.speakers)
        if heard:
            raise ConfigError(f"{run.name} was trained on {', '.join(heard)}: its words here would say nothing.")
    judges, kept = Judges(), arguments.output / "words.json"
    rows: list[Row] = read_json(kept) if kept.is_file() else []
    sources = all_sources(arguments)
    targets = [target_of(run, judges) for run in runs]
    for number, source in enumerate(sources, start=1):
        print(f"{number} of {len(sources)}: {source.name}", flush=True)
        done = {(row["run"], row["source"]) for row in rows}
        if all((name, source.name) in done for name in (NO_RUN, *(run.name for run in runs))):
            continue
        asked = ask(source, judges)
        if (NO_RUN, source.name) not in done:
            rows.append(row_of(NO_RUN, source, "unconverted", spoken(asked.source, SAMPLE_RATE, asked, judges)))
        for run, target in zip(runs, targets, strict=True):
            if (run.name, source.name) not in done:
                rows += measure(run, source, wished(asked, run, target, arguments.transpose), judges, arguments.work)
        write_json(kept, rows)
    write_text(arguments.output / "words.md", table(rows))
    print(table(rows))
    return rows


def wished(asked: Asked, run: Run, target: tuple[float, Embedding | None], transpose: float | None) -> Asked:
    """What is asked of a run's conversion to a target: the transposition, its voice, and the rate of the frames."""
    interval = nearest_octave(median_pitch(asked.source), target[0]) if transpose is None else transpose
    features = run.voice.features
    rate_hz = features.sample_rate / features.hop_length
    return replace(asked, transpose_semitones=interval, target=target[1], frame_rate_hz=rate_hz)


if __name__ == "__main__":
    main()
