"""The discriminators that RVC trains against; the vocoder shares it."""

from duetto.layers.discriminators import MultiPeriodDiscriminator

__all__ = ["MultiPeriodDiscriminator"]
