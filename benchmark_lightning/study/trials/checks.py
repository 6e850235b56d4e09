"""An estimator is tried on a few images before anything is measured: scikit-learn checks its arguments when it fits."""

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import is_clusterer, is_outlier_detector, is_regressor
from sklearn.utils._param_validation import InvalidParameterError  # there is no public path to it

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.class_paths import reason

NUM_IMAGES = (200, 2000)  # all classes in equal parts
Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def check_estimator(make: Callable[[], Any], features: Features, labels: Labels) -> None:
    """Fits an estimator on a small stratified part of the training images, and predicts two of them.

    What fails on few images need not fail on all: 300 components, say. A failure is the user's mistake when a larger part
    fails with the same words, or when the larger part is all there is.

    Args:
        make: the estimator, not yet fitted.
        features: ``(n, d)`` float32 in [0, 1].
        labels: ``(n,)`` int64.

    Raises:
        InputError: an argument has a wrong value, or the class is no classifier.
    """
    _check_is_classifier(make())
    few, more = (stratified_few(labels, count) for count in NUM_IMAGES)
    failure = _try(make(), features[few], labels[few])
    if failure is None:
        return
    again = _try(make(), features[more], labels[more]) if len(more) > len(few) else failure
    if again is not None and (again == failure or len(more) == len(labels)):
        raise InputError(f"estimator: {again}")


def stratified_few(labels: Labels, count: int) -> npt.NDArray[np.intp]:
    """Positions of about ``count`` labels: the first ones of each class, equally many of each."""
    classes = np.unique(labels)
    each = max(5, count // len(classes))  # five folds of a cross-validation inside need five images
    return np.sort(np.concatenate([np.flatnonzero(labels == one)[:each] for one in classes]))


def _check_is_classifier(estimator: Any) -> None:
    name = type(estimator).__name__
    for method in ("fit", "predict"):
        if not hasattr(estimator, method):
            raise InputError(f"estimator: {name} has no {method}; give a classifier with scikit-learn's interface")
    if not hasattr(estimator, "__sklearn_tags__"):  # a class of one's own needs no more than the two methods
        return
    for kind, is_kind in (("regressor", is_regressor), ("clusterer", is_clusterer), ("detector", is_outlier_detector)):
        try:
            is_meant = is_kind(estimator)
        except Exception as error:  # of an estimator that holds something else than estimators
            raise InputError(f"estimator: {name} cannot say what it is ({type(error).__name__}: {error})") from error
        if is_meant:
            raise InputError(f"estimator: {name} is a {kind}; give a classifier")


def _try(estimator: Any, features: Features, labels: Labels) -> str | None:
    """Why the estimator fails on these images, if it does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.fit(features, labels)
            predicted = np.asarray(estimator.predict(features[:2]))
    except InvalidParameterError as error:
        raise InputError(_sentence(str(error))) from error
    except Exception as error:  # every estimator fails in its own way
        return f"{type(estimator).__name__} fails ({reason(error)})"
    if predicted.shape != (2,) or not np.isin(predicted, labels).all():
        raise InputError(
            f"estimator: {type(estimator).__name__} predicts {predicted.tolist()} for two images; give a class of each, as fit "
            "was given them"
        )
    return None


def _sentence(message: str) -> str:
    """The message of scikit-learn about a wrong value, with the key first.

    >>> _sentence("The 'C' parameter of SVC must be a float in the range (0.0, inf]. Got -1.0 instead.")
    'estimator.C is -1.0; give SVC a float in the range (0.0, inf]'
    """
    found = re.match(r"The '(\w+)' parameter of (\w+) must be (.*)\. Got (.*) instead\.", message, re.DOTALL)
    if found is None:
        return f"estimator: {' '.join(message.split())}"
    return f"estimator.{found[1]} is {found[4]}; give {found[2]} {' '.join(found[3].split())}"
