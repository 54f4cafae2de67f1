"""What Lightning's own parts would do in place of ours: the figures of docs/decisions/lightning.md.

    python -m benchmarks.lightning [csv|wandb|average|buffers|timer|steps|atomic|seeds|precision|clipping|processes] ...

Without a name all of them, some two minutes on two cores; `atomic` needs /dev/shm on another file system than the
folder for temporary files. Networks and data are those of tests/training/tiny.py. `processes` starts a second process.
"""

import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from timeit import timeit
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging, LambdaCallback, ModelCheckpoint, Timer, WeightAveraging
from pytorch_lightning.loggers import CSVLogger, WandbLogger
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grads_with_norm_, get_total_norm
from torch.optim.swa_utils import get_ema_multi_avg_fn

from duetto.data.dataset import CropDataset
from duetto.runs.prepare import make_crop_plan
from duetto.settings.run_config import TrainConfig
from duetto.training.callbacks import Clock
from duetto.training.module import TrainingModule
from duetto.training.precision import Precision
from duetto.voices.pretrained import make_module
from tests.training.tiny import tiny_config, tiny_data

FOLDER = Path(tempfile.gettempdir()) / "duetto-lightning"
BARE = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
DECAY = 0.9


def train(
    steps: int, *callbacks: pl.Callback, config: TrainConfig | None = None, first: int = 0, **settings: Any
) -> tuple[TrainingModule, pl.Trainer]:
    """A tiny RVC, trained for some steps; `checkpoint` resumes."""
    config = config or tiny_config(steps)
    plan = make_crop_plan(config, tiny_data(FOLDER / "features"))
    module = make_module(config.model, config.features, config.seed)
    module.step_precision = settings.pop("ours", Precision())
    checkpoint = settings.pop("checkpoint", None)
    trainer = pl.Trainer(
        callbacks=[Clock(0, steps), *callbacks],
        **{"accelerator": "cpu", "devices": 1, "max_epochs": 10**6, **BARE, **settings},
    )
    loader = CropDataset(plan, first, steps).loader(0)
    trainer.fit(module, loader, ckpt_path=checkpoint, weights_only=True if checkpoint else None)
    return module, trainer


def is_same(left: nn.Module, right: nn.Module) -> bool:
    """Whether two networks hold the same bits."""
    ours, theirs = left.state_dict(), right.state_dict()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def after_steps(every: int, action: Callable[[pl.Trainer], Any]) -> pl.Callback:
    """Does something after certain of our steps; `trainer.global_step` counts calls of an optimiser."""

    def act(trainer: pl.Trainer, module: Any, *rest: Any) -> None:
        if module.step % every == 0:
            action(trainer)

    return LambdaCallback(on_train_batch_end=act)


def csv() -> None:
    """Rows of a run that is killed after step 5 and resumed from step 3."""
    for version in (None, "run"):
        with tempfile.TemporaryDirectory() as folder:
            for steps in (range(1, 6), range(4, 7)):
                logger = CSVLogger(folder, name="", version=version, flush_logs_every_n_steps=1)
                for step in steps:
                    logger.log_metrics({"loss": 0.5}, step)
                logger.save()
            files = sorted(Path(folder).rglob("metrics.csv"))
            print(
                f"CSVLogger(version={version}): steps",
                [[row.split(",")[1] for row in file.read_text().split()[1:]] for file in files],
            )


def wandb() -> None:
    """WandbLogger where there is no API key, and after it was offline."""
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        os.environ.pop(name, None)
    for offline in (False, True):
        try:
            logger = WandbLogger(project="x", save_dir=tempfile.mkdtemp(), offline=offline)
            said = f"opened, mode {logger.experiment.settings.mode}"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the figure
            said = f"{type(error).__name__}: {error}"
        print(f"WandbLogger(offline={offline}), no key: {said}")


def average() -> None:
    """Lightning's averaging against ours."""
    config = tiny_config(8)
    config.model.ema_decay = DECAY
    ours, _ = train(8, config=config)
    for callback in (
        EMAWeightAveraging(decay=DECAY),
        WeightAveraging(multi_avg_fn=get_ema_multi_avg_fn(DECAY), use_buffers=False),
    ):
        train(8, callback)
        theirs: Any = callback._average_model
        same = is_same(ours.voice_network(), theirs.module.exported_network())
        kept = sum(each.numel() for each in theirs.module.parameters())
        needed = sum(each.numel() for each in ours.voice_network().parameters())
        print(f"{type(callback).__name__}: same bits {same}; {kept} weights averaged, the voice has {needed}")


def buffers() -> None:
    """Buffers that nobody changes, under EMAWeightAveraging's defaults."""

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))
            self.register_buffer("positions", torch.arange(512))
            self.register_buffer("mel_min", torch.linspace(-12.0, 4.0, 80))

        def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
            return self.weight.square().sum()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.01)

    for decay in (0.9999, DECAY):
        module, fresh = Module(), Module()
        averaging = EMAWeightAveraging(decay=decay)
        trainer = pl.Trainer(accelerator="cpu", max_steps=1000, callbacks=[averaging], **BARE)
        trainer.fit(module, torch.utils.data.DataLoader(range(1000)))
        wrong = int((module.positions != fresh.positions).sum())
        drift = float((module.mel_min - fresh.mel_min).abs().max())
        print(f"EMAWeightAveraging({decay}), 1000 steps: {wrong} of 512 positions wrong, mel_min off by {drift:.1e}")


def timer() -> None:
    """Eight steps with two held-out conversions of a second."""
    theirs = Timer()
    module, _ = train(8, theirs, after_steps(4, lambda _: time.sleep(1.0)))
    print(f"training seconds: ours {module.seconds:.2f}, Timer {theirs.time_elapsed():.2f}, 2 of them conversions")


def steps() -> None:
    """What a step is, with two optimisers."""
    module, _ = train(100, max_steps=8)
    print(f"Trainer(max_steps=8) stops after {module.step} steps")
    config = tiny_config(9)
    config.model.loss.adversarial_from_step = 4
    saved: list[int] = []

    class Spy(ModelCheckpoint):
        def _save_checkpoint(self, trainer: pl.Trainer, filepath: str) -> None:
            saved.append(trainer.lightning_module.step)  # type: ignore[arg-type]

    train(9, Spy(FOLDER, every_n_train_steps=3, save_top_k=-1), config=config, enable_checkpointing=True)
    print(f"ModelCheckpoint(every_n_train_steps=3), discriminator from step 4: saves after steps {saved}")


WRITER = """
import torch, sys
from lightning_fabric.utilities.cloud_io import _atomic_save
while True: _atomic_save({"x": torch.zeros(10_000_000)}, sys.argv[1])
"""


def atomic() -> None:
    """A checkpoint that is written over and over, seen by another process, then killed."""
    for folder in (Path("/dev/shm"), FOLDER):
        path = folder / "checkpoint.ckpt"
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        while not path.is_file() or not path.stat().st_size:
            time.sleep(0.05)
        sizes: list[int] = []
        end = time.monotonic() + 9.0
        while time.monotonic() < end or (
            sizes[-1] == max(sizes) and folder != FOLDER
        ):  # killed in the middle, if we can
            time.sleep(0.0005)
            sizes.append(path.stat().st_size)
        writer.kill()
        writer.wait()
        whole = max(sizes)
        broken = sum(size < whole for size in sizes) / len(sizes)
        print(f"{folder}: {broken:.0%} of the time not whole; after SIGKILL {path.stat().st_size} of {whole} bytes")
        path.unlink()


def seeds() -> None:
    """One seed at the start, as `seed_everything` sets it, over a resume."""
    path = FOLDER / "seeds.ckpt"
    manual_seed = torch.manual_seed

    def fit(*spans: tuple[int, int]) -> TrainingModule:
        for first, last in spans:
            pl.seed_everything(0, verbose=False)
            torch.manual_seed = lambda seed: manual_seed(seed) if seed == 0 else None  # the steps' own seeds are off
            module, _ = train(
                last,
                after_steps(last, lambda trainer: trainer.save_checkpoint(path)),
                first=first,
                checkpoint=path if first else None,
            )
            torch.manual_seed = manual_seed
        return module

    print("seed_everything: 4 + 4 steps, same bits as 8", is_same(fit((0, 8)), fit((0, 4), (4, 8))))


def precision() -> None:
    """Autocast by the plugin, and the scaler that its optimisers share."""
    ours, _ = train(6, ours=Precision("bf16-mixed", "cpu"))
    uncast = Precision()
    uncast.autocast = nullcontext  # type: ignore[method-assign,assignment]  # Lightning's plugin has cast already
    theirs, _ = train(6, precision="bf16-mixed", ours=uncast)
    print("bf16-mixed plugin in place of our autocast: same bits", is_same(ours, theirs))

    class Two(pl.LightningModule):
        automatic_optimization = False

        def __init__(self) -> None:
            super().__init__()
            self.networks = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])

        def configure_optimizers(self) -> Any:
            return [torch.optim.SGD(network.parameters(), 1e-3) for network in self.networks]

        def training_step(self, batch: Any, batch_idx: int) -> None:
            for network, optimizer, factor in zip(self.networks, self.optimizers(), (torch.inf, 1.0), strict=True):
                optimizer.zero_grad()
                self.manual_backward(network(torch.ones(1, 1)).sum() * factor)
                optimizer.step()

    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
    trainer = pl.Trainer(accelerator="cpu", plugins=[plugin], max_steps=20, **BARE)
    trainer.fit(Two(), torch.utils.data.DataLoader(range(100)))
    print(
        f"16-mixed, one of two optimisers overflows: the scale of both goes from 65536 to {plugin.scaler.get_scale():g}"
    )


def clipping() -> None:
    """Trainer(gradient_clip_val), and `clip_gradients` where the norm is needed too."""
    try:
        train(1, gradient_clip_val=1.0)
    except pl.utilities.exceptions.MisconfigurationException as error:
        print("Trainer(gradient_clip_val=1.0):", str(error).split(". ", maxsplit=1)[0])
    parameters = [nn.Parameter(torch.zeros(160, 160)) for _ in range(120)]
    for each in parameters:
        each.grad = torch.randn_like(each)
    gradients = [each.grad for each in parameters if each.grad is not None]
    ours = 5 * timeit(lambda: clip_grads_with_norm_(parameters, 1e9, get_total_norm(gradients)), number=200)
    theirs = 5 * timeit(lambda: (get_total_norm(gradients), clip_grad_norm_(parameters, 1e9)), number=200)
    print(f"norm and clipping of 3 million weights: ours {ours:.2f} ms, with clip_gradients {theirs:.2f} ms")


def processes() -> None:
    """Two processes, each with batches of its own: do their weights stay the same?"""
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    crops = CropDataset.batch
    CropDataset.batch = lambda dataset, step: crops(dataset, 2 * step + rank)  # type: ignore[method-assign]
    for strategy in ("ddp_find_unused_parameters_true", "ddp"):
        try:
            module, _ = train(6, devices=2, strategy=strategy)
        except RuntimeError as error:
            print(f"rank {rank}, {strategy}: {str(error)[:90]}", flush=True)
            continue
        digest = sum(float(each.double().abs().sum()) for each in module.state_dict().values())
        print(f"rank {rank}, {strategy}: sum of weights {digest:.12f}", flush=True)


ALL = (csv, wandb, average, buffers, timer, steps, atomic, seeds, precision, clipping, processes)

if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    for name in ("pytorch_lightning", "lightning_fabric", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    is_second = "LOCAL_RANK" in os.environ  # a process of `processes`, which runs this file anew
    wanted = ["processes"] if is_second else sys.argv[1:] or [action.__name__ for action in ALL]
    for action in ALL:
        if action.__name__ in wanted:
            action()
