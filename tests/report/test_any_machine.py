"""The report was made on one machine; whoever clones it has another one, and verifies it all the same."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
VERIFY = (
    "import sys; import numpy; from benchmark_lightning.__main__ import main; "
    "print(sorted(numpy.show_config('dicts')['SIMD Extensions'].get('found', []))); "
    "sys.exit(main(['verify', 'lightning_logs/reference', '--readme', 'README.md']))"
)


def vector_extensions() -> list[str]:
    """What NumPy takes of this processor beyond what every one has; the names differ between its versions."""
    return sorted(np.show_config("dicts")["SIMD Extensions"].get("found", []))


@pytest.mark.parametrize(
    ("variables", "extensions"),
    [
        ({"NPY_DISABLE_CPU_FEATURES": " ".join(vector_extensions())}, []),
        ({"OPENBLAS_CORETYPE": "Prescott", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}, vector_extensions()),
        ({"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}, vector_extensions()),
    ],
    ids=["no vector extensions", "the oldest processor, one thread", "two threads"],
)
def test_the_reference_report_is_verified_on(variables, extensions):
    result = subprocess.run(
        [sys.executable, "-c", VERIFY],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    taken, *found = result.stdout.splitlines()
    assert taken == str(extensions)  # else nothing was tried
    assert result.returncode == 0, "\n".join(found) + result.stderr
