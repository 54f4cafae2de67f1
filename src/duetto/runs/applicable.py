"""Refuses settings of a conversion that the voice does not read, by name, instead of ignoring them."""

from dataclasses import fields
from pathlib import Path

from duetto.conversion.converter import Converter
from duetto.conversion.sources import names_file
from duetto.errors import ConfigError
from duetto.settings.config import DiffusionConfig
from duetto.settings.run_config import InferConfig
from duetto.voices.voice import TrainedVoice

RETRIEVAL = ("index_rate", "neighbours", "protect")
PITCH = ("transpose", "cents", "f0_method", "f0_path", "f0", "f0_out")


def refuse_idle_files(config: InferConfig) -> None:
    """Refuse settings that the others rule out, before a voice is loaded.

    Raises:
        ConfigError: Names them.
    """
    if config.vocoder is not None and config.checkpoint is None:
        raise ConfigError("vocoder=FILE goes with checkpoint=FILE.ckpt; a run has its own vocoder. Leave it out.")
    output = Path(config.output or "")
    if config.format != "wav" and names_file(str(output)) and output.suffix.lower() != f".{config.format}":
        raise ConfigError(f"format={config.format}: output={output} says another format. Leave one of them out.")


def refuse_inapplicable(config: InferConfig, voice: TrainedVoice, converter: Converter) -> None:
    """Refuse changed settings that have no effect on this voice.

    Raises:
        ConfigError: Names them and the reason.
    """
    usual = InferConfig()
    if not voice.model.reads_diffusion:
        changed = [f.name for f in fields(DiffusionConfig) if _differs(config.diffusion, usual.diffusion, f.name)]
        _refuse([f"diffusion.{name}" for name in changed], f"{voice.model.name} does not use diffusion")
    if converter.tools.index is None:
        reason = "index_rate=0 turns retrieval off" if config.index_rate == 0 else "this voice has no index"
        unread = RETRIEVAL[1:] if config.index_rate == 0 else RETRIEVAL
        _refuse([name for name in unread if _differs(config, usual, name)], f"{reason}, so nothing is retrieved")
    if not converter.renderer.uses_f0:
        _refuse([name for name in PITCH if _differs(config, usual, name)], "this voice was trained without pitch")


def _differs(values: object, usual: object, name: str) -> bool:
    return bool(getattr(values, name) != getattr(usual, name))


def _refuse(names: list[str], reason: str) -> None:
    if names:
        raise ConfigError(f"{' and '.join(names)}: {reason}. Leave {'them' if len(names) > 1 else 'it'} out.")
