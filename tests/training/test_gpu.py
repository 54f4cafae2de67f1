"""On a real card: `python -m pytest -m gpu tests/training/test_gpu.py`."""

import pytest
import torch

from duetto.training.hardware import Hardware, precision_for_capability
from tests.training.tiny import tiny_fit

pytestmark = pytest.mark.gpu


def precisions():
    best = precision_for_capability(*torch.cuda.get_device_capability())
    return {"32-true": ("32-true",), "16-mixed": ("32-true", "16-mixed")}.get(
        best, ("32-true", "16-mixed", "bf16-mixed")
    )


@pytest.fixture(autouse=True)
def _card():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")


def test_every_precision_of_the_card_trains_and_resumes_with_finite_losses(tmp_path):
    for precision in precisions():
        hardware = Hardware("cuda", torch.cuda.get_device_name(), precision, 1)
        tiny_fit(10, tmp_path / precision, hardware=hardware)
        result = tiny_fit(20, tmp_path / precision, hardware=hardware)
        assert result.steps == 20
        rows = (tmp_path / precision / "losses.csv").read_text().splitlines()
        header, last = rows[0].split(","), rows[-1].split(",")
        assert torch.tensor([float(value) for value in last]).isfinite().all(), (
            precision,
            dict(zip(header, last, strict=True)),
        )
        assert all(tensor.isfinite().all() for tensor in result.network.state_dict().values())
