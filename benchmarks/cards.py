"""Model cards of the weights that ship, and data cards of the embedded cases.

    python benchmarks/cards.py [output=docs/cards]

Model cards are written from the JSON beside each file of weights, data cards from conf/data and what each case is
made of. `tests/benchmarks/test_cards.py` fails if a card is not what this script writes.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from duetto.bases import BASES
from duetto.storage.files import read_object, write_text

ROOT = Path(__file__).parents[1]
MISUSE = (
    "To sing or speak as a person who has not agreed, to deceive about who sang or said something, to "
    "get past the recognition of a voice. "
    "Outputs are marked ([how](../decisions/marking.md)); leaving that out to deceive is misuse, too."
)
ROLES = {
    "rvc": "Where training of an RVC voice starts (`base=auto`). It sings as none of its 57 timbres in particular.",
    "diffsvc": "Where training of a Diff-SVC voice starts (`base=auto`).",
    "linear": "The shared map of the linear baseline (`base=auto`), the arm that every trained model has to beat.",
    "vocoder": "The vocoder through which Diff-SVC and the linear baseline sing, and where training one's own starts.",
}
SINGERS = (
    "Two families of statistical singers: hidden Markov models of a woman singing (pysinsy) and of another woman "
    "speaking (pyopenjtalk-plus), and voices made from them; texts and melodies of our own. `subject: none`: the "
    "packages give these models to everybody. Licences: [voices of others](../third-party-voices.md)."
)
NARRATORS = (
    "Voices of Kokoro-82M (Apache-2.0), a network of speech; texts of our own, spoken, and put on held "
    "notes by WORLD. "
    "`subject: none`. What the network itself was trained on is its makers' statement, not ours."
)
CASES = {
    "case_a": (SINGERS, "A voice that was recorded in one register: what is asked of it outside."),
    "case_b": (SINGERS, "A voice rendered from scores, fast and in a room."),
    "case_c": (SINGERS, "A voice separated from a mix with a band and cleaned hard."),
    "case_d": (SINGERS, "A voice cut into fragments and joined again."),
    "case_n": (NARRATORS, "A natural synthetic voice with a reference that is equal in timing and pitch."),
    "choir": (SINGERS, "Many singers for pretrained weights."),
    "ensemble": (NARRATORS, "41 natural synthetic voices for pretrained weights."),
    "ensemble_choir": (f"{NARRATORS} And: {SINGERS}", "Both, for the weights that ship."),
}


def main() -> None:
    given = dict(argument.split("=") for argument in sys.argv[1:])
    folder = Path(given.get("output", ROOT / "docs" / "cards"))
    for name, text in cards().items():
        write_text(folder / name, text)


def cards() -> dict[str, str]:
    """Every card by the name of its file."""
    models = {f"{path.stem}.md": model_card(path) for path in sorted(BASES.glob("*.json"))}
    data = {f"data_{case}.md": data_card(case) for case in CASES}
    lines = [f"- [{text.splitlines()[0].removeprefix('# ')}]({name})" for name, text in {**models, **data}.items()]
    what = "What ships: weights, and the data they and the studies come from. `python benchmarks/cards.py` writes them."
    head = f"# Cards\n\n{what}\n\n"
    return {"README.md": head + "\n".join(lines) + "\n", **models, **data}


def model_card(path: Path) -> str:
    """The card of weights that ship, from the JSON beside them."""
    card = read_object(path)
    data, model, rate = card["data"], card["model"]["name"], card["features"]["sample_rate"]
    choir = " with the choir" if data.get("with_choir") else ""
    rows = {
        "architecture": f"{model}, {rate / 1000:g} kHz, {card['shape'].get('size', 'compact')}",
        "run, seed": f"`{card['run']}`, seed {card['seed']}",
        "training": f"{card['steps']} steps, {card['hours_of_training']:.2f} h, {card['device']}",
        "started from": f"`{str(card['started_from'])[:16]}`",
        "data": f"`{data['case']}`{choir}, {data['hours']:.2f} h, `{data['hash'][:16]}`",
        "register": "MIDI {} to {}".format(*card["register_midi"]),
        "whose voices": card["subject"],
        "licence": card["licence"],
        "files": ", ".join(f"`{name}` {digest[:16]}" for name, digest in sorted(card["digests"].items())),
    }
    return page(f"Model card: {path.stem}", rows, ROLES[model], card["limits"], scores(card["scores"]))


def scores(values: dict[str, Any]) -> str:
    """The scores that the card records, the main ones."""
    flat = values.get("held_out_song", values)
    names = ("mcd_output", "mcd_copy_synthesis", "f0_rmse_cents", "speaker_similarity", "word_error", "phone_error")
    rows = [f"| `{name}` | {flat[name]:.3f} |" for name in names if isinstance(flat.get(name), int | float)]
    if not rows:
        return ""
    return "\n".join(
        [
            "## Scores",
            "Of the run's own test; see [metrics](../metrics.md).",
            "",
            "| score | value |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def data_card(case: str) -> str:
    """The card of an embedded case, from its file in conf/data."""
    settings = yaml.safe_load((ROOT / "conf" / "data" / f"{case}.yaml").read_text(encoding="utf-8"))
    origin, purpose = CASES[case]
    shown = ("target", "sources", "train_songs", "val_songs", "test_songs")
    rows = {name: text_of(settings[name]) for name in shown if settings.get(name)}
    rows |= {"origin, licence and consent": origin, "settings": f"`conf/data/{case}.yaml`"}
    limits = (
        "Made by machines: breath, dynamics, accents and the room of a real recording are thinner than a "
        "person's or absent. "
        "A finding on it is a means; whether it holds for people is asked of natural voices "
        "([results](../results/voices/README.md))."
    )
    return page(f"Data card: {case}", rows, f"{purpose} See [data](../data.md).", limits, "")


def text_of(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def page(title: str, rows: dict[str, str], use: str, limits: str, more: str) -> str:
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    parts = [
        f"# {title}",
        f"| | |\n|---|---|\n{table}",
        f"## Intended use\n{use}",
        f"## Misuse\n{MISUSE}",
        f"## Limits\n{limits}",
    ]
    return "\n\n".join([*parts, *([more.rstrip()] if more else [])]) + "\n"


if __name__ == "__main__":
    main()
