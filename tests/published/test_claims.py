"""A verdict that is wrong about records whose truth is known would be wrong about real ones."""

import pytest

from benchmark_lightning.report.claims.judging import check_claims
from benchmark_lightning.report.claims.verdicts import Claim, Finding
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.noise import ONE_SEED
from benchmark_lightning.report.evidence.statistics import Estimate
from benchmark_lightning.report.page.devices import gpu_answers
from tests.report.made import MACS, data, network, svm, whole_study, write, write_published


def judged(number, records, tmp_path):
    """The claim of that number."""
    return check_claims(Evidence.of(write_published(records, tmp_path / "records")))[number - 1]


def verdict(number, records, tmp_path):
    return judged(number, records, tmp_path).verdict


def three(**fields):
    """Three runs of a network, as alike as runs are."""
    accuracy = fields.pop("accuracy", 0.92)
    seconds = fields.pop("seconds", 100.0)
    return [
        network(
            seed=seed, accuracy=accuracy + (seed - 1) * 0.0003, seconds=seconds * (1 + (seed - 1) * 0.003), **fields
        )
        for seed in range(3)
    ]


def seven(**fields):
    return [network(seed=seed, **fields) for seed in range(7)]


def timed(speedups, **fields):
    """Three interleaved pairs of timed runs of each model."""
    return [
        record
        for arch, speedup in speedups.items()
        for repeat in range(3)
        for record in (
            network(arch=arch, repeat=repeat, steps=60, rate=700 + repeat, **fields),
            network(
                arch=arch, repeat=repeat, steps=60, rate=(700 + 1.1 * repeat) * speedup, accelerator="cuda", **fields
            ),
        )
    ]


def in_flops(seconds):
    """Timed GPU runs of the three models that take so many seconds an epoch."""
    return [
        network(arch=arch, repeat=repeat, steps=60, rate=49_000 / value * (1 + repeat / 1000), accelerator="cuda")
        for arch, value in seconds.items()
        for repeat in range(3)
    ]


def once(**fields):
    return [network(**fields)]


def six_cells(runs, **fields):
    """All batch sizes and learning rates of the study's grid."""
    return [r for b in (16, 32, 64) for lr in (1e-3, 1e-4) for r in runs(batch_size=b, lr=lr, **fields)]


RIVAL = {"arch": "resnet50", "accuracy": 0.915}
SLOW_SVM = [svm(dataset, accuracy=accuracy, seconds=seconds, repeat=repeat, started_at=str(repeat))
            for dataset, accuracy in (("FashionMNIST", 0.897), ("MNIST", 0.973))
            for repeat, seconds in enumerate((900.0, 905.0, 903.0))]  # fmt: skip
SLOPE = {arch: macs / 1e6 for arch, macs in MACS.items()}

CASES = {
    "1 holds": (1, three(accuracy=0.945) + three(**RIVAL), "holds"),
    "1 fails as another is better": (1, three(accuracy=0.935) + three(arch="resnet50", accuracy=0.95), "fails"),
    "1 fails as it is too low": (1, six_cells(three, accuracy=0.91) + three(arch="resnet50", accuracy=0.88), "fails"),
    "1 is undecided where one of the six cells alone is too low": (1, three(accuracy=0.91) + three(arch="resnet50", accuracy=0.88), "undecided"),
    "1 is undecided where six other cells are too low": (
        1, [r for b in (128, 256, 512) for lr in (1e-2, 1e-5) for r in three(accuracy=0.91, batch_size=b, lr=lr)] + three(arch="resnet50", accuracy=0.88), "undecided",
    ),
    "1 is undecided where six cells ran once": (1, six_cells(once, accuracy=0.91) + three(arch="resnet50", accuracy=0.88), "undecided"),
    "1 is undecided where the rival ran once": (1, [*three(accuracy=0.945), network(**RIVAL)], "undecided"),
    "1 is undecided between equals": (1, three(accuracy=0.945) + three(arch="resnet50", accuracy=0.944), "undecided"),
    "1 is undecided without a rival far off": (1, [network(accuracy=0.928), network(arch="resnet50", accuracy=0.9)], "undecided"),
    "1 is not measured on a part of the data": (1, three(accuracy=0.94, fraction=0.1) + three(**RIVAL, fraction=0.1), "not measured"),
    "2 holds": (2, [r for b in (16, 32, 64) for r in three(batch_size=b) + three(arch="resnet50", batch_size=b, seconds=230.0 + b / 20)], "holds"),
    "2 fails as it is slower": (2, [r for b in (16, 32, 64) for r in three(batch_size=b) + three(arch="resnet50", batch_size=b, seconds=120.0 + b / 20)], "fails"),
    "2 fails as it gives accuracy away": (
        2, [r for b in (16, 32, 64) for r in three(batch_size=b) + three(arch="resnet50", batch_size=b, seconds=230.0, accuracy=0.95 + b / 1e5)], "fails",
    ),
    "2 holds in one pair": (2, three() + three(arch="resnet50", seconds=230.0, accuracy=0.91), "holds"),
    "2 is undecided where each ran once": (2, [r for b in (16, 32, 64) for r in (network(batch_size=b), network(arch="resnet50", batch_size=b, seconds=230.0 + b / 20, accuracy=0.91))], "undecided"),
    "2 is undecided on a part of the data": (2, three(fraction=0.1) + three(arch="resnet50", seconds=230.0, accuracy=0.91, fraction=0.1), "undecided"),
    "2 is undecided with one pair": (2, [network(), network(arch="resnet50", seconds=230.0)], "undecided"),
    "2 is not measured without ResNet-50": (2, three(), "not measured"),
    "3 holds": (3, [r for b in (16, 32, 64) for o, lost in (("sgd", 0.04), ("adam", 0.001)) for r in three(optimizer=o, batch_size=b) + three(optimizer=o, batch_size=b, lr=1e-4, accuracy=0.92 - lost - b / 1e5)], "holds"),
    "3 fails as Adam degrades too": (3, [r for b in (16, 32, 64) for o, lost in (("sgd", 0.04), ("adam", 0.04)) for r in three(optimizer=o, batch_size=b) + three(optimizer=o, batch_size=b, lr=1e-4, accuracy=0.92 - lost - b / 1e5)], "fails"),
    "3 is undecided on a part of the data": (3, [r for o in ("sgd", "adam") for r in three(optimizer=o, fraction=0.1) + three(optimizer=o, lr=1e-4, accuracy=0.8, fraction=0.1)], "undecided"),
    "3 is undecided where runs are far apart": (
        3, [network(optimizer=o, lr=lr, seed=s, accuracy=0.92 - (lr < 1e-3) * 0.02 * s) for o in ("sgd", "adam") for lr in (1e-3, 1e-4) for s in range(3)], "undecided",
    ),
    "3 is undecided where each ran once": (3, [network(optimizer=o, lr=lr, accuracy=0.92 - (lr < 1e-3) * 0.01) for o in ("sgd", "adam") for lr in (1e-3, 1e-4)], "undecided"),
    "3 is not measured with one rate": (3, three(), "not measured"),
    "4 holds": (4, seven(peak_epoch=2), "holds"),
    "4 fails": (4, seven(peak_epoch=5), "fails"),
    "4 is undecided by three seeds, however alike they are": (4, three(peak_epoch=2), "undecided"),
    "4 is undecided by repeats of one seed": (4, [network(repeat=r, peak_epoch=2) for r in range(7)], "undecided"),
    "4 is undecided where seeds differ": (4, [network(seed=s, peak_epoch=p) for s, p in enumerate((1, 2, 4, 1, 2, 4, 5))], "undecided"),
    "4 is undecided with one run": (4, [network(peak_epoch=2)], "undecided"),
    "4 is not measured by two epochs": (4, three(peak_epoch=2, training={"num_epochs": 2, "num_steps": 9}), "not measured"),
    "5 fails where the lead is too small": (5, [svm(), svm(kernel="poly", accuracy=0.888)], "fails"),
    "5 is undecided at the border": (5, [svm(), svm(kernel="poly", accuracy=0.875)], "undecided"),
    "5 fails where poly wins": (5, [svm(), svm(kernel="poly", accuracy=0.91)], "fails"),
    "5 is not measured without poly": (5, [svm()], "not measured"),
    "6 holds": (6, SLOW_SVM + three(accelerator="cuda") + three(dataset="MNIST", accelerator="cuda"), "holds"),
    "6 fails where the network is slower": (6, SLOW_SVM + three(accelerator="cuda", seconds=2000.0) + three(dataset="MNIST", accelerator="cuda", seconds=2000.0), "fails"),
    "6 is undecided with one run": (6, [svm(seconds=900.0), network(accelerator="cuda")], "undecided"),
    "6 is not measured on a CPU": (6, [svm(seconds=900.0), *three()], "not measured"),
    "7 holds": (7, timed({"resnet18": 4.0, "resnet50": 5.0}), "holds"),
    "7 fails where the GPU is far faster": (7, timed({"resnet18": 40.0}), "fails"),
    "7 is undecided at the border": (7, timed({"resnet18": 5.5}), "undecided"),
    "7 is undecided with one pair": (7, timed({"resnet18": 4.0})[:2], "undecided"),
    "7 is not measured on a CPU": (7, three(), "not measured"),
    "8 holds": (8, timed({"resnet18": 4.0, "resnet50": 5.0}), "holds"),
    "8 fails": (8, timed({"resnet18": 5.0, "resnet50": 4.0}), "fails"),
    "8 is undecided between equals": (8, timed({"resnet18": 4.0, "resnet50": 4.0}), "undecided"),
    "9 holds": (9, in_flops(SLOPE), "holds"),
    "9 fails": (9, in_flops(SLOPE | {"resnet34": 2 * SLOPE["resnet34"]}), "fails"),
    "9 is not measured with two models": (9, in_flops({"resnet18": 1.0, "resnet50": 2.0}), "not measured"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_verdict(case, tmp_path):
    number, records, expected = CASES[case]
    assert verdict(number, records, tmp_path) == expected


def test_a_lead_of_two_points_holds_with_enough_test_images(tmp_path):
    many = data("FashionMNIST") | {"num_test": 200_000}
    records = [svm(data=many), svm(kernel="poly", accuracy=0.87, data=many)]
    assert verdict(5, records, tmp_path) == "holds"


def test_every_claim_is_measured_by_the_whole_study(tmp_path):
    claims = check_claims(Evidence.of(write_published(whole_study(), tmp_path / "records")))
    assert [claim.number for claim in claims] == list(range(1, 10))
    assert "not measured" not in {claim.verdict for claim in claims}


def test_machines_of_two_codes_are_never_a_pair(tmp_path):
    """The speedup of a GPU over a CPU that ran another version of the code would measure the version."""
    records = timed({"resnet18": 4.0})
    for record in records:
        if record.environment["accelerator"] == "cuda":
            record.environment["source_hash"] = "another"
    evidence = Evidence.of(write(records, tmp_path / "records"))
    assert all("code" in timing.device for timing in evidence.timings)
    assert not any(speedup.is_paired for speedup in evidence.speedups)


def test_a_claim_fails_by_its_worst_comparison():
    def finding(low, high):
        return Finding("", Estimate((low + high) / 2, low, high, 3, ""), (0, 1))

    inside, across, outside, missing = finding(0.2, 0.4), finding(-0.1, 0.3), finding(2, 3), Finding("", None, (0, 1))
    for findings, expected in (
        ([inside], "holds"), ([inside, across], "undecided"), ([inside, across, missing], "not measured"),
        ([inside, missing, outside], "fails"), ([], "not measured"),
    ):  # fmt: skip
        claim = Claim(1, "", "", "", "", "", findings, "")
        assert claim.verdict == expected
        assert claim.decisive is None or claim.decisive.verdict == expected


def with_epochs(records, num_epochs):
    for record in records:
        record.config["trainer"]["max_epochs"] = num_epochs
        record.key += f"{num_epochs}"
    return records


def test_a_longer_training_is_no_rival_of_a_shorter_one(tmp_path):
    """Adam at fifty epochs beats SGD at five; at five it does not, and that is what is asked."""
    records = with_epochs(three(accuracy=0.95), 50) + three(optimizer="sgd", accuracy=0.94) + three(accuracy=0.93)
    findings = judged(1, records, tmp_path).findings
    assert findings[0].verdict == "fails"
    assert "max_epochs 5)" in findings[0].what


def test_the_published_split_does_not_displace_that_of_the_study(tmp_path):
    pooled = [svm(accuracy=0.90), svm(kernel="poly", accuracy=0.85)]
    standard = [svm(accuracy=0.90, split="standard"), svm(kernel="poly", accuracy=0.89, split="standard")]
    for record in standard:
        record.data["num_train"] = 54_000
    claim = judged(5, pooled + standard, tmp_path)
    assert [finding.estimate.value for finding in claim.findings] == [pytest.approx(0.05)] * 2


def test_what_stands_against_a_verdict_is_named_and_hides_no_interval(tmp_path):
    claim = judged(1, [*three(accuracy=0.91), network(**RIVAL)], tmp_path)
    lead, reached = claim.findings
    assert (lead.verdict, lead.estimate.method) == ("undecided", ONE_SEED)
    assert reached.caveat == "5 of the 6 batch sizes and learning rates were not tried and may reach it"
    assert reached.estimate.high < 0.9275
    assert reached.verdict == "undecided"


def test_a_part_of_one_data_set_does_not_stand_beside_all_of_another(tmp_path):
    def pair(**fields):
        return three(**fields) + three(arch="resnet50", seconds=230.0, accuracy=0.91, **fields)

    claim = judged(2, pair() + pair(dataset="MNIST", fraction=0.1), tmp_path)
    assert claim.verdict == "holds"
    assert all("FashionMNIST" in finding.what for finding in claim.findings)


@pytest.mark.parametrize("number", [2, 3])
def test_a_part_of_the_training_set_is_not_averaged_with_the_whole(number, tmp_path):
    def grid(fraction, lost):
        return [
            network(arch=arch, optimizer=optimizer, lr=lr, fraction=fraction, accuracy=0.92 - lost * (lr < 1e-3))
            for arch in ("resnet18", "resnet50") for optimizer in ("sgd", "adam") for lr in (1e-3, 1e-4)
        ]  # fmt: skip

    claim = judged(number, grid(1.0, 0.001) + grid(0.05, 0.3), tmp_path)
    assert all("49,000" in finding.what and "2,450" not in finding.what for finding in claim.findings)
    assert all(abs(finding.estimate.value) < 0.1 for finding in claim.findings if finding.unit == "points")


def test_a_part_of_the_training_set_is_asked_where_the_whole_has_no_rival(tmp_path):
    records = three() + three(fraction=0.1) + three(arch="resnet50", seconds=230.0, fraction=0.1)
    claim = judged(2, records, tmp_path)
    assert all("4,900" in finding.what for finding in claim.findings)


def test_one_cpu_beside_another_is_no_answer_about_a_gpu(tmp_path):
    records = [network(repeat=repeat, steps=60, rate=700 + repeat) for repeat in range(3)]
    for record in [network(repeat=repeat, steps=60, rate=800 + repeat) for repeat in range(3)]:
        record.environment["source_hash"], record.started_at = "another", "later"
        record.key += "b"
        records.append(record)
    evidence = Evidence.of(write(records, tmp_path / "records"))
    assert evidence.speedups
    assert gpu_answers(evidence) == []


def test_networks_that_differ_outside_the_grid_are_timed_apart(tmp_path):
    small = timed({"resnet18": 2.0})
    for record in small:
        record.config["model"]["stem"] = "small"
        record.key += "s"
    speedups = Evidence.of(write(timed({"resnet18": 4.0}) + small, tmp_path / "records")).speedups
    assert sorted(round(speedup.estimate.value) for speedup in speedups) == [2, 4]
    assert {speedup.work["settings"] for speedup in speedups} == {"imagenet", "small"}


def test_a_gpu_is_compared_with_the_fastest_cpu_of_its_machine(tmp_path):
    records = timed({"resnet18": 4.0})
    for record in timed({"resnet18": 4.0}):
        if record.environment["accelerator"] == "cpu":
            record.environment["num_threads"] = 1
            record.throughput = {"images_per_second": [70.0], "median_images_per_second": 70.0}
            record.started_at, record.key = "later", record.key + "1"
            records.append(record)
    evidence = Evidence.of(write(records, tmp_path / "records"))
    (speedup,) = [speedup for speedup in evidence.speedups if speedup.is_on_gpu]
    assert speedup.baseline == "Test CPU, 8 threads, really bf16-mixed"
    assert speedup.estimate.value == pytest.approx(4, rel=0.01)


def test_images_of_another_data_set_say_nothing_about_the_study(tmp_path):
    """A network on CIFAR-10 that peaked late once read "Claim 4 fails"."""
    records = three(peak_epoch=5)
    for record in records:
        record.data = record.data | {"name": "CIFAR10"}
        record.config["model"]["arch"] = "vit_b_16"
        record.key += "v"
    claims = check_claims(Evidence.of(write_published(records, tmp_path / "records")))
    assert {claim.verdict for claim in claims} == {"not measured"}
