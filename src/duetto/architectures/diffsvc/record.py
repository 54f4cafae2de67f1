"""What the rest of duetto knows of Diff-SVC."""

from duetto.architectures.architecture import Architecture, Cost
from duetto.architectures.diffsvc.config import DiffSVCConfig

DIFFSVC = Architecture(
    name="diffsvc",
    title="Diff-SVC",
    config=DiffSVCConfig,
    network="duetto.architectures.diffsvc.renderer:build_diffsvc",
    renderer="duetto.architectures.diffsvc.renderer:DiffSVCRenderer",
    module="duetto.architectures.diffsvc.training:DiffSVCModule",
    sizes=("compact", "24k", "44k"),
    costs={"compact": Cost(step_s=0.2, validation_s=5.0)},
    inputs="duetto.architectures.diffsvc.vocoder_finetuning:vocoder_digests",
    preliminary="duetto.architectures.diffsvc.vocoder_finetuning:VOCODER_FINETUNING",
    exporter="duetto.voices.interchange.diffsvc_voice:export_diffsvc",
)
