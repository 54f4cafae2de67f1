"""Command lines of the verbs: options in either spelling, names of any kind, mistakes as one sentence."""

import pytest

from duetto.__main__ import build_parser, main, parse
from duetto.cli.arguments import as_options
from duetto.errors import ConfigError


def parser_of(verb):
    return build_parser()[1][verb]


def test_options_are_written_with_or_without_dashes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = ["x", "songs=a.wav", "--html=b", "quick", "run"]
    assert as_options(typed, parser_of("doctor")) == ["x", "--songs=a.wav", "--html=b", "--quick", "run"]
    assert as_options(["run=latest", "output=it's (x)"], parser_of("export")) == ["latest", "--output=it's (x)"]
    assert as_options(["new", "path", "rights_statement=mine"], parser_of("consent"))[2] == "--rights-statement=mine"


def test_what_exists_as_a_whole_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("songs=(live) don't.wav", "quick", "mix=1.wav"):
        (tmp_path / name).touch()
        assert parse(["doctor", name]).paths == [name]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["docter", "x"], "docter: there is no such command. Did you mean doctor?"),
        (["doctor", "x", "sogns=a"], "has no --sogns. Did you mean --songs=a?"),
        (["doctor", "x", "--sogns", "a"], "has no --sogns. Did you mean --songs?"),
        (["labels", "export", "x", "--outputt=3"], "Did you mean --output=3?"),
        (["doctor", "--transpose=x", "y"], "invalid float value: 'x'. python -m duetto doctor --help lists"),
        (["export"], "The following arguments are required: run."),
        (["train", "--epochs", "3"], "trainer.max_minutes=20"),
        (["train", "--modle=rvc"], "--modle: no such option. Settings are KEY=VALUE"),
        (["infer", "sauce=x.wav"], "Did you mean source=x.wav?"),
        (["doctor", "data=case_bb"], "data=case_bb: there is no such option. Did you mean case_b?"),
        (["doctor", "data=case_b", "data.targte=low"], "Did you mean data.target=low?"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(arguments, sentence, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.startswith("error: ")
    assert len(said.err.splitlines()) == 1
    assert "usage" not in said.err + said.out


def test_help_still_explains(capsys):
    for arguments in (["--help"], ["doctor", "--help"], ["train", "--help"]):
        with pytest.raises(SystemExit) as stop:
            parse(arguments)
        assert stop.value.code == 0
    assert "usage" in capsys.readouterr().out


def test_a_verb_without_its_arguments_is_refused():
    with pytest.raises(ConfigError, match="required: COMMAND"):
        parse([])
