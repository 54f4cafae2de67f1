"""The natural voices that conversions are judged on; no corpus and no pretrained weights may contain them.

`benchmarks/words.py` converts their sentences. A voice that a training has heard says nothing about voices that it has
not, so they are refused by name wherever a corpus is built or weights are exported.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

BENCH_VOICES = (
    "af_kore",
    "af_sarah",
    "am_michael",
    "am_puck",
    "bf_alice",
    "bm_fable",
    "bm_george",
    "em_alex",
    "ff_siwis",
    "im_nicola",
    "jf_tebukuro",
    "zm_yunxi",
)
# other voices of the same package with the timbre of one of them: cosine similarity of the timbre 0.97
SAME_TIMBRE: Mapping[str, str] = MappingProxyType({"pm_alex": "em_alex"})
KEPT_OUT = frozenset({*BENCH_VOICES, *SAME_TIMBRE})


def bench_voices_among(names: Iterable[str]) -> list[str]:
    """Those of the names that are kept for the bench, sorted, each once; empty if none is."""
    return sorted(KEPT_OUT.intersection(names))
