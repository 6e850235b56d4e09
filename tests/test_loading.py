"""A person who waits is told for what; and what makes the wait shorter must not keep garbage for ever."""

import gc
import subprocess
import sys

from benchmark_lightning.loading import announced_loading, garbage_kept


def test_the_first_import_of_torch_is_announced_and_a_second_command_is_not():
    code = (
        "from benchmark_lightning.loading import announced_loading\n"
        "for _ in range(2):\n"
        "    with announced_loading():\n"
        "        import torch\n"
    )
    errors = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert errors.count("loading torch and lightning ... ") == 1
    assert errors.endswith(" s\n")


def test_commands_in_one_process_do_not_keep_each_others_garbage():
    before = gc.get_freeze_count()
    with announced_loading():
        loop: list[object] = []
        loop.append(loop)
    assert gc.get_freeze_count() == before


def test_garbage_is_collected_again_after_an_import_that_failed():
    try:
        with garbage_kept():
            assert not gc.isenabled()
            raise ImportError
    except ImportError:
        assert gc.isenabled()
    finally:
        gc.unfreeze()
