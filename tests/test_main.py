"""The command line as a whole: fast where it can be, and never a traceback."""

import subprocess
import sys

import pytest

from benchmark_lightning import __version__
from benchmark_lightning.__main__ import COMMANDS, main


def test_help_imports_neither_torch_nor_lightning():
    code = (
        "import sys; from benchmark_lightning.__main__ import main; assert main(['--help']) == 0; "
        "assert not {'torch', 'lightning', 'numpy'} & set(sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(name in output for name in COMMANDS)


def test_a_command_that_trains_nothing_has_its_help_before_torch_is_imported():
    code = """
import contextlib, sys
from benchmark_lightning.__main__ import COMMANDS, main
for name, command in COMMANDS.items():
    if not command.imports_torch:
        with contextlib.suppress(SystemExit):
            main([name, "--help"])
        assert not {"torch", "lightning", "pandas", "matplotlib"} & set(sys.modules), name
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(
        f"usage: benchmark-lightning {name}" in output for name in ("sweep", "study", "report", "verify", "machine")
    )


def test_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_an_unknown_command_is_met_with_the_nearest_one(complaint):
    assert "there is no command 'fitt'; did you mean 'fit'?" in complaint("fitt")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_help(command, capsys):
    with pytest.raises(SystemExit) as leaving:
        main([command, "--help"])
    assert leaving.value.code == 0
    assert "usage: " in capsys.readouterr().out


def test_a_bug_is_a_sentence_and_exit_code_1(complaint, monkeypatch):
    def broken(arguments):
        raise RuntimeError("the moon is\nin the way")

    monkeypatch.setattr("benchmark_lightning.training.cli.main", broken)
    assert "fit failed: RuntimeError: the moon is in the way" in complaint("fit", code=1)


def test_ctrl_c_is_exit_code_130(complaint, monkeypatch):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmark_lightning.training.cli.main", interrupted)
    assert "interrupted" in complaint("fit", code=130)
