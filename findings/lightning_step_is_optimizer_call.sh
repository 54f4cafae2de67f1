#!/usr/bin/env bash
# A step of pytorch-lightning is a call of an optimiser: with two of them, max_steps=8 trains on 4 batches.
#
# Guess, written down before running: `Trainer(max_steps=8)` runs `training_step` eight times, however many optimisers a
#   module with manual optimisation calls in it.
# Behaviour (pytorch-lightning 2.6.6): `global_step`, which `max_steps` is compared with after each batch, is the number of
#   `optimizer.step()` calls of all optimisers. One optimiser: 8 batches; two: 4; a second one that joins at the fifth batch:
#   6; none called: no end, the loader's 20 batches are all used. `max_steps=7` with two optimisers makes 8 steps.
# Why it matters here: a generator and a discriminator are trained in turn, so a budget in steps is half of what was asked
#   for, and two models with the same `max_steps` have not seen the same number of batches.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 pytorch-lightning==2.6.6 numpy==2.4.6
"$place/venv/bin/python" - 2>"$place/errors" <<'PY' || { cat "$place/errors"; exit 1; }
import logging

import pytorch_lightning as pl
import torch

NEVER = 10**6


class Module(pl.LightningModule):
    """Two weights, an optimiser each; each is called from a certain batch on."""

    def __init__(self, first_from, second_from):
        super().__init__()
        self.automatic_optimization = False
        self.first = torch.nn.Parameter(torch.ones(1))
        self.second = torch.nn.Parameter(torch.ones(1))
        self.starts = (first_from, second_from)
        self.batches = 0

    def training_step(self, batch, batch_idx):
        for weight, optimizer, start in zip((self.first, self.second), self.optimizers(), self.starts, strict=True):
            if batch_idx >= start:
                optimizer.zero_grad()
                self.manual_backward(weight.square().sum())
                optimizer.step()
        self.batches += 1

    def configure_optimizers(self):
        return torch.optim.SGD([self.first], 0.01), torch.optim.SGD([self.second], 0.01)


torch.set_num_threads(1)
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
bare = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
CASES = [  # which optimisers, max_steps, the batches from which each is called -> batches, global_step
    ("one of two is called", 8, (0, NEVER), (8, 8)),
    ("both are called", 8, (0, 0), (4, 8)),
    ("both are called", 7, (0, 0), (4, 8)),
    ("the second joins at the fifth batch", 8, (0, 4), (6, 8)),
    ("none is called", 8, (NEVER, NEVER), (20, 0)),
]
for name, max_steps, starts, seen in CASES:
    module = Module(*starts)
    trainer = pl.Trainer(accelerator="cpu", max_steps=max_steps, max_epochs=1, **bare)
    trainer.fit(module, torch.utils.data.DataLoader(range(20)))
    result = module.batches, trainer.global_step
    print(f"max_steps={max_steps}, {name}: {result[0]} batches, global_step {result[1]} (guess {max_steps} batches)")
    assert result == seen, f"changed: formerly {seen}"
print("As described: max_steps counts calls of optimisers.")
PY
