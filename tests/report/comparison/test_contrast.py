import re

import pytest

from duetto.report.template import make_environment, template_source

TEXT_ON = [  # what the style sheets put on what
    *((ink, ground) for ink in ("ink", "soft", "accent", "good", "warn") for ground in ("paper", "ground")),
    ("warn", "warn-ground"),
    ("ink", "warn-ground"),
    ("good", "good-ground"),
    ("bad", "bad-ground"),
    ("open", "open-ground"),
]
LINES = [f"c{number}" for number in range(8)]


def palettes():
    environment = make_environment()
    light, dark = {}, {}
    for name in ("run.css", "comparison.css"):
        style = template_source(environment, name)
        night = re.search(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", style, re.DOTALL)
        light.update(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", style.replace(night[0], "")))
        dark.update(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", night[1]))
    return {"light": light, "dark": {**light, **dark}}, set(light), set(dark)


def luminance(colour):
    """Relative luminance of an sRGB colour, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_formula_gives_the_known_ends():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme):
    colours = palettes()[0][scheme]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT_ON}
    assert {pair: value for pair, value in weak.items() if value < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_markers_stand_out_from_the_paper(scheme):
    colours = palettes()[0][scheme]
    assert {name for name in LINES if contrast(colours[name], colours["paper"]) < 3.0} == set()


def test_every_colour_has_a_dark_counterpart():
    _, light, dark = palettes()
    assert light == dark
