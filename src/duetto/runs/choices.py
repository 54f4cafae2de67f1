"""What the files of conf/ leave to code: `${duetto.NAME:...}`, resolved while Hydra composes. Nothing slow is imported.

- `duetto.shape`, `duetto.features`, `duetto.recipe`: which file of the group, by model, size and recipe;
- `duetto.timing`: the time grids that the weights which a training starts from were trained on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from omegaconf import OmegaConf

from duetto.architectures.registry import get_architecture
from duetto.errors import ConfigError, StorageError
from duetto.features.timing import UPSTREAM
from duetto.hub.get import NAME as HUB
from duetto.storage.files import read_object
from duetto.storage.run_folder import VOICE_CARD_NAME, VOICE_FOLDER

AUTO, NONE, ECOSYSTEM = "auto", "none", "ecosystem"
CENTRED = "centred"


@dataclass(frozen=True)
class Recipe:
    """What `recipe=ecosystem` chooses for an architecture; its numbers: conf/recipe/values/ecosystem_MODEL.yaml."""

    size: str  # that `model/size=auto` stands for
    features: Mapping[str, str]  # by size: the file of conf/features


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "rvc": Recipe(
            "v2_40k",
            {f"{v}_{r}k": f"contentvec_{w}" for v, w in (("v1", 256), ("v2", 768)) for r in (32, 40, 48)},
        ),
        "diffsvc": Recipe("44k", {"44k": "hubert_soft"}),
    }
)


def register_choices() -> None:
    """Make the resolvers known to omegaconf."""
    for choose in (shape, features, recipe, timing):
        OmegaConf.register_new_resolver(f"duetto.{choose.__name__}", choose, replace=True)


def shape(model: str, size: str, recipe: str = NONE) -> str:
    """File of conf/shape. `auto` is the smallest size, which pretrained weights ship for, or that of the recipe."""
    if size == AUTO:
        size = _recipe_of(model).size if recipe == ECOSYSTEM else get_architecture(model).sizes[0]
    return f"{model}_{size}"


def features(model: str, size: str, recipe: str = NONE) -> str:
    """File of conf/features: the model's own, or that of the recipe.

    Raises:
        ConfigError: If the recipe has no such model or size.
    """
    if recipe != ECOSYSTEM:
        return model
    found = _recipe_of(model)
    chosen = found.size if size == AUTO else size
    if chosen not in found.features:
        raise ConfigError(
            f"recipe={ECOSYSTEM} model/size={size}: public tools have no such {model}. Expected "
            f"{', '.join(found.features)}, or leave model/size out for {found.size}."
        )
    return found.features[chosen]


def recipe(model: str, recipe: str) -> str:
    """File of conf/recipe/values."""
    if recipe == ECOSYSTEM:
        _recipe_of(model)
        return f"{ECOSYSTEM}_{model}"
    return NONE


def timing(model: str, base: str | None) -> str:
    """The grids that the weights to start from know: a public pair upstream's, a voice those in its card."""
    if base in (None, AUTO, NONE):
        return CENTRED
    path = Path(str(base)).expanduser()
    if base == HUB or path.suffix == ".pth":
        return UPSTREAM if model == "rvc" else CENTRED
    cards = (path / VOICE_FOLDER / VOICE_CARD_NAME, path / VOICE_CARD_NAME, path.with_name(VOICE_CARD_NAME))
    for card in cards:
        if card.is_file():
            try:
                return str(read_object(card).get("features", {}).get("timing", CENTRED))
            except StorageError:  # a damaged card is told where the weights are read
                break
    return CENTRED


def _recipe_of(model: str) -> Recipe:
    if model not in RECIPES:
        raise ConfigError(
            f"recipe={ECOSYSTEM} is for {' and '.join(RECIPES)}, the architectures of public tools; model={model} has "
            "none. Leave recipe out."
        )
    return RECIPES[model]
