"""Loads a voice from a run or a public model, and converts waveforms or files with it."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import numpy as np

from duetto.conversion.converter import ConversionRequest, Converter
from duetto.conversion.recording import convert_file, convert_waveform
from duetto.conversion.sources import check_source, require_convertible
from duetto.front.waveform import AnyPath, AnyWaveform, to_mono
from duetto.runs.artefacts import artefact_of_file
from duetto.runs.infer import find_speaker, make_request
from duetto.runs.registration import register
from duetto.runs.transposition import fit_to_register, melody_of
from duetto.settings.config import DiffusionConfig
from duetto.settings.run_config import InferConfig
from duetto.storage.audio import Waveform, read_blocks
from duetto.storage.run_folder import VOICE_FOLDER
from duetto.voices.choose import choose_converter
from duetto.voices.find import choose_place
from duetto.voices.load import converter_of
from duetto.voices.marks import marking_of
from duetto.voices.permission import output_tags, require_use, write_origin
from duetto.voices.voice import TrainedVoice, read_voice

WEIGHTS_SUFFIX = ".safetensors"
CHECKPOINT_SUFFIXES = (".pth", ".pt", ".ckpt")


class ConversionSettings(TypedDict, total=False):
    """Settings of a conversion besides its transposition; missing ones have the defaults of infer.py.

    Attributes:
        cents: Cents added to the transposition.
        speaker: Number or name, for a voice with several speakers.
        formant: Semitones, -12 to 12, by which the spectral envelope moves; the pitch stays.
        level_match: 0 = the voice's own loudness, 1 = the source's.
        index_rate: 0 to 1, the share of the content that retrieval takes from the training data.
        protect: Below 0.5, unvoiced frames get this part of that share, so that breaths stay the source's.
        neighbours: Number of neighbours of a frame in the index, 1 to 1024.
        diffusion: Sampler and steps, Diff-SVC only.
        chunk_s: Longest piece converted at once, 2 to 600 s.
        seed: Seed of the noise.
        mark: Add the watermark (and to a file, the C2PA manifest); False only for measuring, with a reason.
        mark_reason: Why not; it is recorded beside the file.
    """

    cents: float
    speaker: int | str
    formant: float
    level_match: float
    index_rate: float
    protect: float
    neighbours: int
    diffusion: DiffusionConfig
    chunk_s: float
    seed: int
    mark: bool
    mark_reason: str


class Voice:
    """A trained voice, ready to convert. Returned by `load_voice` and `Run.voice`."""

    def __init__(self, name: str, trained: TrainedVoice, converter: Converter) -> None:
        self.name = name
        self._trained = trained
        self._converter = converter

    def __repr__(self) -> str:
        return f"Voice({self.name!r}, {self._trained.model.name}, {self.sample_rate} Hz)"

    @property
    def sample_rate(self) -> int:
        """Sample rate of the voice's training, Hz; a conversion has its source's rate."""
        return self._converter.sample_rate

    @property
    def speakers(self) -> tuple[str, ...]:
        """Values for `speaker`: names if they are known, else numbers."""
        count = max(self._trained.model.num_speakers, 1)
        return tuple(map(str, self._trained.card.get("speakers") or range(count)))

    def convert(
        self,
        waveform: AnyWaveform,
        sample_rate: int,
        transpose: float | Literal["auto"] = 0.0,
        **settings: Unpack[ConversionSettings],
    ) -> Waveform:
        """Convert a performance to this voice.

        Args:
            waveform: The source, (S,) or (channels, S), at least 0.1 s.
            sample_rate: Sample rate of the waveform, Hz.
            transpose: Semitones, -36 to 36, fractions allowed; "auto" = what fits the voice (docs/songs.md).
            **settings: See `ConversionSettings`.

        Returns:
            float32, (S,): mono, marked, with the source's rate and exact length, not shifted in time; peaks up to 0.98.

        Raises:
            AudioError: If the waveform is empty, too short, silent, not finite, or not of a float type.
            ConfigError: If a setting is out of range, or "auto" is asked of a voice whose card holds no register.
            CorpusError: If the voice's owner does not allow conversion today.
        """
        mono, config = to_mono(waveform), self._checked(transpose, settings)
        require_convertible("The waveform", len(mono) / sample_rate, float(np.max(np.abs(mono))))
        request = self._request(config, [mono], sample_rate)
        return convert_waveform(self._converter, mono, sample_rate, request, marking_of(config).pattern)

    def convert_file(
        self,
        source: AnyPath,
        output: AnyPath,
        transpose: float | Literal["auto"] = 0.0,
        **settings: Unpack[ConversionSettings],
    ) -> Path:
        """Convert a recording of any length in constant memory, and mark the output as AI-generated.

        Args:
            source: An audio file.
            output: A .wav or .flac; `<output>.json` beside it records the origin and the voice's consent.
            transpose: Semitones or "auto", as in `convert`.
            **settings: See `ConversionSettings`.

        Returns:
            `output`.

        Raises:
            AudioError: If the source cannot be converted.
            ConfigError: If a setting is out of range.
            CorpusError: If the voice's owner does not allow conversion today.
            StorageError: If the output cannot be written.
        """
        config, path, target, card = self._checked(transpose, settings), Path(source), Path(output), self._trained.card
        checked = check_source(path)
        request = self._request(config, (block.mean(axis=0) for block in read_blocks(path)), checked.sample_rate)
        marking = marking_of(config)
        convert_file(self._converter, checked, target, request, tags=output_tags(card), pattern=marking.pattern)
        register([artefact_of_file(write_origin(target, card, path, asdict(request), marking))])
        return target

    def _checked(self, transpose: float | str, settings: ConversionSettings) -> InferConfig:
        unknown = sorted(set(settings) - set(ConversionSettings.__annotations__))
        if unknown:
            raise TypeError(f"{', '.join(unknown)}: expected {', '.join(ConversionSettings.__annotations__)}.")
        config = InferConfig(transpose=transpose, **settings)
        config.validate()
        require_use(self._trained.card, Path(self.name))  # the owner may have withdrawn consent since it was loaded
        return config

    def _request(self, config: InferConfig, blocks: Iterable[Waveform], sample_rate: int) -> ConversionRequest:
        request = make_request(config, find_speaker(config.speaker, self._trained))
        if not config.is_fitted:
            return request
        melody = melody_of(self._converter, blocks, sample_rate)
        return replace(request, transpose_semitones=fit_to_register(config, melody, self._trained.card)[0])


def load_voice(
    source: AnyPath = "latest",
    *,
    index: AnyPath | None = None,
    vocoder: AnyPath | None = None,
    content_path: str | None = None,
    f0_method: str | None = None,
    f0_path: AnyPath | None = None,
    logs: AnyPath = "logs",
) -> Voice:
    """Load the voice of a run or of a public model.

    Args:
        source: A run (its folder, its name, the start of its signature, or `latest`); a public model (.pth, .ckpt); or
            weights of ours with their card beside them (.safetensors with .json), such as the pretrained ones.
        index: The .index of a public model; without it, nothing is retrieved. A run has its own.
        vocoder: Vocoder of a public Diff-SVC model: the NSF-HiFiGAN `model` file with its config.json.
        content_path: Weights of the content encoder, or `hub`; None = those in the voice's card.
        f0_method: Pitch tracker; None = that of the training.
        f0_path: Weights file of a tracker that reads one; None = the one named in the voice's card.
        logs: Folder in which runs are found by name.

    Raises:
        CheckpointError: If the run or file does not exist, or is damaged, hostile, or its parts do not fit.
        CorpusError: If the consent record of the voice does not allow conversion today.

    Example:
        >>> import duetto, numpy
        >>> from duetto.bases import BASES
        >>> voice = duetto.load_voice(BASES / "rvc_compact.safetensors")
        >>> voice
        Voice('rvc_compact', rvc, 24000 Hz)
        >>> source = 0.3 * numpy.sin(2 * numpy.pi * 220 * numpy.arange(22050) / 44100)
        >>> voice.convert(source, 44100, transpose=3).shape
        (22050,)
    """
    path, tracker_path = Path(source), None if f0_path is None else str(f0_path)
    if path.suffix == WEIGHTS_SUFFIX:
        trained = read_voice(path, path.with_suffix(".json"))
        require_use(trained.card, path.parent)
        return Voice(path.stem, trained, converter_of(trained, None, f0_method, content_path, f0_path=tracker_path))
    is_public = path.suffix in CHECKPOINT_SUFFIXES or path.is_file()
    config = InferConfig(
        run=None if is_public else str(source),
        checkpoint=str(source) if is_public else None,
        index=None if index is None else str(index),
        vocoder=None if vocoder is None else str(vocoder),
        content_path=content_path,
        f0_method=f0_method,
        f0_path=tracker_path,
        logs=str(logs),
    )
    place = choose_place(config)
    converter, trained = choose_converter(config, place)
    require_use(trained.card, place / VOICE_FOLDER)
    return Voice(place.name, trained, converter)
