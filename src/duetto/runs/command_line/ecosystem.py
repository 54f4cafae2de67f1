"""Names of our settings for those of RVC WebUI, Applio, so-vits-svc and Diff-SVC.

Only words that are not settings of ours are looked up. A value of the same meaning is repeated, others are converted;
where we have no counterpart, the answer says so.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

SIZES = ("32k", "40k", "48k")  # of RVC v2
UPSTREAM_TIMESTEPS = 1000  # of Diff-SVC

CARD = "a GPU is used if there is one; CUDA_VISIBLE_DEVICES=0 in front of the command selects one"
TRAINING_CARD = f"{CARD}, trainer.accelerator=cpu uses none, trainer.devices=2 uses two"
EPOCHS = (
    "minutes limit the training, and epochs if you say so: write trainer.max_minutes=20, or trainer.max_minutes=0 "
    "trainer.max_epochs=200"
)
CHECKPOINTS = "checkpoints are saved by steps: write trainer.checkpoint_every_steps=100"
NAMED = "a run's folder is named after its settings; name=my_voice names the run, logs=FOLDER puts it elsewhere"
TENSORBOARD = (
    "write logger=tensorboard (pip install tensorboard), or logger=both for Weights & Biases too; losses.csv and the "
    "run's page have the curves anyway"
)
ENCODER = "the content encoder is chosen by features=contentvec_768 features.content.path=hub; recipe=ecosystem does it"
NO_FILTER = "the pitch is not filtered, so there is nothing to set: leave it out"
OWN_GRID = "the pitch has the hop length that the voice was trained with: leave it out"
OVERTRAINING = "overtraining is always monitored, and the best step kept (trainer.select=best): leave it out"
FITTED = "transpose=auto chooses the transposition at which the voice covers most of the melody: write that"
NOT_DONE = "conversion does not support that: leave it out"
IN_INFER = "that is a setting of the conversion: python infer.py run=latest source=SONG.wav"
IN_TRAIN = "that is a setting of the training: python train.py --help"


def _spread(table: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({word: answer for words, answer in table.items() for word in words.split()})


SAME_IN_TRAIN = _spread(
    {
        "batch_size train_batch_size": "trainer.batch_size",
        "learning_rate lr": "model.optimizer.learning_rate",
        "max_updates total_steps num_steps": "trainer.max_steps",
        "val_check_interval eval_interval interval_val": "trainer.evaluate_every_steps",
        "log_interval interval_log": "trainer.log_every_steps",
        "interval_force_save save_every_steps": "trainer.checkpoint_every_steps",
        "pretrained pretrained_g pretrain_g pretraing g_pretrained_path base_model": "base",
        "pretrained_d pretrain_d pretraind d_pretrained_path": "model.base_discriminator",
        "f0_method f0method f0_predictor f0_extractor pitch_extractor": "features.f0.method",
        "f0_min": "features.f0.min_hz",
        "f0_max": "features.f0.max_hz",
        "hop_size": "features.hop_length",
        "audio_num_mel_bins": "features.n_mels",
        "index_rate": "eval.retrieval.index_rate",
        "protect": "eval.retrieval.protect",
        "n_cpu n_p np cpu_cores num_processes threads": "trainer.num_threads",
        "n_gpu n_gpus num_gpus": "trainer.devices",
        "num_nodes nnodes n_nodes": "trainer.nodes",
        "vocoder_ckpt vocoder_path": "model.vocoder",
        "timesteps": "model.num_timesteps",
        "residual_channels": "model.denoiser.channels",
        "residual_layers": "model.denoiser.num_layers",
        "model_name experiment_name exp_name project_name": "name",
        "dataset dataset_path dataset_folder trainset_dir train_dir raw_data_dir": "data=folder data.path",
    }
)
SAME_IN_INFER = _spread(
    {
        "f0_up_key f0up_key pitch pitch_shift key tran trans semitones transposition": "transpose",
        "f0method f0_predictor f0_extractor pitch_extractor pitch_algorithm": "f0_method",
        "input input_path input_audio wav wav_path audio audio_path file": "source",
        "output_path opt_path opt_dir output_file": "output",
        "pth pth_path model_path model": "checkpoint",
        "index_path index_file file_index": "index",
        "index_ratio feature_ratio cluster_infer_ratio": "index_rate",
        "sid spk spk_id speaker_id spk_list": "speaker",
        "export_format wav_format": "format",
        "resample_sr sample_rate sr sampling_rate": "rate",
        "k_step kstep add_noise_step": "diffusion.shallow_start",
        "method sampler": "diffusion.sampler",
        "hubert_path contentvec embedder_model_custom": "content_path",
        "vocoder_path vocoder_ckpt": "vocoder",
        "formant_shift formant_shifting": "formant",
    }
)
TOLD_IN_TRAIN = _spread(
    {
        "epoch epochs total_epoch total_epochs max_epochs num_epochs te": EPOCHS,
        "save_every_epoch save_frequency se num_ckpt_keep keep_ckpts save_only_latest": CHECKPOINTS,
        "gpu gpus gpu_id gpu_number gpu_ids device use_gpu cuda": TRAINING_CARD,
        "exp_dir experiment_dir": NAMED,
        "tensorboard use_tensorboard log_dir": TENSORBOARD,
        "embedder embedder_model hubert hubert_path hubert_type": ENCODER,
        "overtraining_detector overtraining_threshold overtrain": OVERTRAINING,
        "filter_radius": NO_FILTER,
        "crepe_hop_length": OWN_GRID,
        "cache_gpu cache_data_in_gpu cache_dataset_in_gpu cleanup": "there is no such setting: leave it out",
        "pitch f0_up_key f0up_key transpose rms_mix_rate index source output": IN_INFER,
        "version architecture": "model and shape are chosen by model=rvc model/size=v2_40k",
    }
)
TOLD_IN_INFER = _spread(
    {
        "gpu gpus gpu_id device use_gpu cuda": CARD,
        "filter_radius": NO_FILTER,
        "crepe_hop_length hop_length": OWN_GRID,
        "autotune f0_autotune clean_audio upscale_audio enhance post_process noice_scale": NOT_DONE,
        "split_audio slice_db": "recordings are cut at quiet places automatically; chunk_s=20 sets the longest piece",
        "auto_predict_f0 proposed_pitch": FITTED,
        "name model_name voice experiment_name": "a voice is named by run=latest, run=NAME, or checkpoint=FILE.pth",
        "epoch epochs total_epoch total_epochs batch_size learning_rate lr": IN_TRAIN,
        "save_every_epoch pretrained pretrained_g pretrained_d tensorboard": IN_TRAIN,
    }
)


def _level_match(value: str) -> str:
    return f"level_match={1 - float(value):.4g}"


def _steps(value: str) -> str:
    return f"diffusion.sampler=pndm diffusion.steps={max(1, UPSTREAM_TIMESTEPS // int(value))}"


def _size(value: str) -> str:
    rate = value.lower().removesuffix("000").removesuffix("k") + "k"
    return f"model=rvc model/size=v2_{rate if rate in SIZES else '40k'}"


CONVERTED: Mapping[str, Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "train": {"sample_rate": _size, "sr": _size, "sampling_rate": _size, "audio_sample_rate": _size},
        "infer": {
            "rms_mix_rate": _level_match,
            "volume_envelope": _level_match,
            "speedup": _steps,
            "pndm_speedup": _steps,
        },
    }
)
SAME = MappingProxyType({"train": SAME_IN_TRAIN, "infer": SAME_IN_INFER})
TOLD = MappingProxyType({"train": TOLD_IN_TRAIN, "infer": TOLD_IN_INFER})


def answer(word: str, value: str, entry: str) -> str:
    """What to write instead of another tool's setting, one sentence; empty if the word is none.

    Args:
        word: The setting as typed, in any case, with or without dashes.
        value: Its value as typed; may be empty.
        entry: `train` or `infer`, the entry point that was called.
    """
    key = word.lower().lstrip("-").replace("-", "_")
    if key in SAME[entry]:
        new = SAME[entry][key]
        return f"{word} is called {new.rpartition(' ')[2]} here: write {new}={value or 'VALUE'}."
    if key in CONVERTED[entry]:
        return _converted(word, value, CONVERTED[entry][key])
    return f"{word}: {TOLD[entry][key]}." if key in TOLD[entry] else ""


def _converted(word: str, value: str, convert: Callable[[str], str]) -> str:
    try:
        return f"{word}={value} is {convert(value)} here: write that."
    except (ValueError, ZeroDivisionError):
        return f"{word} is another setting here, such as {convert('1')}."
