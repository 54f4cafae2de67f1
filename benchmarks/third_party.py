"""The table of other people's packages: what is installed for duetto, in which version, under which licence.

    python benchmarks/third_party.py [output=docs/third_party.md]

Read from the packages that are installed: those in requirements.txt and what they need themselves, and the shared
libraries inside the wheel of av. Licences are what each package's own metadata says.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

from duetto.storage.files import write_text

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"^([A-Za-z0-9._-]+)")
UNSTATED = "not stated in its metadata"
# Licences of the libraries that the wheel of av bundles, as their projects state them.
BUNDLED = {
    **dict.fromkeys(
        ("avcodec", "avdevice", "avfilter", "avformat", "avutil", "swresample", "swscale"),
        "LGPL-3.0-or-later (FFmpeg, as it reports)",
    ),
    "mp3lame": "LGPL-2.0-or-later",
    "opus": "BSD-3-Clause",
    "x264": "GPL-2.0-or-later",
    "x265": "GPL-2.0-or-later",
    "vpx": "BSD-3-Clause",
    "dav1d": "BSD-2-Clause",
    "SvtAv1Enc": "BSD-3-Clause-Clear",
    **dict.fromkeys(("webp", "webpmux", "sharpyuv"), "BSD-3-Clause"),
    **dict.fromkeys(("opencore-amrnb", "opencore-amrwb"), "Apache-2.0"),
    "gnutls": "LGPL-2.1-or-later",
    **dict.fromkeys(("nettle", "hogweed", "gmp", "unistring"), "LGPL-3.0-or-later or GPL-2.0-or-later"),
    "asound": "LGPL-2.1-or-later",
    "vpl": "MIT",
    **dict.fromkeys(("drm", "Xau", "xcb", "xcb-shm", "xcb-shape", "xcb-xfixes"), "MIT"),
}


def main() -> None:
    given = dict(argument.split("=") for argument in sys.argv[1:])
    write_text(Path(given.get("output", ROOT / "docs" / "third_party.md")), page())


def page() -> str:
    """The page."""
    packages = installed(required())
    rows = [f"| {name} | {version} | {licence} |" for name, version, licence in packages]
    libraries = [f"| {name} | {BUNDLED.get(name, 'unknown')} |" for name in bundled_libraries()]
    return "\n".join(
        [
            "# Other people's work",
            "",
            "duetto itself is MIT. `python benchmarks/third_party.py` writes this page from what is "
            "installed by requirements.txt;",
            "licences are what each package says of itself. Weights and voices: [singers](singers.md), "
            "[data](data.md), [cards](cards/README.md).",
            "",
            "| package | version | licence |",
            "|---|---|---|",
            *rows,
            "",
            "## Libraries inside the wheel of av",
            "duetto decodes recordings with them and encodes nothing; only benchmarks/watermark.py does. The wheel",
            "brings encoders under the GPL (x264, x265) that duetto does not call; who passes the wheel on, in a",
            "container for instance, passes them on as well.",
            "",
            "| library | licence |",
            "|---|---|",
            *libraries,
            "",
        ]
    )


def required() -> list[str]:
    """Names in requirements.txt and the file that it includes."""
    lines = [
        line.strip()
        for name in ("requirements-base.txt", "requirements.txt")
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
    ]
    return [found[1] for line in lines if (found := NAME.match(line)) and not line.startswith(("#", "-"))]


def installed(names: list[str]) -> list[tuple[str, str, str]]:
    """Name, version and licence of packages and of what they need, as far as they are installed, by name."""
    waiting, found = list(names), dict[str, tuple[str, str, str]]()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = (name, package.version, licence_of(package))
        needs = (each for each in package.requires or () if "extra ==" not in each)
        waiting += [match[1] for each in needs if (match := NAME.match(each))]
    return [found[name] for name in sorted(found)]


def licence_of(package: metadata.Distribution) -> str:
    """What a package's metadata says: the expression, the classifiers, or the first line of the free text."""
    said = package.metadata
    classifiers = [
        each.rpartition(" :: ")[2] for each in said.get_all("Classifier") or () if each.startswith("License ::")
    ]
    text = (
        said.get("License-Expression") or ", ".join(classifiers) or (said.get("License") or "").strip().split("\n")[0]
    )
    return text.replace("|", "/") or UNSTATED


def bundled_libraries() -> list[str]:
    """Names of the shared libraries beside the package av, without prefix and version."""
    import av

    folder = Path(av.__file__).parents[1] / "av.libs"
    return sorted(
        {re.sub(r"^lib(.+?)-[0-9a-f]{8}\.so.*$", r"\1", path.name) for path in folder.glob("lib*.so*")}, key=str.lower
    )


if __name__ == "__main__":
    main()
