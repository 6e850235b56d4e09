"""Result tables inside a Markdown file of a person, such as the README: written from the records, and verified.

A block begins with ``<!-- results: claims from lightning_logs/reference -->`` and ends with ``<!-- end of results -->``.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.report.claims.judging import check_claims
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.page.rendering import render

BLOCKS = ("answers", "claims", "conclusion", "hardware", "printed")
_BEGIN = re.compile(r"^<!-- results:", re.MULTILINE)
_BLOCK = re.compile(
    r"^(<!-- results: (\S+) from ([^\n]+?) -->\n)((?:(?!^<!-- results:).)*?)^(<!-- end of results -->)",
    re.DOTALL | re.MULTILINE,
)


def with_blocks(path: Path, evidence: Mapping[Path, Evidence]) -> tuple[str, str, int]:
    """The text of a file as it is, as the records have it, and the number of blocks that were made.

    Args:
        path: a Markdown file; the folders in its blocks are relative to it.
        evidence: folder -> its records; blocks from other folders stay as they are.

    Raises:
        InputError: the file cannot be read, or names a block that there is not.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error})") from error
    if len(_BEGIN.findall(text)) != len(_BLOCK.findall(text)):
        raise InputError(
            f"{path} has a block of results that is not whole; it begins with <!-- results: NAME from FOLDER --> and ends "
            "with <!-- end of results -->"
        )
    known = {folder.resolve(): of_folder for folder, of_folder in evidence.items()}
    num_blocks = 0

    def renew(match: re.Match[str]) -> str:
        nonlocal num_blocks
        begin, name, folder, _, end = match.groups()
        of_folder = known.get((path.parent / folder).resolve())
        if of_folder is None:
            return match.group()
        if name not in BLOCKS:
            raise InputError(f"{path} has a block of results named {name!r}; {nearest(name, BLOCKS)}")
        num_blocks += 1
        return f"{begin}\n{render(f'{name}.md.j2', of_folder, check_claims(of_folder)).strip()}\n\n{end}"

    return text, _BLOCK.sub(renew, text), num_blocks


def write_blocks(path: Path, evidence: Mapping[Path, Evidence]) -> None:
    """Writes the blocks of a file anew.

    Raises:
        InputError: as ``with_blocks``, or the file has no block of these folders or cannot be written.
    """
    _, renewed, num_blocks = with_blocks(path, evidence)
    if not num_blocks:
        folder = next(iter(evidence))
        raise InputError(f"{path} has no block such as <!-- results: claims from {folder} -->; add one and its end")
    try:
        path.write_text(renewed, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror})") from error
