"""A user's mistake, said in one sentence."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in what the user gave: shown as one sentence, exit code 2, never a traceback."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """The valid name closest to ``name``, as the end of a sentence.

    >>> nearest("resnet81", ["resnet18", "vgg11"])
    "did you mean 'resnet18'?"
    >>> nearest("zzz", ["mnist", "digits"])
    'choose one of mnist, digits'
    """
    names = list(valid)
    by_folded_name = {valid_name.casefold(): valid_name for valid_name in names}
    close = difflib.get_close_matches(name.casefold(), by_folded_name, n=1)
    if close:
        return f"did you mean {by_folded_name[close[0]]!r}?"
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"choose one of {listed}"
