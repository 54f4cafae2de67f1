"""What the rest of duetto knows of RVC."""

from duetto.architectures.architecture import Architecture, Cost
from duetto.architectures.rvc.config import PUBLIC_SIZES, RVCConfig, hub_pair

COMPACT_STEP_S = 0.25  # 0.20 before the discriminators join, 0.30 after

RVC = Architecture(
    name="rvc",
    title="RVC",
    config=RVCConfig,
    network="duetto.architectures.rvc.renderer:build_rvc",
    renderer="duetto.architectures.rvc.renderer:RVCRenderer",
    module="duetto.architectures.rvc.training:RVCModule",
    sizes=("compact", *PUBLIC_SIZES),
    costs={"compact": Cost(COMPACT_STEP_S, validation_s=3.0)},
    inputs="duetto.architectures.rvc.vocoder_start:vocoder_digests",
    hub_pair=hub_pair,
    pretrained_reader="duetto.voices.interchange.training_checkpoint:load_training_checkpoint",
    exporter="duetto.voices.interchange.rvc_voice:export_rvc",
    graph="duetto.architectures.rvc.graph:rvc_graph",
)
