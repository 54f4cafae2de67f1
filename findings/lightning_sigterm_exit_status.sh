#!/usr/bin/env bash
# pytorch-lightning answers SIGTERM with exit status 0: a training that was stopped looks like one that is done.
#
# Guess, written down before running: a process that SIGTERM ends inside `trainer.fit` has the status 143 (128 + 15), as a
#   shell reports it and as it is without Lightning; or `fit` returns, as after the last step, and the script goes on.
# Behaviour (pytorch-lightning 2.6.6): neither. The step in progress and its hooks are finished, then the loop raises
#   `SIGTERMException`, which is a `SystemExit` without a status. Nothing behind `fit` is run, there is no traceback, and the
#   process ends with status 0.
# Why it matters here: what starts a training (a shell's `&&`, a sweep, a scheduler's requeueing) goes by the status, and
#   takes a run that was preempted after three steps for a finished one.
set -euo pipefail
PYTHON=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 pytorch-lightning==2.6.6 numpy==2.4.6
cat > "$place/train.py" <<'PY'
import os
import signal

import pytorch_lightning as pl
import torch


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def training_step(self, batch, batch_idx):
        if batch_idx == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return self.weight.square().sum()

    def on_train_batch_end(self, outputs, batch, batch_idx):
        print(f"step {batch_idx} done", flush=True)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


class Spy(pl.Callback):
    def on_exception(self, trainer, module, exception):
        kind = "a SystemExit" if isinstance(exception, SystemExit) else "no SystemExit"
        print(f"{type(exception).__name__}, {kind} with code {exception.code}", flush=True)


torch.set_num_threads(1)
bare = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
trainer = pl.Trainer(accelerator="cpu", max_steps=8, callbacks=[Spy()], **bare)
trainer.fit(Module(), torch.utils.data.DataLoader(range(8)))
print("fit returned", flush=True)
PY
cat > "$place/plain.py" <<'PY'
import os
import signal

os.kill(os.getpid(), signal.SIGTERM)
PY
cd "$place"
plain=0
venv/bin/python plain.py 2>/dev/null || plain=$?
status=0
venv/bin/python train.py >output 2>errors || status=$?
cat output
echo "SIGTERM without Lightning: status $plain; inside trainer.fit: status $status (guess 143)"
SEEN="step 0 done
step 1 done
step 2 done
SIGTERMException, a SystemExit with code None"
[ "$plain" -eq 143 ] || { echo "SIGTERM without Lightning does not end in 143 here"; exit 1; }
[ "$(cat output)" = "$SEEN" ] || { echo "changed: formerly this was printed:"; echo "$SEEN"; cat errors; exit 1; }
[ "$status" -eq 0 ] || { echo "changed: status $status, formerly 0"; cat errors; exit 1; }
if grep -q Traceback errors; then echo "changed: a traceback"; cat errors; exit 1; fi
echo "As described: stopped in step 2 of 8, nothing behind fit is run, status 0."
