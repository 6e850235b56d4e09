"""Two runs are compared image by image only if a record says truly which images were right."""

import base64

import numpy as np
import pytest

from benchmark_lightning.study.outcomes import pack, unpack
from benchmark_lightning.study.record import RecordError, read_record, write_record
from tests.report.made import network

ORDER = np.arange(0, 39, 3)
CORRECT = ORDER % 2 == 0


@pytest.mark.parametrize("num", [1, 7, 8, 9, 13])
def test_what_is_packed_comes_back(num):
    outcomes = unpack(pack(CORRECT[:num], ORDER[:num], "pixels"))
    assert outcomes.correct.tolist() == CORRECT[:num].tolist()


def test_fourteen_thousand_images_add_little_to_a_record():
    packed = pack(np.ones(14_000, dtype=bool), np.arange(14_000), "pixels")
    assert len(packed["correct"]) < 2_400


def test_other_images_another_order_and_other_pixels_are_no_pair():
    names = {
        pack(CORRECT, order, fingerprint)["order_hash"]
        for order, fingerprint in ((ORDER, "pixels"), (ORDER[::-1], "pixels"), (ORDER + 1, "pixels"), (ORDER, "others"))
    }
    assert len(names) == 4
    assert pack(~CORRECT, ORDER, "pixels")["order_hash"] == pack(CORRECT, ORDER, "pixels")["order_hash"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"num": 13.0}, "num of its outcomes is 13.0"),
        ({"num": True}, "num of its outcomes is True"),
        ({"num": 0}, "num of its outcomes is 0"),
        ({"num": 99}, "hold 2 bytes, but 99 images need 13"),
        ({"num": None}, "num of its outcomes is None"),
        ({"order_hash": None}, "order_hash of its outcomes is None"),
        ({"correct": None}, "correct of its outcomes is None"),
        ({"correct": "no base64!"}, "is no base64"),
        ({"correct": "ä"}, "is no base64"),
        ({"correct": ""}, "hold 0 bytes"),
        ({"correct": base64.b64encode(bytes([0, 255])).decode()}, "after the last of 13 images are not 0"),
    ],
)
def test_damaged_outcomes_are_named(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        unpack(pack(CORRECT, ORDER, "pixels") | change)


@pytest.mark.parametrize("content", [None, [1], "text", {}])
def test_what_are_no_outcomes_is_damaged(content):
    with pytest.raises(ValueError, match="outcomes"):
        unpack(content)


def test_a_record_keeps_them_and_one_from_before_has_none(tmp_path):
    record = network(accuracy=0.5, outcomes={})
    assert record.test_outcomes is None
    correct = np.arange(14_000) % 2 == 0
    record.outcomes = {"test": pack(correct, np.arange(14_000), "pixels")}
    write_record(record, tmp_path)
    assert read_record(tmp_path).test_outcomes.correct.tolist() == correct.tolist()


def test_outcomes_that_are_no_section_are_no_record(tmp_path):
    record = network()
    record.outcomes = [1]
    write_record(record, tmp_path)
    with pytest.raises(RecordError, match="outcomes is"):
        read_record(tmp_path)
