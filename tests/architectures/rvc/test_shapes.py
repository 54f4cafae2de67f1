import dataclasses

import pytest
import torch

from duetto.architectures.rvc.config import RVCConfig
from duetto.architectures.rvc.discriminator import MultiPeriodDiscriminator
from duetto.architectures.rvc.mel_latent import MelLatentSynthesizer
from duetto.architectures.rvc.shapes import SHAPE_NAMES, SynthesizerConfig, discriminator_periods, ecosystem_shape
from duetto.architectures.rvc.synthesizer import Synthesizer
from duetto.errors import ConfigError
from duetto.runs.compose import compose_runs
from duetto.settings.conf_files import conf_folder

# parameters of upstream's networks as they are trained
PARAMETERS = {
    "v1_32k_f0": 36_294_338,
    "v1_32k_nof0": 36_225_600,
    "v1_40k_f0": 36_360_514,
    "v1_40k_nof0": 36_289_088,
    "v1_48k_f0": 36_400_834,
    "v1_48k_nof0": 36_323_904,
    "v2_32k_f0": 36_880_706,
    "v2_32k_nof0": 36_813_376,
    "v2_40k_f0": 36_458_818,
    "v2_40k_nof0": 36_387_392,
    "v2_48k_f0": 37_638_466,
    "v2_48k_nof0": 37_567_040,
}


def count(build):
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in build().parameters())


def test_an_f0_and_a_plain_shape_have_upstreams_number_of_parameters():
    assert count(lambda: Synthesizer(ecosystem_shape("v1_48k_f0"))) == PARAMETERS["v1_48k_f0"]
    assert count(lambda: Synthesizer(ecosystem_shape("v2_40k_nof0"))) == PARAMETERS["v2_40k_nof0"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPE_NAMES)
def test_every_shape_has_upstreams_number_of_parameters(name):
    assert count(lambda: Synthesizer(ecosystem_shape(name))) == PARAMETERS[name]


def test_the_discriminators_have_upstreams_number_of_parameters():
    assert count(lambda: MultiPeriodDiscriminator(discriminator_periods("v1"))) == 54_968_286
    assert count(lambda: MultiPeriodDiscriminator(discriminator_periods("v2"))) == 71_410_594


def test_an_unknown_shape_is_refused():
    with pytest.raises(ConfigError, match="no RVC shape named v3_40k_f0"):
        ecosystem_shape("v3_40k_f0")


def test_the_compact_size_builds():
    (run,) = compose_runs(conf_folder(), [["model=rvc", "data=case_b"]])
    assert isinstance(run.model, RVCConfig)
    config = SynthesizerConfig.from_model_config(run.model, run.features)
    assert count(lambda: MelLatentSynthesizer(config)) < 6_000_000


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"hop_length": 25}, "do not multiply"),
        ({"inter_channels": 7}, "splits it in two"),
        ({"upsample_kernel_sizes": (12,)}, "differ in length"),
        ({"upsample_kernel_sizes": (11, 8)}, "is odd"),
        ({"resblock_dilation_sizes": ()}, "differ in length"),
    ],
)
def test_a_shape_that_would_lose_samples_is_refused(tiny, changes, complaint):
    with pytest.raises(ConfigError, match=complaint):
        dataclasses.replace(tiny, **changes)
