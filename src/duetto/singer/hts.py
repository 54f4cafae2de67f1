"""Reader of HTS voices (`.htsvoice`, version 1.0): decision trees, Gaussians and windows of an HMM synthesiser.

Both carriers are such files. Reading the models directly, instead of analysing waveforms that their engines synthesise,
gives exact spectra and leaves the length of every phone to our own timing.

A file is a text header, whose [POSITION] section gives byte ranges relative to the first byte after
[DATA]. Questions in a tree (wildcard patterns over a full-context label) lead to a Gaussian.

Reference: Zen et al., "The HMM-based speech synthesis system (HTS) version 2.0", SSW6 2007.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from duetto.errors import ConfigError

Question = tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Tree:
    """A binary decision tree; a negative child is an inner node, a positive one Gaussian number n (from 1)."""

    questions: dict[int, str]  # node -> question name
    children: dict[int, tuple[int, int]]  # node -> (child when no, child when yes)
    root: int  # 0 = the root node; positive = a tree of one leaf


@dataclass
class Model:
    """Trees and Gaussians of one quantity; one tree per state (a single one for durations)."""

    questions: dict[str, Question]
    trees: tuple[Tree, ...]
    means: tuple[NDArray[np.float64], ...]  # per tree (leaves, width)
    variances: tuple[NDArray[np.float64], ...]  # per tree (leaves, width)
    _answers: dict[tuple[str, str], bool] = field(default_factory=dict)

    def leaf(self, tree_index: int, label: str) -> int:
        """Index (from 0) of the Gaussian that a full-context label reaches."""
        tree = self.trees[tree_index]
        node = tree.root
        while node <= 0:
            no, yes = tree.children[node]
            node = yes if self._asks(tree.questions[node], label) else no
        return node - 1

    def forget(self) -> None:
        """Clear the cache of answered questions, which grows with every new label."""
        self._answers.clear()

    def _asks(self, question: str, label: str) -> bool:
        key = (question, label)
        if key not in self._answers:
            self._answers[key] = any(pattern.search(label) for pattern in self.questions[question])
        return self._answers[key]


@dataclass(frozen=True)
class HtsVoice:
    """The parts of an HTS voice that are used here."""

    sample_rate: int  # Hz
    frame_shift: int  # samples
    num_states: int
    alpha: float  # all-pass constant of the mel-cepstrum
    windows: tuple[NDArray[np.float64], ...]  # static, delta, acceleration
    duration: Model  # state durations in frames, (1, num_states)
    cepstrum: Model  # mel-cepstrum with windows, (num_windows * order)
    global_variance: NDArray[np.float64]  # (order,), of the mel-cepstrum over a phrase

    @property
    def order(self) -> int:
        """Number of mel-cepstral coefficients, c_0 included."""
        return int(self.global_variance.size)


def read_hts_voice(path: Path) -> HtsVoice:
    """Read the spectrum and duration models of an HTS voice.

    Raises:
        ConfigError: If the file is missing or is not an HTS voice of the expected layout.
    """
    if not path.is_file():
        raise ConfigError(f"There is no HTS voice {path}. Reinstall the package that ships it.")
    content = path.read_bytes()
    start = re.search(rb"\[DATA\]\r?\n", content)
    if start is None:
        raise ConfigError(f"{path} is no HTS voice: it has no [DATA] section. Reinstall the package that ships it.")
    header = content[: start.start()].decode("ascii").replace("\r", "")
    data = content[start.end() :]
    settings = dict(re.findall(r"^([A-Z_0-9]+(?:\[[A-Z0-9]+\])?):(.*)$", header, re.MULTILINE))

    def blob(key: str) -> bytes:
        first, last = settings[key].split("-")
        return data[int(first) : int(last) + 1]

    num_states, order = int(settings["NUM_STATES"]), int(settings["VECTOR_LENGTH[MCP]"])
    windows = []
    for span in settings["STREAM_WIN[MCP]"].split(","):
        first, last = span.split("-")
        windows.append(np.array([float(x) for x in data[int(first) : int(last) + 1].split()[1:]]))
    alpha = re.search(r"ALPHA=([0-9.]+)", settings["OPTION[MCP]"])
    if alpha is None:
        raise ConfigError(f"{path} states no ALPHA for its mel-cepstrum. Reinstall the package that ships it.")
    variance = _read_model(blob("GV_TREE[MCP]"), blob("GV_PDF[MCP]"), order)
    return HtsVoice(
        sample_rate=int(settings["SAMPLING_FREQUENCY"]),
        frame_shift=int(settings["FRAME_PERIOD"]),
        num_states=num_states,
        alpha=float(alpha[1]),
        windows=tuple(windows),
        duration=_read_model(blob("DURATION_TREE"), blob("DURATION_PDF"), num_states),
        cepstrum=_read_model(blob("STREAM_TREE[MCP]"), blob("STREAM_PDF[MCP]"), order * len(windows)),
        global_variance=variance.means[0].mean(axis=0),
    )


def _read_model(tree_bytes: bytes, gaussian_bytes: bytes, width: int) -> Model:
    text = tree_bytes.decode("utf-8").replace("\r", "")
    questions = {
        name: tuple(_pattern(wildcard) for wildcard in re.findall(r'"([^"]*)"', body))
        for name, body in re.findall(r"^QS\s+(\S+)\s+\{(.*)\}\s*$", text, re.MULTILINE)
    }
    trees = tuple(_read_tree(block) for block in re.split(r"^\{\*\}\[\d+\]\s*$", text, flags=re.MULTILINE)[1:])
    counts = np.frombuffer(gaussian_bytes, "<u4", len(trees))
    values = np.frombuffer(gaussian_bytes, "<f4", offset=4 * len(trees)).reshape(-1, 2, width).astype(np.float64)
    per_tree = np.split(values, np.cumsum(counts)[:-1])
    return Model(questions, trees, tuple(v[:, 0] for v in per_tree), tuple(v[:, 1] for v in per_tree))


def _read_tree(block: str) -> Tree:
    rows = re.findall(r"^\s*(-?\d+)\s+(\S+)\s+(\S+)\s+(\S+)\s*$", block, re.MULTILINE)
    if not rows:
        return Tree({}, {}, _child(block.strip()))
    questions = {int(node): question for node, question, _, _ in rows}
    children = {int(node): (_child(no), _child(yes)) for node, _, no, yes in rows}
    return Tree(questions, children, 0)


def _child(text: str) -> int:
    """Inner nodes are bare negative numbers; leaves are quoted names that end in their number."""
    name = text.strip('"')
    return int(name.rsplit("_", 1)[1]) if "_" in name else int(name)


def _pattern(wildcard: str) -> re.Pattern[str]:
    """`*` matches any text, `?` any one character; anchored at an end that has no `*`."""
    body = re.escape(wildcard.strip("*")).replace(r"\*", ".*").replace(r"\?", ".")
    start = "" if wildcard.startswith("*") else "^"
    end = "" if wildcard.endswith("*") else "$"
    return re.compile(f"{start}{body}{end}")
