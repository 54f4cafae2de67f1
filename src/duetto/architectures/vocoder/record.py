"""What the rest of duetto knows of the vocoder."""

from duetto.architectures.architecture import Architecture, Cost
from duetto.architectures.vocoder.config import VocoderConfig
from duetto.architectures.vocoder.find import pretrained_vocoder_name
from duetto.settings.config import FeaturesConfig
from duetto.settings.model_config import ModelConfig


def _named_by_mel(_: ModelConfig, features: FeaturesConfig) -> str:
    return pretrained_vocoder_name(features)


VOCODER = Architecture(
    name="vocoder",
    title="vocoder",
    config=VocoderConfig,
    network="duetto.architectures.vocoder.renderer:build_vocoder",
    renderer="duetto.architectures.vocoder.renderer:VocoderRenderer",
    module="duetto.architectures.vocoder.training:VocoderModule",
    sizes=("compact", "44k"),
    costs={"compact": Cost(step_s=0.3, validation_s=3.0)},
    can_convert=False,
    pretrained_name=_named_by_mel,
    no_export="A vocoder converts nothing by itself; a Diff-SVC voice takes it along. Alone: format=onnx.",
    graph="duetto.architectures.vocoder.graph:vocoder_graph",
)
