"""What the rest of duetto knows of the linear baseline."""

from duetto.architectures.architecture import Architecture, Cost
from duetto.architectures.linear.config import LinearConfig

LINEAR = Architecture(
    name="linear",
    title="linear baseline",
    config=LinearConfig,
    network="duetto.architectures.linear.renderer:build_linear",
    renderer="duetto.architectures.linear.renderer:LinearRenderer",
    module="duetto.architectures.linear.training:LinearModule",
    sizes=("compact", "44k"),
    costs={"compact": Cost(step_s=8.0, validation_s=0.0)},  # the one pass, over case B
    is_closed_form=True,
    inputs="duetto.architectures.linear.training:vocoder_digests",
    no_export="No other program sings with a linear map.",
)
