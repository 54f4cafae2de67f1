"""The same work done by a checkout of prophesier/diff-svc that the user points to; nothing of it is kept here.

Only its public classes are called: the diffusion with its denoiser and condition encoder, and the vocoder. Packages
that they import but never call here are replaced by empty modules where they are not installed.
"""

import contextlib
import importlib
import importlib.util
import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock, patch

import torch
from torch import Tensor, nn

from benchmarks.diffsvc_work import BETAS, CLIPPED_NORM, CONTENT, LEARNING_RATE, N_MELS, TIMESTEP, VOCODER_RANGE, Work
from duetto.features.mel import log10_to_natural
from tests.parity.diffsvc_fill import filled, is_buffer

UPSTREAM_RUN = "PNDM, 51 calls"
UNUSED_PACKAGES = ("pycwt", "librosa", "matplotlib", "matplotlib.pylab")
HPARAMS = {  # config_nsf.yaml, what the networks read
    "hidden_size": CONTENT,
    "residual_layers": 20,
    "residual_channels": 384,
    "dilation_cycle_length": 4,
    "audio_num_mel_bins": N_MELS,
    "keep_bins": N_MELS,
    "schedule_type": "linear",
    "max_beta": 0.02,
    "pndm_speedup": 20,
    "f0_bin": 256,
    "f0_min": 40.0,
    "f0_max": 1100.0,
    "pitch_norm": "log",
    "pitch_type": "frame",
    "no_fs2": True,
    "use_uv": False,
    "use_pitch_embed": True,
    "use_energy_embed": False,
    "use_spk_id": False,
    "use_spk_embed": False,
    "predictor_hidden": -1,
    "predictor_layers": 5,
    "predictor_kernel": 5,
    "predictor_dropout": 0.5,
    "predictor_grad": 0.1,
    "ffn_padding": "SAME",
}
VOCODER = {  # config.json of the published weights
    "sampling_rate": 44100,
    "num_mels": N_MELS,
    "upsample_rates": [8, 8, 2, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4, 4],
    "upsample_initial_channel": 512,
    "resblock": "1",
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5]] * 3,
}


class Upstream:
    """Upstream's 44.1 kHz networks, filled by the rule."""

    def __init__(self, path: Path, work: Work) -> None:
        if not (path / "network" / "diff" / "diffusion.py").is_file():
            raise SystemExit(f"upstream={path}: no diff-svc checkout (network/diff/diffusion.py is missing).")
        warnings.filterwarnings("ignore", category=FutureWarning)
        diffusion, net, vocoder = import_upstream(path.resolve())
        self.work = work
        self.model, self.trained = (build_model(diffusion, net) for _ in range(2))
        self.model.eval()
        self.trained.train()
        self.optimizer = torch.optim.AdamW(self.trained.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=0.0)
        self.singer = vocoder.Generator(vocoder.AttrDict(VOCODER)).eval()
        fill_foreign(self.singer)
        with contextlib.redirect_stdout(io.StringIO()):
            self.singer.remove_weight_norm()

    def train_step(self) -> dict[str, float]:
        """One update; loss and gradient norm."""
        clips = self.work.clips
        f0_log2 = clips.f0_hz.log2()
        found = self.trained(clips.units, clips.unit_index, ref_mels=self.work.clip_mel.mT, f0=f0_log2)
        self.optimizer.zero_grad()
        found["diff_loss"].backward()
        norm = torch.nn.utils.clip_grad_norm_(self.trained.parameters(), CLIPPED_NORM)
        self.optimizer.step()
        return {"noise": found["diff_loss"].item(), "norm": norm.item()}

    @torch.no_grad()
    def denoise(self) -> Tensor:
        """One call."""
        return self.model.denoise_fn(self.work.start[:, None], torch.tensor([TIMESTEP]), self.work.condition)[:, 0]

    @torch.no_grad()
    def convert(self) -> Tensor:
        """Content and pitch to a mel, (1, 128, T)."""
        song = self.work.song
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
            found = self.model(song.units, song.unit_index, f0=song.f0_hz.log2(), infer=True)
        return found["mel_out"].mT

    def vocoder(self) -> Tensor:
        """The waveform of `work.mel`."""
        return self.render(self.work.mel)

    def sing(self) -> Tensor:
        """Content and pitch to a waveform."""
        return self.render(self.convert())

    @torch.no_grad()
    def render(self, mel: Tensor) -> Tensor:
        """A log10 mel to its waveform, (1, 1, S)."""
        return self.singer(log10_to_natural(mel.clamp(*VOCODER_RANGE)), self.work.song.f0_hz)

    @contextmanager
    def without_chance(self) -> Iterator[None]:
        """Noise and timesteps from the work; none, and no random phase, in the vocoder."""
        work = self.work

        def randn_like(values: Tensor, **_: Any) -> Tensor:
            is_mel = values.ndim == 4
            return work.noise[:, None] if is_mel else torch.zeros_like(values)

        replaced = {
            "randint": lambda *_, **__: work.timestep,
            "randn": lambda *_, **__: work.start[:, None],
            "randn_like": randn_like,
            "rand": lambda *size, **_: torch.zeros(size),
        }
        with contextlib.ExitStack() as stack:
            for name, function in replaced.items():
                stack.enter_context(patch.object(torch, name, function))
            yield


def import_upstream(path: Path) -> tuple[ModuleType, ModuleType, ModuleType]:
    """Its modules of the diffusion, the denoiser and the vocoder; settings go in first, since importing reads them."""
    sys.path.insert(0, str(path))
    for name in UNUSED_PACKAGES:
        if name.split(".")[0] in sys.modules or importlib.util.find_spec(name.split(".")[0]) is None:
            sys.modules.setdefault(name, MagicMock())
    importlib.import_module("utils.hparams").hparams.update(HPARAMS)
    names = ("network.diff.diffusion", "network.diff.net", "modules.nsf_hifigan.models")
    diffusion, net, vocoder = (importlib.import_module(name) for name in names)
    return diffusion, net, vocoder


def build_model(diffusion: ModuleType, net: ModuleType) -> Any:
    """Upstream's class of the whole acoustic model; the range of its mel as published before training."""
    model = diffusion.GaussianDiffusion(
        None, N_MELS, net.DiffNet(N_MELS), loss_type="l2", spec_min=[-5.0], spec_max=[0.0]
    )
    fill_foreign(model)
    return model


def fill_foreign(module: nn.Module) -> None:
    """Fill a network that bears the ecosystem's own names; its computed buffers stay."""
    is_acoustic = hasattr(module, "denoise_fn")
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if not (is_acoustic and is_buffer(name)):
                tensor.copy_(filled(name, tuple(tensor.shape)))
