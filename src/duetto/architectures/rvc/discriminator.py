"""The discriminators that RVC trains against; the vocoder uses them too."""

from duetto.layers.discriminators import MultiPeriodDiscriminator

__all__ = ["MultiPeriodDiscriminator"]
