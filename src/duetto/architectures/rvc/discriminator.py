"""The jury of waveform judges that RVC trains against; the vocoder shares it."""

from duetto.layers.discriminators import MultiPeriodDiscriminator

__all__ = ["MultiPeriodDiscriminator"]
