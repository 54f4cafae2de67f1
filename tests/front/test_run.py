import json
import math
from pathlib import Path

import pytest

import duetto
from duetto.errors import ConfigError


def test_scores_of_a_run_are_its_means_and_undefined_ones_are_nan(tmp_path: Path):
    (tmp_path / "metrics.json").write_text(json.dumps({"mean": {"mcd_output": 5.5, "rtf": None}}))
    metrics = duetto.Run(tmp_path / "run", "r0123", tmp_path).metrics
    assert metrics["mcd_output"] == 5.5
    assert math.isnan(metrics["rtf"])


@pytest.mark.parametrize("override", ["trainer.max_minuts=3", "model=rvcc", "features.sample_rate=100"])
def test_a_wrong_setting_stops_before_anything_is_done(override: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError):
        duetto.train([override], is_quiet=True)
    assert not list(tmp_path.iterdir())
