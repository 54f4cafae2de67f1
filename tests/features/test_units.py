"""Units found again in the frames that were made from them."""

import numpy as np
import pytest

from duetto.features.timing import place_content
from duetto.features.units import EVERY_FRAME, UnitGrid, find_units, mix_units, unit_grid
from duetto.settings.config import ContentConfig, FeaturesConfig

UNITS = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)


def settings(encoder: str, timing: str) -> FeaturesConfig:
    dimension = 288 if encoder == "moonshine" else 768
    layer = 4 if encoder == "moonshine" else 12
    content = ContentConfig(encoder=encoder, layer=layer, dimension=dimension)
    return FeaturesConfig(sample_rate=24_000, hop_length=240, content=content, timing=timing)


@pytest.mark.parametrize(
    ("encoder", "timing", "first_s", "step_s"),
    [
        ("moonshine", "centred", 0.0, 0.024),
        ("contentvec", "centred", 0.0125, 0.02),
        ("contentvec", "upstream", 0, 0.02),
    ],
)
@pytest.mark.parametrize("missing", [0, 3])
def test_frames_that_were_placed_give_their_units(encoder, timing, first_s, step_s, missing):
    times_s = first_s + step_s * np.arange(len(UNITS))
    count = int(len(UNITS) * step_s * 100) - missing
    frames = place_content(UNITS, times_s, count, 240, 24_000, timing)
    grid = unit_grid(settings(encoder, timing))
    found = find_units(frames, grid)
    assert found is not None
    assert len(found) < 0.55 * count
    np.testing.assert_allclose(mix_units(found, *grid.places(count, len(found))), frames, atol=1e-4)
    np.testing.assert_allclose(found[2:40], UNITS[2:40], atol=1e-3)


def test_frames_of_another_grid_have_no_units():
    assert find_units(np.random.default_rng(1).standard_normal((60, 6)).astype(np.float32), UnitGrid(-0.5, 2.4)) is None


def test_where_nothing_is_known_every_frame_is_a_unit():
    assert unit_grid(settings("contentvec", "upstream_units")) == EVERY_FRAME
    assert find_units(UNITS, EVERY_FRAME) is UNITS
