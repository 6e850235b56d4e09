"""Outcomes: which test images a model had right, as packed bits that fit into a record. Imports no torch.

Shapes: m test images.
"""

import base64
import binascii
import hashlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Outcomes(NamedTuple):
    """The test images that were right, in an order that has a name.

    Args:
        order_hash: equal for the same images in the same order.
        correct: (m,)
    """

    order_hash: str
    correct: npt.NDArray[np.bool_]


def pack(correct: npt.NDArray[np.bool_], order: npt.NDArray[np.int64], fingerprint: str) -> dict[str, Any]:
    """Outcomes as a record holds them: ``num``, ``order_hash`` and ``correct``, the bits in base64.

    Args:
        correct: (m,) whether each image was right.
        order: (m,) the positions of these images in the pool of the data set.
        fingerprint: of the pixels and labels of that pool.

    >>> pack(np.array([True, False, True]), np.array([4, 7, 9]), "0123456789ab")
    {'num': 3, 'order_hash': '2a878b47590b', 'correct': 'oA=='}
    """
    assert correct.shape == order.shape
    content = f"{fingerprint}|".encode() + order.astype("<i8").tobytes()
    bits = base64.b64encode(np.packbits(correct.astype(np.bool_)).tobytes()).decode("ascii")
    return {"num": len(correct), "order_hash": hashlib.sha256(content).hexdigest()[:12], "correct": bits}


def unpack(content: Any) -> Outcomes:
    """The outcomes that ``pack`` has packed.

    Raises:
        ValueError: they are damaged, and in what way.

    >>> unpack({"num": 3, "order_hash": "2a878b47590b", "correct": "oA=="}).correct
    array([ True, False,  True])
    """
    if not isinstance(content, dict):
        raise ValueError(f"its outcomes are of type {type(content).__name__}, not num, order_hash and correct")
    num, order_hash, text = (content.get(name) for name in ("num", "order_hash", "correct"))
    if not isinstance(num, int) or isinstance(num, bool) or num < 1:
        raise ValueError(f"num of its outcomes is {_short(num)}, not a whole number of at least 1")
    if not isinstance(order_hash, str) or not order_hash:
        raise ValueError(f"order_hash of its outcomes is {_short(order_hash)}, not a text")
    if not isinstance(text, str):
        raise ValueError(f"correct of its outcomes is {_short(text)}, not a text in base64")
    try:
        packed = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"correct of its outcomes is no base64 ({error})") from error
    if len(packed) != (num + 7) // 8:
        raise ValueError(f"its outcomes hold {len(packed):,} bytes, but {num:,} images need {(num + 7) // 8:,}")
    bits = np.unpackbits(packed)
    if bits[num:].any():
        raise ValueError(f"the bits of its outcomes after the last of {num:,} images are not 0")
    return Outcomes(order_hash, bits[:num].astype(np.bool_))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
