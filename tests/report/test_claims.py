"""A claim that a person writes in a study file is judged as it is meant, and a bad one costs no trial."""

from pathlib import Path

import pytest
import yaml

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.claims.definition import check_selections, read_claims
from benchmark_lightning.report.claims.judging import check_claims
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.noise import ONE_SEED, UNPAIRED
from benchmark_lightning.report.evidence.questions import FILE_NAME, Questions, find_function, read_questions
from benchmark_lightning.report.evidence.selection import matches
from tests.report.made import network, svm, write

HERE = Path("study.yaml")


def claim(**content):
    holds = {} if "python" in content else {"holds": [0, 1]}
    return {"name": "it", "says": "it is so", **holds, **content}


def questions(*claims, **more):
    return read_questions({"claims": list(claims), **more}, HERE)


def three(**fields):
    accuracy = fields.pop("accuracy", 0.92)
    return [network(seed=seed, accuracy=accuracy + (seed - 1) * 0.0003, **fields) for seed in range(3)]


def judged(content, records, tmp_path):
    folder = write(records, tmp_path / "records")
    (folder / FILE_NAME).write_text(yaml.safe_dump({"claims": [content]}), encoding="utf-8")
    (result,) = check_claims(Evidence.of(folder))
    return result


def made(arch, **fields):
    """Networks whose name the made-up complexities do not know."""
    records = three(**fields)
    for record in records:
        record.config["model"]["arch"] = arch
        record.key += arch
    return records


def test_the_best_of_one_kind_is_compared_with_the_best_of_all_others(tmp_path):
    records = made("vit_b_16", accuracy=0.95) + three() + three(arch="resnet50", accuracy=0.9)
    content = claim(take={"model.arch": "vit_b_16"}, against="rest", compare="difference", holds=[0.01, 1])
    result = judged(content, records, tmp_path)
    assert result.verdict == "holds"
    assert "vit_b_16 minus resnet18" in result.findings[0].what
    assert result.findings[0].estimate.value == pytest.approx(0.03, abs=1e-3)


def test_a_classical_method_is_compared_with_a_network_on_the_same_images(tmp_path):
    content = claim(
        take={"estimator": "SVC", "estimator.kernel": "rbf"}, against={"model.arch": "resnet18"}, compare="difference",
        holds=[-0.02, 1],
    )  # fmt: skip
    assert judged(content, [*three(accuracy=0.93), svm(accuracy=0.89)], tmp_path / "a").verdict == "fails"
    assert judged(content, [*three(accuracy=0.90), svm(accuracy=0.91)], tmp_path / "b").verdict == "holds"
    part = [*three(accuracy=0.90), svm(accuracy=0.91, fraction=0.1)]
    assert judged(content, part, tmp_path / "c").verdict == "not measured"


def test_times_of_two_machines_decide_nothing(tmp_path):
    content = claim(
        take={"kind": "network"}, against={"kind": "classical"}, measure="fit_seconds", compare="ratio", holds=[2, None]
    )
    elsewhere = svm(seconds=20.0)
    elsewhere.environment |= {"machine": "another"}
    assert judged(content, [*three(), elsewhere], tmp_path / "a").verdict == "not measured"
    assert judged(content, [*three(), svm(seconds=20.0)], tmp_path / "b").findings[0].estimate.value == pytest.approx(5)


def test_a_value_needs_no_other_side_and_a_part_of_the_images_decides_only_where_it_may(tmp_path):
    records = three(fraction=0.1)
    content = claim(take={"model.arch": "resnet18"}, holds=[0.9, 1])
    assert judged(content, records, tmp_path / "a").verdict == "undecided"
    assert judged(content | {"any_part": True}, records, tmp_path / "b").verdict == "holds"


@pytest.mark.parametrize("accelerator", ["cuda", "mps"])
def test_a_gpu_is_any_accelerator_that_is_not_the_cpu(accelerator, tmp_path):
    records = [
        record
        for repeat in range(3)
        for record in (
            network(repeat=repeat, steps=60, rate=700.0 + repeat),
            network(repeat=repeat, steps=60, rate=2800.0 + 5 * repeat, accelerator="cuda"),
        )
    ]
    for record in records:
        if record.environment["accelerator"] == "cuda":
            record.environment["accelerator"] = accelerator
    content = claim(measure="speedup", take={"accelerator": "gpu"}, holds=[3, 5])
    assert judged(content, records, tmp_path).verdict == "holds"


def test_all_parts_of_a_claim_must_hold(tmp_path):
    content = claim(
        take={"model.arch": "resnet18"}, all=[{"holds": [0.9, 1]}, {"measure": "fit_seconds", "holds": [1, 2]}]
    )
    records = [network(seed=seed, seconds=100 + seed) for seed in range(3)]
    result = judged(content, records, tmp_path)
    assert [finding.verdict for finding in result.findings] == ["holds", "fails"]
    assert result.verdict == "fails"


def test_a_study_without_claims_has_rankings_and_no_claims(tmp_path):
    from benchmark_lightning.report.page.document import make_texts

    text = make_texts(Evidence.of(write(made("vit_b_16") + three(), tmp_path)), {})["report.md"]
    assert "laim" not in text
    assert r"vit\_b\_16" in text


BAD = {
    "measure is 'test/acuracy' in claim it in study.yaml; did you mean 'test/accuracy'?": {"measure": "test/acuracy"},
    "unknown key tak in claim it in study.yaml; did you mean 'take'?": {"tak": {}},
    "compare is difference in claim it in study.yaml, without against": {"compare": "difference"},
    "compare is value in claim it in study.yaml, with against": {"against": "rest"},
    "which no interval meets": {"holds": [1, 0]},
    r"holds is \[1\] in claim it": {"holds": [1]},
    "holds is 'high' in claim it": {"holds": "high"},
    "holds is .* give two numbers": {"holds": [0, "x"]},
    "take is 'resnet18' in claim it": {"take": "resnet18"},
    "against is 3 in claim it": {"against": 3, "compare": "ratio"},
    "pair is 'alice' in claim it in study.yaml; did you mean 'alike'?": {"pair": "alice"},
    "within names 'datset'": {"within": ["datset"]},
    "any_part is 1 in claim it": {"any_part": 1},
    "all is .* give a list of comparisons": {"all": []},
    "unknown key mesure": {"all": [{"mesure": "speedup"}]},
    "names no function; give module:function": {"python": "os"},
    "cannot be found": {"python": "benchmark_lightning.published.claims:nothing"},
    "no_such_module.* cannot be found": {"python": "no_such_module:function"},
    "is no function": {"python": "benchmark_lightning.published.claims:CELLS"},
    "says is 3": {"says": 3},
}


@pytest.mark.parametrize("sentence", BAD)
def test_a_bad_claim_is_one_sentence(sentence):
    with pytest.raises(InputError, match="has no says" if sentence == "says is 3" else sentence):
        read_claims(questions(claim(**BAD[sentence])))


def test_a_claim_that_says_not_where_it_holds_or_is_there_twice_is_one_sentence():
    with pytest.raises(InputError, match="does not say where it holds"):
        read_claims(questions({"name": "it", "says": "so", "take": {}}))
    with pytest.raises(InputError, match=r"two claims in study\.yaml are named it"):
        read_claims(questions(claim(), claim()))


TRIALS = [
    ({"model.arch": arch, "model.lr": lr}, {"dataset": "Digits", "kind": "network"})
    for arch, lr in (("resnet18", 0.1), ("resnet50", 0.01))
]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"take": {"model.arhc": "resnet18"}}, "take of claim it in F names model.arhc; did you mean 'model.arch'?"),
        ({"take": {"model.arch": "resnet34"}}, "wants model.arch: 'resnet34', which no trial of its sweeps has"),
        ({"take": {"model.arch": "resnet18", "model.lr": 0.01}}, "selects no trial of its sweeps"),
        ({"where": {"dataset": "MNIST"}}, "wants dataset: 'MNIST'"),
        ({"against": {"model.lr": 5}, "compare": "ratio"}, "against of claim it in F wants model.lr: 5"),
    ],
)
def test_a_claim_about_what_no_trial_trains_costs_none(content, sentence):
    with pytest.raises(InputError, match=sentence):
        check_selections(read_claims(questions(claim(**content))), TRIALS, "F")


def test_a_claim_about_a_gpu_is_no_mistake_on_a_machine_without():
    content = claim(take={"accelerator": "gpu", "model.arch": "resnet18"}, measure="speedup")
    check_selections(read_claims(questions(content)), TRIALS, "F")


def test_records_of_others_run_no_code_of_theirs(tmp_path):
    """A folder of records is data: what stands in it may name functions of this package alone."""
    with pytest.raises(InputError, match="records run no code"):
        judged(claim(python="os:getcwd"), three(), tmp_path)
    trusted = questions(claim(python="os:getcwd"))
    assert find_function("os:getcwd", trusted)
    assert not Questions().is_trusted


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"claims": "all"}, "claims in study.yaml is no list"),
        ({"include": "x"}, "include is 'x' in study.yaml"),
        ({"include": ["benchmark_lightning.published:none.yaml"]}, "none.yaml cannot be read"),
        ({"include": ["no_such_package:x.yaml"]}, "cannot be read"),
        ({"include": ["nothing.yaml"]}, "there is no file"),
        ({"references": [{"source": "x"}]}, "a reference in study.yaml has the keys source"),
        ({"references": [{"source": "x", "measure": "m", "where": {}, "value": "1"}]}, "has the value '1'"),
    ],
)
def test_bad_lists_are_one_sentence(content, sentence):
    with pytest.raises(InputError, match=sentence):
        read_questions(content, HERE)


def test_what_the_study_asks_lies_beside_its_records_with_what_it_includes(tmp_path):
    from benchmark_lightning.report.evidence.questions import questions_of, write_questions

    asked = read_questions({"include": ["benchmark_lightning.published:study.yaml"], "claims": [claim()]}, HERE)
    write_questions(asked, tmp_path)
    found = questions_of([tmp_path], None)
    assert found.claims == asked.claims
    assert len(found.claims) == 10
    assert found.references == asked.references
    write_questions(Questions(), tmp_path)
    assert not (tmp_path / FILE_NAME).exists()


def test_a_random_method_that_ran_once_decides_nothing(tmp_path):
    forest = svm(accuracy=0.8, training={"depends_on_seed": True})
    forest.config["estimator"] = {"class_path": "sklearn.ensemble.RandomForestClassifier", "init_args": {}}
    forest.key = "f" * 16
    content = claim(take={"estimator": "SVC"}, against={"estimator": "RandomForestClassifier"}, compare="difference")
    result = judged(content, [svm(accuracy=0.9), forest], tmp_path)
    assert result.verdict == "undecided"
    assert result.findings[0].estimate.method == ONE_SEED


def test_the_rest_holds_other_kinds_of_method_too(tmp_path):
    content = claim(take={"estimator": "SVC"}, against="rest", compare="difference", holds=[0, 1])
    assert judged(content, [*three(accuracy=0.93), svm(accuracy=0.89)], tmp_path).verdict == "fails"


def test_nothing_is_compared_with_itself(tmp_path):
    content = claim(take={"model.optimizer": "adam"}, against={"model.arch": "resnet18"}, compare="difference")
    assert judged(content, three(), tmp_path).verdict == "not measured"


def test_a_column_that_is_equal_mixes_no_data_sets(tmp_path):
    records = [*three(accuracy=0.93), *three(dataset="MNIST", accuracy=0.99), svm("MNIST", accuracy=0.98)]
    content = claim(
        take={"kind": "network"},
        against={"kind": "classical"},
        within=["num_train"],
        compare="difference",
        holds=[-1, 1],
    )
    findings = [finding for finding in judged(content, records, tmp_path).findings if finding.estimate is not None]
    assert [finding.what.split(" ")[0] for finding in findings] == ["MNIST"]


def test_a_difference_of_speedups_is_one(tmp_path):
    records = []
    for arch, speedup in (("resnet18", 3.0), ("resnet50", 4.0)):
        for repeat in range(3):
            rate = 700.0 + repeat
            records.append(network(arch=arch, repeat=repeat, steps=60, rate=rate))
            records.append(network(arch=arch, repeat=repeat, steps=60, rate=rate * speedup, accelerator="cuda"))
    content = claim(
        take={"model.arch": "resnet50"}, against={"model.arch": "resnet18"}, measure="speedup", compare="difference",
        holds=[0.5, 1.5],
    )  # fmt: skip
    assert judged(content, records, tmp_path).findings[0].estimate.value == pytest.approx(1.0, abs=0.05)


def test_records_include_no_files(tmp_path):
    folder = write(three(), tmp_path / "records")
    (folder / FILE_NAME).write_text("include: ['evil:study.yaml']\n", encoding="utf-8")
    with pytest.raises(InputError, match="includes other files"):
        Evidence.of(folder)


def test_words_of_a_study_are_text_in_the_page(tmp_path):
    content = claim(take={"estimator": "SVC"}, needs="x; ![t](http://tracker/p.png)")
    assert r"\!\[t\]" in judged(content, three(), tmp_path).remedy


def test_a_region_is_told_in_words(tmp_path):
    content = claim(take={"model.arch": "resnet18"}, measure="fit_seconds", holds=[None, 200])
    assert judged(content, three(), tmp_path).criterion == "the seconds of training is at most 200"


@pytest.mark.parametrize(
    ("selector", "is_meant"),
    [
        ({"estimator": "SVC"}, True), ({"estimator": "sklearn.svm.SVC"}, True), ({"estimator": "mine.SVC"}, False),
        ({"estimator.steps.svc": "SVC"}, True), ({"estimator.svc__C": 10}, True), ({"data": "Digits"}, True),
    ],
)  # fmt: skip
def test_a_class_may_be_named_without_its_module(selector, is_meant):
    config = {
        "estimator.class_path": "sklearn.svm.SVC", "estimator.steps.svc.class_path": "sklearn.svm.SVC",
        "estimator.steps.svc.C": 10.0, "data.class_path": "benchmark_lightning.training.datasets.Digits",
    }  # fmt: skip
    assert matches(selector, config, {}) == is_meant


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"take": {"seed_everything": 0}}, "seeds are replicates"),
        ({"against": "rest", "compare": "ratio"}, "leaves no rest to compare with"),
    ],
)
def test_a_claim_that_could_mean_nothing_costs_no_trial(content, sentence):
    with pytest.raises(InputError, match=sentence):
        check_selections(read_claims(questions(claim(**content))), TRIALS, "F")


def test_keys_beside_a_function_are_not_ignored():
    with pytest.raises(InputError, match="gives python and also measure"):
        read_claims(questions(claim(python="benchmark_lightning.published.claims:reached", measure="nonsense")))


def test_a_number_may_be_written_as_in_a_sweep():
    ((comparison,),) = (one.comparisons for one in read_claims(questions(claim(take={"model.lr": "1e-5"}))))
    assert comparison.take == {"model.lr": 1e-5}


def test_a_function_of_a_study_that_fails_is_named(tmp_path, monkeypatch):
    (tmp_path / "own_claims.py").write_text(
        "def fails(evidence):\n    return 1 / 0\n\n\ndef odd(evidence):\n    return 3\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = write(three(), tmp_path / "records")
    for name, sentence in (
        ("fails", r"ZeroDivisionError in own_claims.py, line 2"),
        ("odd", "return a list of Finding"),
    ):
        asked = questions({"name": "it", "says": "so", "python": f"own_claims:{name}"})
        evidence = Evidence.of(folder)
        evidence.questions = asked
        with pytest.raises(InputError, match=sentence):
            check_claims(evidence)


def test_pairs_that_are_alike_say_what_tells_them_apart(tmp_path):
    content = claim(
        take={"model.lr": 1e-3}, against={"model.lr": 1e-4}, pair="alike", compare="difference", holds=[0, 1]
    )
    result = judged(content, three() + three(lr=1e-4, accuracy=0.9), tmp_path)
    assert "(lr 0.001 minus lr 0.0001)" in result.findings[0].what
    assert result.findings[0].estimate.value == pytest.approx(0.02, abs=1e-3)


LEAD = claim(take={"model.arch": "resnet18"}, against={"model.arch": "resnet50"}, compare="difference", holds=[0, 1])


def test_a_repeat_of_a_seed_is_no_further_run(tmp_path):
    """Three copies of one lucky run would otherwise make a claim hold."""
    copies = [network(arch=arch, repeat=repeat, accuracy=0.92 + 0.02 * (arch == "resnet18"))
              for arch in ("resnet18", "resnet50") for repeat in range(3)]  # fmt: skip
    result = judged(LEAD, copies, tmp_path / "repeats")
    assert (result.verdict, result.findings[0].estimate.method) == ("undecided", ONE_SEED)
    seeds = three(accuracy=0.94) + three(arch="resnet50", accuracy=0.92)
    assert judged(LEAD, seeds, tmp_path / "seeds").verdict == "holds"


def test_the_same_test_images_decide_what_two_sets_of_them_would_not(tmp_path):
    """A record that does not say which images were right counts as one of other images, and says so."""
    content = LEAD | {"take": {"estimator.kernel": "rbf"}, "against": {"estimator.kernel": "poly"}}
    records = [svm(accuracy=0.895), svm(kernel="poly", accuracy=0.889)]
    paired = judged(content, records, tmp_path / "paired")
    assert paired.verdict == "holds"
    assert "paired on 14,000 test images" in paired.findings[0].estimate.method
    old = [svm(accuracy=0.895, outcomes={}), svm(kernel="poly", accuracy=0.889)]
    unpaired = judged(content, old, tmp_path / "unpaired")
    assert unpaired.verdict == "undecided"
    assert UNPAIRED in unpaired.findings[0].estimate.method


def test_one_of_many_comparisons_that_fails_by_chance_is_not_enough(tmp_path):
    """Of twenty comparisons at the border one lies outside by chance in every other study."""

    def kernels(lead):
        return [svm(strength=strength, kernel=kernel, accuracy=0.89 + (kernel == "rbf") * (lead if strength == 1.0 else 0.02))
                for strength in (1.0, 2.0, 4.0, 8.0) for kernel in ("rbf", "poly")]  # fmt: skip

    parts = [{"where": {"estimator.C": strength}} for strength in (1.0, 2.0, 4.0, 8.0)]
    content = LEAD | {"take": {"estimator.kernel": "rbf"}, "against": {"estimator.kernel": "poly"}, "all": parts}
    result = judged(content, kernels(-0.006), tmp_path / "hardly")
    assert result.verdict == "undecided"
    assert "not by enough for one of 4 comparisons" in result.findings[0].caveat
    assert judged(content, kernels(-0.02), tmp_path / "clearly").verdict == "fails"


def test_looks_are_paid_for_by_wider_intervals(tmp_path):
    """A study that may stop at any of four looks would else be wrong more often than it says."""
    records = three(accuracy=0.94) + three(arch="resnet50", accuracy=0.92)
    folder = write(records, tmp_path / "records")
    widths = {}
    for name, looks in (("once", {}), ("four looks", {"looks": [3, 5, 8, 12]})):
        (folder / FILE_NAME).write_text(yaml.safe_dump({"claims": [LEAD], **looks}), encoding="utf-8")
        (result,) = check_claims(Evidence.of(folder))
        widths[name] = result.findings[0].estimate.half_width
    assert widths["four looks"] > 1.1 * widths["once"]


def test_five_test_folds_decide_what_one_leaves_open(tmp_path):
    """A method that was tested on one fold alone, and is not chosen, does not take the others away."""
    content = LEAD | {
        "take": {"estimator.kernel": "rbf"},
        "against": {"estimator.kernel": "poly"},
        "holds": [0.015, 0.025],
    }
    weak = [svm(kernel=kernel, strength=0.1, accuracy=0.8) for kernel in ("rbf", "poly")]
    folds = [
        [svm(kernel=kernel, fold=fold, accuracy=0.89 - 0.0175 * (kernel == "poly")) for kernel in ("rbf", "poly")]
        for fold in range(5)
    ]
    one = judged(content, [*weak, *folds[0]], tmp_path / "one")
    assert one.verdict == "undecided"
    five = judged(content, [*weak, *(record for fold in folds for record in fold)], tmp_path / "five")
    assert five.verdict == "holds"
    assert five.findings[0].estimate.method == "paired on 70,000 test images"


def test_shares_whose_interval_leaves_out_other_images_decide_nothing(tmp_path):
    records = [*three(accuracy=0.95), *three(arch="resnet50", accuracy=0.90)]
    sides = {"take": {"model.arch": "resnet18"}, "against": {"model.arch": "resnet50"}}
    for measure, compare in (
        ("test/macro_f1", "difference"),
        ("val/accuracy", "difference"),
        ("test/accuracy", "ratio"),
    ):
        holds = [1, None] if compare == "ratio" else [0, 1]
        content = claim(**sides, measure=measure, compare=compare, holds=holds)
        result = judged(content, records, tmp_path / measure.replace("/", "-") / compare)
        assert result.verdict == "undecided"
        assert "not over other images" in result.findings[0].caveat


def test_seeds_of_a_method_that_draws_nothing_are_no_runs_of_its_scores(tmp_path):
    records = [svm(kernel=kernel) for kernel in ("rbf", "poly") for _ in range(3)]
    for place, record in enumerate(records):
        record.config["seed_everything"] = place % 3
        record.key += str(place)
        record.training = {"depends_on_seed": False}
    content = claim(
        take={"estimator.kernel": "rbf"}, against={"estimator.kernel": "poly"}, measure="test/macro_f1", compare="difference",
        holds=[-1, 1],
    )  # fmt: skip
    assert judged(content, records, tmp_path).findings[0].estimate.low is None


def test_pairs_of_single_runs_are_no_replicates_of_a_time(tmp_path):
    records = [
        network(arch=arch, batch_size=size, seconds=seconds)
        for size, seconds in ((16, 150.0), (32, 100.0), (64, 80.0))
        for arch, seconds in (("resnet18", seconds), ("resnet50", seconds * 1.53))
    ]
    content = claim(
        take={"model.arch": "resnet50"}, against={"model.arch": "resnet18"}, measure="fit_seconds", compare="ratio",
        pair="alike", holds=[1, None],
    )  # fmt: skip
    result = judged(content, records, tmp_path)
    assert result.verdict == "undecided"
    assert result.findings[0].estimate.value == pytest.approx(1.53)


def test_times_are_of_one_machine_whatever_a_claim_is_within(tmp_path):
    content = claim(
        take={"estimator": "SVC"}, against={"kind": "network"}, measure="fit_seconds", compare="ratio", holds=[0, 1],
        within=["dataset", "num_train", "split_hash"],
    )  # fmt: skip
    svms = [svm(seconds=20.0 + repeat, repeat=repeat) for repeat in range(3)]
    assert judged(content, [*three(seconds=100.0), *svms], tmp_path / "one").verdict == "holds"
    for record in svms:
        record.environment |= {"machine": "another"}
    assert judged(content, [*three(seconds=100.0), *svms], tmp_path / "two").verdict == "not measured"
