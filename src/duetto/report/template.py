"""The templates of all pages, and their content security policy."""

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined


def make_environment() -> Environment:
    """The template environment, which escapes everything that comes from files."""
    return Environment(
        loader=PackageLoader("duetto.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def content_policy(style: str, script: str, media: str = "data:") -> str:
    """The policy of a page with this style, script and source of sounds, which forbids loading anything else."""
    return (
        f"default-src 'none'; img-src data:; media-src {media}; base-uri 'none'; form-action 'none'; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )


def template_source(environment: Environment, name: str) -> str:
    """Text of one of our template files, which may be inserted unescaped."""
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].strip()


def _hash(text: str) -> str:
    """The hash by which a content security policy identifies an inline element."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
