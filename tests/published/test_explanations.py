"""A reader who sees a claim fail wants to know why; the reason is a number from the records, too."""

import pytest

from benchmark_lightning.report.claims.judging import check_claims
from benchmark_lightning.report.evidence import formatting
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.page.rendering import render
from tests.report.made import network, svm, write_published


def background(number, records, tmp_path):
    evidence = Evidence.of(write_published(records, tmp_path / "records"))
    return {remark.what: remark for remark in check_claims(evidence)[number - 1].background}


def test_a_late_peak_says_what_the_later_epochs_gave(tmp_path):
    remarks = background(4, [network(seed=seed, peak_epoch=5) for seed in range(7)], tmp_path)
    what, gained = next(iter(remarks.items()))
    assert "FashionMNIST" in what
    assert "resnet18" in what
    assert gained.estimate.value == pytest.approx(3 * 0.004)  # made to lose 0.004 for each epoch before the peak


def test_the_lead_of_a_kernel_is_told_at_each_strength(tmp_path):
    records = [
        svm(kernel=kernel, strength=strength, accuracy=accuracy)
        for kernel, strength, accuracy in (
            ("rbf", 1.0, 0.89),
            ("poly", 1.0, 0.87),
            ("rbf", 10.0, 0.9),
            ("poly", 10.0, 0.895),
        )
    ]
    leads = {
        what.rpartition(" ")[2]: remark.estimate.value for what, remark in background(5, records, tmp_path).items()
    }
    assert leads == {"1": pytest.approx(0.02, abs=1e-3), "10": pytest.approx(0.005, abs=1e-3)}


def test_operations_of_the_two_networks_stand_beside_their_times(tmp_path):
    remarks = background(2, [network(), network(arch="resnet50", seconds=400.0)], tmp_path)
    assert [(what.rpartition(", ")[2], formatting.estimate(one.estimate, one.unit)) for what, one in remarks.items()] == [
        ("as designed", "2.37x"), ("as computed on cpu", "2.37x"), ("5 epochs on 49,000 images: 5 epochs on 49,000", "100.00 %"),
    ]  # fmt: skip


def test_a_short_training_is_told_beside_the_learning_rates(tmp_path):
    remarks = background(3, [network(fraction=0.1, lr=lr) for lr in (1e-3, 1e-4)], tmp_path)
    assert [
        (what.partition(": ")[2], formatting.estimate(remark.estimate, remark.unit)) for what, remark in remarks.items()
    ] == [("5 epochs on 4,900", "10.00 %")]


def test_the_use_of_a_gpu_stands_beside_its_speedup(tmp_path):
    records = [network(steps=60), network(steps=60, accelerator="cuda", rate=3000.0)]
    assert [remark.estimate.value for remark in background(7, records, tmp_path).values()] == [0.4]


def test_a_claim_that_fails_is_concluded_with_its_reason(tmp_path):
    evidence = Evidence.of(
        write_published([network(seed=seed, peak_epoch=5) for seed in range(7)], tmp_path / "records")
    )
    conclusion = render("conclusion.md.j2", evidence, check_claims(evidence))
    assert "Claim 4 fails here" in conclusion
    assert "validation accuracy that the epochs after the second add: 1.20 points" in conclusion
    assert "(1.20 to 1.20)" in conclusion


def test_what_was_not_measured_explains_nothing(tmp_path):
    digits = [network("Digits", lr=lr, arch=arch) for lr in (1e-3, 1e-4) for arch in ("resnet18", "resnet50")]
    svms = [svm("Digits", kernel=kernel) for kernel in ("rbf", "poly")]
    evidence = Evidence.of(write_published([*digits, *svms], tmp_path / "records"))
    assert not [claim.number for claim in check_claims(evidence) if claim.background]
