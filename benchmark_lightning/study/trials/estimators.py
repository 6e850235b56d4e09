"""Estimators with scikit-learn's interface by class path and arguments: found, written in one way, and built.

A description of an estimator is a mapping ``{"class_path": "SVC", "init_args": {"C": 10.0}}``, whose arguments may hold others.
"""

import importlib
import importlib.util
import inspect
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.discovery import all_estimators

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.training.class_paths import find, reason

SCIKIT_LEARN, INTELEX = "scikit-learn", "scikit-learn-intelex"
IS_INTELEX_INSTALLED = importlib.util.find_spec("sklearnex") is not None
# Where scikit-learn-intelex computes the same predictions. Its forests draw other random numbers, its logistic regression
# stops elsewhere, and its neighbours are wrong at distance 0 and crash where many are asked for (2026.2).
ACCELERATED = {"sklearn.svm.SVC": "sklearnex.svm"}
CACHE_MIB = 1000  # of kernel values, for estimators with a cache_size: its default of 200 costs time and saves little

_MODULES = (
    "svm", "linear_model", "neighbors", "ensemble", "dummy", "naive_bayes", "tree", "neural_network",
    "discriminant_analysis", "gaussian_process", "semi_supervised", "multiclass", "calibration", "pipeline",
    "preprocessing", "decomposition", "feature_selection", "kernel_approximation", "random_projection", "impute",
    "compose", "cluster", "manifold", "model_selection",
)  # fmt: skip


def canonical(description: Any, key: str = "estimator") -> dict[str, Any]:
    """The one way to write an estimator: its public class path, the arguments that are given, and named steps.

    Args:
        description: a class or a mapping, as a person writes it.
        key: what to call it in an error.

    Raises:
        InputError: there is no such class, or it takes no such argument.
    """
    if isinstance(description, str):
        description = {"class_path": description}
    if not isinstance(description, dict) or not isinstance(description.get("class_path"), str):
        raise InputError(f"{key} is {description!r}; give a class such as SVC, or class_path and init_args")
    for name in description:
        if name not in ("class_path", "init_args"):
            raise InputError(f"{key} has the key {name}; arguments of the class belong under init_args")
    found = find_class(description["class_path"], key)
    arguments = description.get("init_args") or {}
    if not isinstance(arguments, dict):
        raise InputError(f"{key}.init_args is {arguments!r}; give the arguments of {found.__name__} by name")
    parameters = parameters_of(found)
    for name in arguments:
        if name not in parameters and not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
            raise InputError(f"{key}: {found.__name__} takes no {name}; {nearest(str(name), parameters)}")
    is_pipeline = issubclass(found, Pipeline)
    written = {
        name: _canonical_steps(value, key)
        if is_pipeline and name == "steps"
        else _canonical_value(value, parameters.get(name), f"{key}.{name}")
        for name, value in arguments.items()
    }
    return {"class_path": _public_path(found), "init_args": written}


def _canonical_value(value: Any, parameter: inspect.Parameter | None, key: str) -> Any:
    if isinstance(value, dict) and "class_path" in value:
        return canonical(value, key)
    if isinstance(value, list):
        return [_canonical_value(item, None, key) for item in value]
    if isinstance(value, str) and (key.endswith((".estimator", "_estimator"))):  # an estimator inside, by its name
        return canonical(value, key)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{key} is {value}; give a finite number")
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole and parameter is not None and isinstance(parameter.default, float):
        return float(value)  # 10 and 10.0 are one trial
    return value


def _canonical_steps(steps: Any, key: str) -> list[list[Any]]:
    """Pairs of a name and an estimator; what has no name is called after its class, as ``make_pipeline`` does."""
    if not isinstance(steps, list) or not steps:
        raise InputError(f"{key}.steps is {steps!r}; give a list of estimators")
    named = [step if _has_name(step) else [None, step] for step in steps]
    written = [step if step in ("passthrough", None) else canonical(step, f"{key}.steps") for _, step in named]
    usual = [str(step["class_path"]).rsplit(".", 1)[-1].lower() if isinstance(step, dict) else step for step in written]
    seen: Counter[str] = Counter()
    pairs = []
    for (name, _), step, usual_name in zip(named, written, usual, strict=True):
        seen[str(usual_name)] += 1
        numbered = f"{usual_name}-{seen[str(usual_name)]}" if usual.count(usual_name) > 1 else usual_name
        pairs.append([name or numbered, step])
    return pairs


def _has_name(step: Any) -> bool:
    return isinstance(step, list | tuple) and len(step) == 2 and isinstance(step[0], str)


def with_argument(description: dict[str, Any], name: str, value: Any, key: str = "estimator") -> dict[str, Any]:
    """A canonical description with one argument set, by the name that scikit-learn's ``set_params`` takes.

    Args:
        name: such as ``C``, or ``svc__C`` for the argument of a step or of an estimator inside.

    Raises:
        InputError: it has no such argument or part.
    """
    head, _, rest = name.partition("__")
    arguments = description["init_args"]
    steps = {step[0]: step[1] for step in arguments["steps"]} if _is_pipeline(description) else {}
    part = steps.get(head, arguments.get(head))
    if rest:
        if not isinstance(part, dict) or "class_path" not in part:
            parts = [*steps, *(inner for inner, one in arguments.items() if isinstance(one, dict))]
            way_out = nearest(head, parts) if parts else "it holds no other estimator"
            raise InputError(f"{key} has no part {head}; {way_out}")
        value = with_argument(part, rest, value, f"{key}.{head}")
    if head in steps:
        value = [[step, value if step == head else old] for step, old in steps.items()]
        head = "steps"
    return canonical({**description, "init_args": {**arguments, head: value}}, key)


def _is_pipeline(description: Mapping[str, Any]) -> bool:
    return description["class_path"] == "sklearn.pipeline.Pipeline" and bool(description["init_args"].get("steps"))


def find_class(name: str, key: str = "estimator") -> Any:
    """The class of a path, or of a name of scikit-learn's.

    Raises:
        InputError: there is none.
    """
    found = find(name, key) if "." in name else _find_short(name, key)
    if found is make_pipeline:
        return Pipeline
    if not inspect.isclass(found):
        raise InputError(f"{key} is {name!r}, which is no class; give one with scikit-learn's interface")
    return found


def _find_short(name: str, key: str) -> Any:
    for module in _MODULES:
        found = getattr(importlib.import_module(f"sklearn.{module}"), name, None)
        if inspect.isclass(found) or found is make_pipeline:
            return found
    names = [classifier for classifier, _ in all_estimators(type_filter="classifier")]
    raise InputError(
        f"{key} is {name!r}, and scikit-learn has no such class (one of your own needs its module, as in mine.{name}); "
        f"{nearest(name, names)}"
    )


def _public_path(found: Any) -> str:
    """The path without private modules, where the class is found there as well."""
    parts = found.__module__.split(".")
    public = next((parts[:end] for end, part in enumerate(parts) if part.startswith("_")), parts)
    if public and getattr(importlib.import_module(".".join(public)), found.__name__, None) is found:
        parts = public
    return ".".join([*parts, found.__name__])


def parameters_of(found: Any) -> Mapping[str, inspect.Parameter]:
    """The arguments of a class by name; none are known of a class without a signature."""
    try:
        return inspect.signature(found).parameters
    except (TypeError, ValueError):
        return {}


def engines_of(description: Any) -> tuple[str, ...]:
    """Who can compute an estimator here, the first one by default."""
    usual = description["class_path"].split(".")[0].replace("sklearn", SCIKIT_LEARN)
    has_intelex = IS_INTELEX_INSTALLED and any(one["class_path"] in ACCELERATED for one in _all_in(description))
    return (INTELEX, usual) if has_intelex else (usual,)


def resolve_engine(engine: Any, description: dict[str, Any]) -> str:
    """The engine that ``auto`` stands for on this machine.

    Raises:
        InputError: ``engine`` does not compute this estimator, or not here.
    """
    engines = engines_of(description)
    if engine == "auto":
        return engines[0]
    if engine in engines:
        return str(engine)
    if engine == INTELEX and not IS_INTELEX_INSTALLED:
        raise InputError(f"engine {INTELEX} is not installed here; give auto or {SCIKIT_LEARN}")
    raise InputError(
        f"engine {engine} does not compute {description['class_path']}; give {' or '.join(('auto', *engines))}"
    )


def _all_in(value: Any) -> list[dict[str, Any]]:
    """All descriptions in one, itself first."""
    if isinstance(value, dict):
        inner = [one for item in value.values() for one in _all_in(item)]
        return [value, *inner] if "class_path" in value else inner
    return [one for item in value for one in _all_in(item)] if isinstance(value, list) else []


def build(description: dict[str, Any], engine: str, seed: int) -> Any:
    """The estimator of a canonical description, not yet fitted; what is random in it follows the seed.

    Raises:
        InputError: the class does not take these arguments.
    """
    estimator = _built(description, engine)
    if hasattr(estimator, "get_params"):
        free = [
            name for name, value in estimator.get_params().items() if value is None and _ends_in(name, "random_state")
        ]
        estimator.set_params(**dict.fromkeys(free, seed))
    return estimator


def depends_on_seed(estimator: Any) -> bool:
    """Whether another seed may give other predictions; what does not say how it draws is taken to draw.

    A ``random_state`` that the chosen arguments never use does not count.
    """
    parts = [estimator, *(getattr(estimator, "get_params", dict)().values())]
    return any(_draws(part) for part in parts if hasattr(part, "fit"))


def _draws(part: Any) -> bool:
    if not hasattr(part, "get_params"):
        return True
    parameters = part.get_params(deep=False)
    if not type(part).__module__.startswith(("sklearn.", "sklearnex.")):
        return True
    match type(part).__name__:
        case "SVC":
            return parameters["probability"] is True
        case "DummyClassifier":
            return parameters["strategy"] in ("stratified", "uniform")
        case "LogisticRegression":
            return parameters["solver"] in ("liblinear", "sag", "saga")
        case _:
            return "random_state" in parameters


def _built(value: Any, engine: str) -> Any:
    if isinstance(value, list):
        return [_built(item, engine) for item in value]
    if not isinstance(value, dict) or "class_path" not in value:
        return value
    found = find_class(value["class_path"])
    if engine == INTELEX and value["class_path"] in ACCELERATED:
        found = getattr(importlib.import_module(ACCELERATED[value["class_path"]]), found.__name__)
    parameters = parameters_of(found)
    arguments = {name: _built(argument, engine) for name, argument in value["init_args"].items()}
    for name, argument in arguments.items():
        if name == "steps" and issubclass(found, Pipeline):
            arguments[name] = [tuple(step) for step in argument]
        elif isinstance(argument, list) and name in parameters and isinstance(parameters[name].default, tuple):
            arguments[name] = tuple(argument)  # YAML has no tuples
    if "cache_size" in parameters:
        arguments.setdefault("cache_size", CACHE_MIB)
    make: Callable[..., Any] = found
    try:
        return make(**arguments)
    except Exception as error:  # whatever a person's own class raises
        raise InputError(f"estimator: {found.__name__} cannot be made: {reason(error)}") from error


def _ends_in(name: str, last: str) -> bool:
    return name.rsplit("__", 1)[-1] == last
