"""The parser of the commands that take a file or folders. Imports no torch."""

import argparse
from typing import NoReturn

from benchmark_lightning.errors import InputError


class CommandParser(argparse.ArgumentParser):
    """Raises ``InputError`` where argparse prints its usage and exits."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"benchmark-lightning {command}", description=description)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")
