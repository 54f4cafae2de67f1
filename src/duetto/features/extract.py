"""Extraction of features: one clip, one waveform about to be converted, or a whole corpus.

Training and conversion call the same `analyse`, so a network gets the same features at conversion as in training.
A corpus is extracted on all cores; cached clips are skipped.
"""

import json
import logging
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from duetto.corpus.manifest import Clip, Manifest
from duetto.errors import CorpusError, StorageError
from duetto.features.cache import ClipFeatures, feature_path, load_features, save_features
from duetto.features.content import build_encoder, find_encoder
from duetto.features.encoder import ContentEncoder
from duetto.features.f0 import F0Extractor, build_f0_extractor
from duetto.features.frames import num_frames, pad_to_frames, require_usable
from duetto.features.listing import list_frames, listed_frames
from duetto.features.timing import pitch_times_s, place_content
from duetto.features.trackers.registry import find_tracker
from duetto.progress import ReportCount
from duetto.settings.config import ContentConfig, F0Config, FeaturesConfig
from duetto.storage.audio import Waveform, read_audio
from duetto.storage.files import sha256_file
from duetto.storage.leftovers import sweep_leftovers
from duetto.storage.standard_level import at_standard_level
from duetto.workers import as_they_finish, num_cores, process_pool

WORTH_A_WORKER_S = 60.0  # audio below which starting processes costs more than it saves

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FeatureSet:
    """The feature files of a corpus, and the work it took to make them."""

    paths: dict[str, Path]  # clip id -> feature file, sorted by id
    num_frames: dict[str, int]  # clip id -> T
    seconds: float  # of audio, all clips
    seconds_extracted: float
    seconds_from_cache: float
    wall_s: float
    damaged: tuple[Path, ...] = ()  # cache files that had to be made again


def analyse(
    waveform: Waveform, config: FeaturesConfig, encoder: ContentEncoder, f0_extractor: F0Extractor
) -> ClipFeatures:
    """Content and pitch of a waveform on the feature grid.

    Args:
        waveform: (S,) at `config.sample_rate`.
        config: Rate, hop and content layer.
        encoder: From `build_encoder(config.content)`.
        f0_extractor: From `build_f0_extractor(config.f0)`.

    Returns:
        Features of T = ceil(S / hop_length) frames, with the padded waveform; content and pitch are those of a copy at
        standard level, the waveform keeps its own.

    Raises:
        AudioError: If the waveform is empty or holds NaN or infinite samples.
    """
    require_usable(waveform, "Feature extraction")
    count = num_frames(len(waveform), config.hop_length)
    heard = at_standard_level(waveform, config.sample_rate)
    frames, times_s = encoder.encode(heard, config.sample_rate, config.content.layer)
    content = place_content(frames, times_s, count, config.hop_length, config.sample_rate, config.timing)
    pitch_at_s = pitch_times_s(count, config.hop_length, config.sample_rate, config.timing)
    f0_hz = f0_extractor.extract_at(waveform, config.sample_rate, pitch_at_s)
    return ClipFeatures(content, f0_hz, pad_to_frames(waveform, config.hop_length))


def extract_clip(
    folder: Path, clip: Clip, config: FeaturesConfig, encoder: ContentEncoder, f0_extractor: F0Extractor
) -> ClipFeatures:
    """Features of one clip of a corpus.

    Raises:
        CorpusError: If the audio is not what the manifest says.
        AudioError: If it cannot be read or used.
    """
    audio = folder / clip.path
    if audio.is_file() and sha256_file(audio) != clip.sha256:
        raise CorpusError(f"{audio} differs from the manifest: the file was changed. Build the corpus again.")
    waveform, _ = read_audio(audio, config.sample_rate)
    return analyse(waveform, config, encoder, f0_extractor)


def extract_corpus(
    folder: Path,
    manifest: Manifest,
    config: FeaturesConfig,
    cache: Path,
    progress: ReportCount | None = None,
    max_workers: int | None = None,
) -> FeatureSet:
    """Extract the features that the cache lacks.

    Args:
        folder: The corpus.
        manifest: Its clips.
        config: What to extract.
        cache: Folder of feature files; may be shared by corpora and by processes.
        progress: Called after each extracted clip.
        max_workers: Processes; None = one a core. Short corpora are extracted in this process.

    Returns:
        Paths, counts and seconds. With a full cache no encoder is loaded and no process started.

    Raises:
        CorpusError: If a clip is not what the manifest says, or a worker was killed.
        StorageError: If the cache cannot be written.
        AudioError: If a clip cannot be used.
    """
    begin = time.perf_counter()
    clips = sorted(manifest.clips, key=lambda clip: clip.id)
    paths = {clip.id: feature_path(cache, clip.sha256, config) for clip in clips}
    counts, damaged = _count_frames(paths)
    missing = {paths[clip.id]: clip for clip in clips if clip.id not in counts}  # equal audio is extracted once
    for place in sorted({path.parent for path in paths.values()}):
        sweep_leftovers(place)
    tasks = [(folder, clip, path) for path, clip in missing.items()]
    for done, (path, frames) in enumerate(_run_tasks(tasks, config, max_workers), start=1):
        counts.update({clip.id: frames for clip in clips if paths[clip.id] == path})
        if progress is not None:
            progress(done, len(tasks))
    list_frames({path: counts[clip.id] for path, clip in missing.items()})
    extracted_s = sum(clip.duration_s for clip in missing.values())
    total_s = sum(clip.duration_s for clip in clips)
    wall_s = time.perf_counter() - begin
    counts = {clip.id: counts[clip.id] for clip in clips}
    return FeatureSet(paths, counts, total_s, extracted_s, total_s - extracted_s, wall_s, damaged)


ExtractionTask = tuple[Path, Clip, Path]  # corpus folder, clip, feature file


def _count_frames(paths: dict[str, Path]) -> tuple[dict[str, int], tuple[Path, ...]]:
    """Frames of the clips whose file is whole, and the files that are not; only what is not listed is read."""
    listed = listed_frames(paths.values())
    checked: dict[Path, int] = {}
    damaged: list[Path] = []
    for path in dict.fromkeys(paths.values()):
        if path in listed or not path.exists():
            continue
        try:
            checked[path] = load_features(path).num_frames
        except StorageError as error:
            logger.warning("%s It is extracted again.", error)
            damaged.append(path)
    list_frames(checked)
    whole = listed | checked
    return {clip_id: whole[path] for clip_id, path in paths.items() if path in whole}, tuple(damaged)


def _run_tasks(
    tasks: list[ExtractionTask], config: FeaturesConfig, max_workers: int | None
) -> Iterator[tuple[Path, int]]:
    """Feature file and frames of each task, as they are finished."""
    settings = json.dumps(asdict(config))
    workers = min(max_workers or num_cores(), len(tasks), _most_workers(config))
    if workers <= 1 or sum(clip.duration_s for _, clip, _ in tasks) < WORTH_A_WORKER_S:
        for task in tasks:
            yield _run_task(task, settings)
        return
    longest_first = sorted(tasks, key=lambda task: -task[1].duration_s)
    try:
        with process_pool(workers) as executor:
            for _, made in as_they_finish(executor, _run_task, longest_first, settings):
                yield made
    except BrokenProcessPool as error:
        raise CorpusError(
            "A feature worker was killed, probably for memory. Run again with fewer workers; what is done is kept."
        ) from error


def _most_workers(config: FeaturesConfig) -> int:
    """Processes that an encoder may run in: few share a card."""
    if "torch" not in find_encoder(config.content.encoder).packages:
        return num_cores()
    from duetto.device.choose import SHARE_A_CARD, compute_device  # here: other encoders do not need PyTorch

    return num_cores() if compute_device().type == "cpu" else SHARE_A_CARD


def _run_task(task: ExtractionTask, settings: str) -> tuple[Path, int]:
    folder, clip, path = task
    config, encoder, f0_extractor = _open_tools(settings)
    features = extract_clip(folder, clip, config, encoder, f0_extractor)
    save_features(features, path)
    return path, features.num_frames


@lru_cache(maxsize=1)
def _open_tools(settings: str) -> tuple[FeaturesConfig, ContentEncoder, F0Extractor]:
    """The encoder and tracker of a worker, opened once however many clips it extracts."""
    fields = json.loads(settings)
    content, f0 = ContentConfig(**fields.pop("content")), F0Config(**fields.pop("f0"))
    config = FeaturesConfig(**fields, content=content, f0=f0)
    packages = find_encoder(content.encoder).packages + find_tracker(f0.method).packages
    if "torch" in packages and multiprocessing.parent_process() is not None:
        import torch  # imported here, because other workers do not need it

        torch.set_num_threads(1)  # one process a core: more threads would wait for each other
    return config, build_encoder(content), build_f0_extractor(f0)
