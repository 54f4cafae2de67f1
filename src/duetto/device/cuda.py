"""Whether the machine's NVIDIA card can be computed on, asked of torch once; if not, why, and what to do.

A card is used if torch was built for CUDA, the driver is new enough for that build, and the build holds code for the
card: a newer one than the card has, or of the same generation (CUDA programming guide, "Binary compatibility").
"""

from dataclasses import dataclass

import torch

from duetto.device.driver import has_cuda_driver

OLDER_BUILD = "https://pytorch.org/get-started/previous-versions"


@dataclass(frozen=True)
class Card:
    """What there is to compute on, or the reason why there is nothing."""

    name: str | None = None  # of the usable device; None = none
    capability: tuple[int, int] = (0, 0)
    complaint: str = ""  # why a card that is there cannot be used, with the remedy; empty without a card

    @property
    def is_usable(self) -> bool:
        return self.name is not None


def find_card() -> Card:
    """The first CUDA device, or why there is none."""
    if torch.version.cuda is None:
        remedy = "This torch is a build for CPUs: pip install -r requirements-gpu.txt."
        return Card(complaint=_unused("The NVIDIA card", remedy) if has_cuda_driver() else "")
    if not torch.cuda.is_available():
        remedy = f"Its driver is too old for CUDA {torch.version.cuda} of this torch: update it, or see {OLDER_BUILD}."
        return Card(complaint=_unused("The NVIDIA card", remedy) if has_cuda_driver() else "")
    name, (major, minor) = torch.cuda.get_device_name(), torch.cuda.get_device_capability()
    built_for = torch.cuda.get_arch_list()
    if not runs_on(built_for, major, minor):
        remedy = f"This torch holds code for {', '.join(built_for)}, the card is sm_{major}{minor}: see {OLDER_BUILD}."
        return Card(complaint=_unused(name, remedy))
    return Card(name, (major, minor))


def runs_on(built_for: list[str], major: int, minor: int) -> bool:
    """Whether a build has code for a card of this compute capability.

    Args:
        built_for: As `torch.cuda.get_arch_list` gives them: machine code `sm_75`, intermediate code `compute_90`.
        major: Of the card.
        minor: Likewise.
    """
    for each in built_for:
        kind, _, digits = each.partition("_")
        digits = digits.rstrip("af")  # code for one chip (a) or its family (f)
        its_major, its_minor = int(digits[:-1]), int(digits[-1])
        if kind == "sm" and its_major == major and its_minor <= minor:
            return True
        if kind == "compute" and (its_major, its_minor) <= (major, minor):
            return True
    return False


def _unused(what: str, remedy: str) -> str:
    return f"{what} is not used, the CPU computes. {remedy}"
