"""The parser behind every command that trains: jsonargparse's, with errors that are one sentence."""

import contextlib
import functools
import operator
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.data import LARGEST_SEED
from benchmark_lightning.training.messages import check_config_files, explain
from benchmark_lightning.training.own_networks import settle


class BenchmarkParser(LightningArgumentParser):
    """Raises ``InputError`` with one sentence where jsonargparse prints its usage and exits."""

    config_files: Sequence[Path] = ()

    def add_lightning_class_args(self, *arguments: Any, **settings: Any) -> list[str]:
        """Adds the arguments of a class; ``limit_val_batches: 1`` is one batch, as a float it would be all of them.

        jsonargparse tries the types of a union in their order, and ``typing`` gives for ``Optional[Union[int, float]]`` the
        ``Optional[Union[float, int]]`` that another library has asked for first.
        """
        added: list[str] = super().add_lightning_class_args(*arguments, **settings)
        for action in self._actions:
            types = get_args(getattr(action, "_typehint", None))
            if int in types and float in types:
                action._typehint = functools.reduce(operator.or_, sorted(types, key=lambda one: one is not int))  # type: ignore[attr-defined]
        return added

    def parse_args(self, args: Sequence[str] | None = None, **settings: Any) -> Namespace:  # type: ignore[override]
        """The configuration that ``args`` give, its files checked before they are read."""
        if args is not None:
            # On the class: the parsers of the commands complain about the files of the outer one.
            BenchmarkParser.config_files = check_config_files(args)
        config: Namespace = super().parse_args(args, **settings)
        ours = config.get(config.get("subcommand", ""), config)
        check_seed(ours.get("seed_everything"))
        if "model" in ours:  # the record and the checkpoint say which network counts
            ours["model.arch"], ours["model.network"] = settle(ours["model.arch"], ours["model.network"])
        return config

    def build(self, config: Namespace) -> Namespace:
        """Builds the objects of a configuration."""
        with input_errors_unwrapped():
            built: Namespace = self.instantiate(config)
        return built

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        if not self.exit_on_error:  # the parser of a class inside, whose message the outer one passes on
            super().error(message, ex)
        raise InputError(explain(message, self.config_files, self._all_keys())) from ex

    def _all_keys(self) -> set[str]:
        """The keys of this parser and of its commands."""
        keys = {action.dest for action in self._actions}
        for action in self._actions:
            if isinstance(action.choices, dict):
                keys |= {inner.dest for command in action.choices.values() for inner in command._actions}
        return keys


def check_seed(seed: Any) -> None:
    """Raises ``InputError`` for a seed that NumPy does not take."""
    if seed is not None and not isinstance(seed, bool) and not 0 <= int(seed) <= LARGEST_SEED:
        raise InputError(f"seed_everything is {seed}; give a whole number from 0 to {LARGEST_SEED}")


@contextlib.contextmanager
def input_errors_unwrapped() -> Iterator[None]:
    """Raises the ``InputError`` of a class where jsonargparse has wrapped it in one of its own."""
    try:
        yield
    except Exception as error:
        behind: BaseException | None = error
        while behind is not None and not isinstance(behind, InputError):
            behind = behind.__cause__ or behind.__context__
        if behind is None:
            raise
        raise behind from error
