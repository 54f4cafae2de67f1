"""The templates of every page, and what a page may load."""

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined


def make_environment() -> Environment:
    """The templates, which escape whatever comes from files."""
    return Environment(
        loader=PackageLoader("duetto.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def content_policy(style: str, script: str, media: str = "data:") -> str:
    """What a page with this style, script and places of sounds may load: nothing else."""
    return (
        f"default-src 'none'; img-src data:; media-src {media}; base-uri 'none'; form-action 'none'; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )


def template_source(environment: Environment, name: str) -> str:
    """A template file's text; ours, so the template may insert it unescaped."""
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].strip()


def _hash(text: str) -> str:
    """How a content security policy names an inline element."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
