"""A machine is what decides its speed, and a wrong answer here trains fifteen times slower or pools two machines."""

import pytest

from benchmark_lightning.training import processor

ZEN_2 = "processor\t: 0\nmodel name\t: AMD EPYC\ncpu family\t: 23\nmodel\t\t: 49\nflags\t\t: fma avx2 sse4_2\n\nprocessor\t: 1\n"
ZEN_4 = ZEN_2.replace("23", "25").replace("49", "17").replace("avx2", "avx2 avx512f avx512_bf16")
XEON = "model name\t: Xeon\ncpu family\t: 6\nmodel\t\t: 143\nflags\t\t: avx2 avx512f avx512_bf16 amx_bf16 amx_tile\n"
NEOVERSE = "BogoMIPS\t: 50.00\nFeatures\t: asimd sve bf16\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Puts another processor into this machine."""
    for variable in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(variable, raising=False)

    def put(cpuinfo):
        (tmp_path / "cpuinfo").write_text(cpuinfo)
        monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
        processor.cpuinfo.cache_clear()

    yield put
    monkeypatch.undo()
    processor.cpuinfo.cache_clear()


@pytest.mark.parametrize(
    ("cpuinfo", "instructions", "has_bf16"),
    [
        (ZEN_2, "AVX2", False),
        (ZEN_4, "AVX-512 with BF16", True),
        (ZEN_4.replace(" avx512_bf16", ""), "AVX-512", False),
        (XEON, "AMX", True),
        (NEOVERSE, "Neon with BF16", True),
    ],
)
def test_what_a_processor_can_do_is_read_from_its_flags(machine, cpuinfo, instructions, has_bf16):
    machine(cpuinfo)
    assert processor.instructions() == instructions
    assert processor.multiplies_bf16() is has_bf16


def test_two_generations_of_one_name_differ_in_model_and_features(machine):
    machine(ZEN_2)
    first = processor.cpu_name(), processor.cpu_model(), processor.cpu_features()
    machine(ZEN_4)
    assert first == ("AMD EPYC", "family 23, model 49", ["avx2"])
    assert processor.cpu_name() == "AMD EPYC"
    assert processor.cpu_model() == "family 25, model 17"


def test_a_system_that_tells_nothing_has_a_name_and_no_bf16(machine):
    machine("")
    assert processor.cpu_name()
    assert processor.cpu_model() is None
    assert not processor.multiplies_bf16()


@pytest.mark.parametrize(("limit", "has_bf16"), [("AVX2", False), ("avx512_core", False), ("AVX512_CORE_AMX", True)])
def test_a_limit_set_for_onednn_counts(machine, monkeypatch, limit, has_bf16):
    machine(ZEN_4)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert processor.multiplies_bf16() is has_bf16


def test_a_quota_of_the_control_group_cuts_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPU_MAX", tmp_path / "cpu.max")
    cores = processor.num_usable_cores()
    assert cores == len(processor.usable_cores())
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert processor.num_usable_cores() == 0.5
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert processor.num_usable_cores() == cores
