"""Numbers and names that cannot be are refused where composition ends, before any work."""

import pytest

from duetto.architectures.diffsvc.sampling import SAMPLER_NAMES
from duetto.corpus.build import RECIPES
from duetto.errors import ConfigError
from duetto.runs.compose import compose_inference, compose_runs
from duetto.settings.conf_files import conf_folder
from duetto.settings.ranges import CASES, SAMPLERS, one_of, require_within

TRACKERS = "expected swift, rmvpe, fcpe, crepe, crepe_tiny, harvest or dio"


def test_the_names_that_are_fixed_here_are_those_of_the_code():
    assert set(SAMPLERS) == set(SAMPLER_NAMES)
    assert set(RECIPES) <= set(CASES)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ("eval.diffusion.sampler=euler", "eval.diffusion.sampler=euler: expected one of unipc, "),
        ("eval.diffusion.steps=0", "eval.diffusion.steps=0: expected 1 or more."),
        ("eval.diffusion.shallow_start=1", "eval.diffusion.shallow_start=1: expected 0 (pure noise), or 2"),
        ("model=diffsvc eval.diffusion.shallow_start=1001", "this model has 1000 levels of noise"),
        ("eval.max_songs=-1", "eval.max_songs=-1: expected 0 (all) or more."),
        ("eval.retrieval.protect=7", "eval.retrieval.protect=7: expected 0 to 1."),
        ("eval.retrieval.neighbours=0", "eval.retrieval.neighbours=0: expected 1 to 1024."),
        ("eval.chunk_s=nan", "eval.chunk_s=nan: expected 2 to 600."),
        ("seed=-1", "seed=-1: expected 0 to"),
        ("data.seed=-1", "data.seed=-1: expected 0 to"),
        ("data.case=case_x", "data.case=case_x: expected one of case_a,"),
        ("data.target=nobody", "There is no embedded voice 'nobody'."),
        ("data.sources=[mei,nobody]", "There is no embedded voice 'nobody'."),
        ("features.content.encoder=wav2vec", "features.content.encoder=wav2vec: expected moonshine,"),
        ("features.content.encoder=contentvec", "features.content.layer=4: contentvec is read at layer 12"),
        ("features.content.dimension=300 model.content_dimension=300", "moonshine at layer 4 gives 288"),
        (
            "features.f0.method=pm",
            f"features.f0.method=pm: {TRACKERS}; swift is the default",
        ),
        ("features.mel_min_hz=20000", "features.mel_min_hz=20000: expected 0 to"),
        ("trainer.num_threads=-2", "trainer.num_threads=-2: expected 0 (all cores) or more."),
        ("trainer.devices=0", "trainer.devices=0: expected 1 or more."),
        ("trainer.nodes=0", "trainer.nodes=0: expected 1 or more."),
        ("trainer.devices=3", "trainer.batch_size=4 is a step's examples over all processes, of which there are 3"),
        ("trainer.max_epochs=-1", "trainer.max_epochs=-1: expected 0 (no limit) or more."),
        ("trainer.decay_per_epoch=0", "trainer.decay_per_epoch=0: expected 1e-06 to 1."),
        ("recipe=ecosystem model=linear", "recipe=ecosystem is for rvc and diffsvc"),
        ("recipe=ecosystem model/size=compact", "recipe=ecosystem model/size=compact: public tools have no such rvc."),
        ("trainer.evaluate_every_steps=-1", "expected 0 (never) or more."),
        ("trainer.log_every_steps=0", "trainer.log_every_steps=0: expected 1 or more."),
        ("logger.mode=later", "logger.mode=later: expected auto, online or offline."),
        ("logger.artifacts=all", "logger.artifacts=all: expected none, records, files."),
        ("logger.project=a/b", "logger.project=a/b: W&B's names of projects"),
        (f"logger.group={'g' * 129}", "logger.group: expected 128 characters at most, got 129."),
        (f"logger.job_type={'j' * 129}", "logger.job_type: expected 128 characters"),
        (f"logger.notes={'n' * 4001}", "logger.notes: expected 4000 characters at most, got 4001."),
        (f"logger.tags=[ok,{'t' * 65}]", "is no tag; expected 1 to 64 characters each"),
        ("logger.system_metrics=some", "logger.system_metrics"),
        ("logger=[wandb,csv]", "logger=csv: there is no such option."),
        ("logger=[none,wandb]", "logger=[none,wandb]: expected trackers among wandb and tensorboard"),
        ("model.optimizer.learning_rate=0", "model.optimizer.learning_rate=0: expected above 0"),
        ("model.optimizer.beta_1=1", "model.optimizer.beta_1=1: expected 0 to below 1."),
        ("model.loss.mel=-1", "model.loss.mel=-1: expected 0 or more."),
        ("model.dropout=1", "model.dropout=1: expected 0 to below 1."),
        ("model=diffsvc model.denoiser.channels=33", "model.denoiser.channels=33: expected an even number"),
        ("model=diffsvc model.pitch_max_hz=10", "model.pitch_min_hz=50 must lie above 0 and below pitch_max_hz=10"),
        ("model=vocoder model.parallel_share=0.5", "model.parallel_share: a vocoder reads no content"),
        ("model=rvc model.parallel_share=2", "model.parallel_share=2"),
        ("model=vocoder model.mel_scales=[1]", "model.mel_scales=[1]: the mel loss needs"),
    ],
)
def test_a_setting_of_training(overrides, sentence):
    with pytest.raises(ConfigError) as error:
        compose_runs(conf_folder(), [overrides.split()])
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kernels", "sentence"),
    [
        (lambda rates: [2 * rate + 1 for rate in rates], "their difference has to be even"),
        (lambda rates: [rate - 2 for rate in rates], "does not fit an upsampling"),
        (lambda rates: [2 * rate for rate in rates[1:]], "as many upsample_kernel_sizes as upsample_rates"),
    ],
)
def test_an_upsampling_whose_kernel_does_not_fit_is_refused(kernels, sentence):
    (config,) = compose_runs(conf_folder(), [[]])
    config.model.generator.upsample_kernel_sizes = kernels(config.model.generator.upsample_rates)
    with pytest.raises(ConfigError, match=sentence):
        config.validate()


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("transpose=48", "transpose (with cents)=48: expected -36 to 36."),
        ("cents=-4000", "transpose (with cents)=-40: expected -36 to 36."),
        ("protect=7", "protect=7: expected 0 to 1."),
        ("seed=-1", "seed=-1: expected 0 to"),
        ("timing=late", "timing=late: expected centred, upstream or upstream_units."),
        ("diffusion.sampler=euler", "diffusion.sampler=euler: expected one of"),
        ("diffusion.shallow_start=-5", "diffusion.shallow_start=-5: expected 0"),
        ("f0_method=pm", f"f0_method=pm: {TRACKERS}"),
        ("format=mp3", "format=mp3: expected wav or flac."),
    ],
)
def test_a_setting_of_a_conversion(override, sentence):
    with pytest.raises(ConfigError) as error:
        compose_inference(conf_folder(), [override])
    assert sentence in str(error.value)


def test_numbers_within_bounds_and_words_in_a_row():
    require_within("x", 1.0, 1, 1)
    with pytest.raises(ConfigError, match=r"x=nan: expected 0 \(off\) or more\."):
        require_within("x", float("nan"), 0, meaning="off")
    assert one_of(["a", "b", "c"]) == "a, b or c"
