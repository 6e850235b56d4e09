"""Two machines that share a name must never be pooled."""

import pytest

from benchmark_lightning.report.evidence.machines import machine_id, machine_names
from tests.report.made import environment, network

ZEN_4 = {
    "machine": "AMD EPYC, 2 cores", "cpu": "AMD EPYC", "num_cores": 2.0, "cpu_model": "family 25, model 17",
    "cpu_capability": "AVX512", "cpu_features": ["avx2", "avx512_bf16"], "memory_gib": 23.54, "gpus": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"cpu_model": "family 25, model 1"},
        {"cpu_features": ["avx2"]},
        {"cpu_capability": "AVX2"},
        {"num_cores": 4.0},
        {"memory_gib": 47.1},
        {"gpus": ["NVIDIA T4"]},
        {"cpu_model": None},
    ],
)
def test_whatever_decides_speed_makes_another_machine_with_another_name(change):
    other = ZEN_4 | change
    assert machine_id(other) != machine_id(ZEN_4)
    names = machine_names([ZEN_4, other])
    assert len(set(names.values())) == 2
    assert all(name.startswith("AMD EPYC, 2 cores (") for name in names.values())


def test_what_the_system_keeps_for_itself_of_the_memory_makes_no_other_machine():
    assert machine_id(ZEN_4 | {"memory_gib": 23.41}) == machine_id(ZEN_4)


def test_records_that_do_not_tell_their_machine_pool_with_nothing_but_themselves():
    assert machine_id({}) == machine_id({})
    assert machine_id({}) != machine_id(ZEN_4)
    assert machine_names([{}]) == {machine_id({}): "unknown"}


def test_two_generations_of_one_name_are_two_configurations(evidence_of):
    old, new = (environment("cpu") | {"cpu_model": model} for model in ("family 25, model 1", "family 25, model 17"))
    evidence = evidence_of([network(environment=old), network(seed=1, environment=new)])
    assert evidence.configurations["n"].tolist() == [1, 1]
    assert sorted(evidence.table["machine"]) == [
        "machine A (model family 25, model 1)", "machine A (model family 25, model 17)",
    ]  # fmt: skip
