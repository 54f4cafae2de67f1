"""What duetto knows of it."""

from pathlib import Path

from duetto.architectures.architecture import Architecture
from tests.architectures.third.config import ThirdConfig

THIRD = Architecture(
    name="third",
    title="Straight line",
    config=ThirdConfig,
    network="tests.architectures.third.network:build_third",
    renderer="tests.architectures.third.network:ThirdRenderer",
    module="tests.architectures.third.training:ThirdModule",
    sizes=("compact",),
    inputs="tests.architectures.third.training:vocoder_digests",
    no_export="No other program knows a straight line.",
    conf=Path(__file__).resolve().parent / "conf",
)
