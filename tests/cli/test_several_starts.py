"""A multirun that torchrun or srun starts several times would train every run several times."""

import pytest

from duetto.cli.entry import refuse_several_starts
from duetto.errors import ConfigError


def test_a_multirun_is_started_once(monkeypatch: pytest.MonkeyPatch):
    refuse_several_starts()
    for name, value in {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1", "SLURM_LOCALID": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=r"srun started 2 processes of one multirun.*trainer.devices=2"):
        refuse_several_starts()
