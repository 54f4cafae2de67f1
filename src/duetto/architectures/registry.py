"""The architectures; all other code works with any of them.

Ours are listed here, one line each. Others live in packages of their own, need no change here, and register in one of
two ways:

- An entry point in its pyproject.toml, found wherever the package is installed, worker processes included:

      [project.entry-points."duetto.architectures"]
      mine = "my_package.record:MINE"

- `register(MINE)`, for this process alone: a notebook, a test.

`MINE` is an `Architecture`. Its `conf` names the folder with `model/mine.yaml`, `features/mine.yaml` and
`shape/mine_SIZE.yaml`; then `python train.py model=mine` trains it. `tests/architectures/third` is a complete example.
"""

from functools import cache
from importlib.metadata import entry_points

from duetto.architectures.architecture import Architecture
from duetto.architectures.diffsvc.record import DIFFSVC
from duetto.architectures.linear.record import LINEAR
from duetto.architectures.rvc.record import RVC
from duetto.architectures.vocoder.record import VOCODER
from duetto.errors import ConfigError
from duetto.settings.model_config import ModelConfig

ENTRY_POINTS = "duetto.architectures"
OURS = (RVC, DIFFSVC, LINEAR, VOCODER)  # in the order in which pages list them
_REGISTERED: dict[str, Architecture] = {}  # filled by `register`; the only mutable state here


def register(architecture: Architecture) -> None:
    """Add an architecture to this process; registering the same one again changes nothing.

    Raises:
        ConfigError: If the name is another architecture's.
    """
    if architectures().get(architecture.name, architecture) != architecture:
        raise ConfigError(f"There is already an architecture {architecture.name}. Give yours another name.")
    _REGISTERED[architecture.name] = architecture


def architectures() -> dict[str, Architecture]:
    """All architectures by name: ours, those of installed packages by name, those registered here."""
    return {each.name: each for each in (*OURS, *_installed())} | _REGISTERED


def get_architecture(name: str) -> Architecture:
    """The architecture that `model.name` names.

    Raises:
        ConfigError: If there is none.
    """
    known = architectures()
    if name not in known:
        raise ConfigError(f"model.name={name}: there is no such architecture; known are {', '.join(known)}.")
    return known[name]


def architecture_of(model: ModelConfig) -> Architecture:
    """The architecture of a model's settings."""
    return get_architecture(model.name)


def training_modules(model: ModelConfig) -> set[str]:
    """Modules whose code affects the result of a training, preliminary trainings included."""
    architecture = architecture_of(model)
    first = architecture.preliminary_training(model)
    if first is None or architecture.preliminary is None:
        return architecture.modules
    return (
        architecture.modules
        | get_architecture(first.architecture).modules
        | {architecture.preliminary.partition(":")[0]}
    )


def schema_modules() -> set[str]:
    """Modules of the schemas. They compute nothing: their effect is in the settings, or an error."""
    return {each.config.__module__ for each in architectures().values()}


@cache
def _installed() -> tuple[Architecture, ...]:
    found: list[Architecture] = []
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda each: each.name):
        architecture = point.load()
        if not isinstance(architecture, Architecture) or architecture.name in {each.name for each in (*OURS, *found)}:
            raise ConfigError(f"The entry point {point.value} of {ENTRY_POINTS} is not an Architecture of a new name.")
        found.append(architecture)
    return tuple(found)
