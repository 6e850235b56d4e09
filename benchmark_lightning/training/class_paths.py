"""Objects by class path and arguments, ``{class_path: mine.MyCNN, init_args: {width: 32}}``. Imports no torch."""

import importlib
import inspect
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark_lightning.errors import InputError, nearest

PACKAGE = Path(__file__).parents[1]
PRIMITIVES = (str, int, float, bool, type(None))


def normal(value: Any, key: str) -> dict[str, Any]:
    """The value of ``key``, a class path or a mapping with one, as ``class_path`` and ``init_args``.

    Names beside these two are arguments, as the flag ``--model.network.init_args.width 8`` arrives.

    Raises:
        InputError: there is no class path, or an argument is no primitive value.

    >>> normal("mine.MyCNN", "model.network")
    {'class_path': 'mine.MyCNN', 'init_args': {}}
    """
    if isinstance(value, str):
        value = {"class_path": value}
    if isinstance(value, Mapping) and value and "class_path" not in value:
        raise InputError(f"{key} is {dict(value)}, without a class_path; give {key}.class_path too, such as mine.MyCNN")
    if not isinstance(value, Mapping) or not isinstance(value.get("class_path"), str):
        raise InputError(f"{key} is {value!r}; give a class path such as mine.MyCNN, or class_path and init_args")
    arguments = value.get("init_args") or {}
    if not isinstance(arguments, Mapping):
        raise InputError(f"{key}.init_args is {arguments!r}; give names with their values")
    arguments = {
        **arguments,
        **{name: inner for name, inner in value.items() if name not in ("class_path", "init_args")},
    }
    for name, argument in arguments.items():
        if not _is_plain(argument):
            raise InputError(
                f"{key}.init_args.{name} is {argument!r}; give numbers, texts, true, false or null, or lists or mappings of them"
            )
    return {"class_path": value["class_path"], "init_args": arguments}


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(inner) for name, inner in value.items())
    return all(map(_is_plain, value)) if isinstance(value, list) else isinstance(value, PRIMITIVES)


def label(named: Mapping[str, Any]) -> str:
    """A name for people: that of a class alone, that of a function with its package.

    >>> label({"class_path": "mine.MyCNN", "init_args": {"width": 32}})
    'MyCNN(width=32)'
    >>> label({"class_path": "timm.create_model", "init_args": {"model_name": "resnet18"}})
    'timm.create_model(model_name=resnet18)'
    """
    path = named["class_path"]
    last = path.rpartition(".")[2]
    name = last if last[:1].isupper() else f"{path.partition('.')[0]}.{last}"
    arguments = ", ".join(f"{key}={value}" for key, value in named.get("init_args", {}).items())
    return f"{name}({arguments})" if arguments else name


def find(class_path: str, key: str) -> Any:
    """The class or function of that path, in the working directory or an installed package.

    Raises:
        InputError: there is none, or its module cannot be imported.
    """
    module_name, _, name = class_path.rpartition(".")
    if not module_name:
        raise InputError(f"{key} is {class_path!r}, which names no module; give one too, such as mine.{class_path}")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever a user's module does when it is imported
        is_missing = isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}.")
        if not is_missing:
            raise InputError(f"{key} {class_path} cannot be imported ({reason(error)})") from error
        close = nearest(module_name, _modules_here())
        raise InputError(
            f"{key} is {class_path!r}, but there is no module {module_name} in the working directory {Path.cwd()} "
            f"nor among the installed packages; {close if close.startswith('did') else 'go to its folder, or install it'}"
        ) from error
    if not hasattr(module, name):
        names = [other for other, value in vars(module).items() if callable(value) and not other.startswith("_")]
        raise InputError(f"{key} is {class_path!r}, but {module_name} has no {name}; {nearest(name, names)}")
    return getattr(module, name)


def _modules_here() -> list[str]:
    """The modules that the working directory holds."""
    return [path.stem for path in Path.cwd().iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]


def build(named: Mapping[str, Any], key: str, offered: Mapping[str, Any], offered_to_any: Mapping[str, Any]) -> Any:
    """Calls the class or function with its arguments.

    Args:
        named: ``class_path`` and ``init_args``.
        key: of the configuration, for messages.
        offered: arguments that it gets where it has such parameters and none were given.
        offered_to_any: those that it gets where it takes any keyword; one that it then refuses is left out.

    Raises:
        InputError: it is not found, does not take an argument, lacks one, or fails.
    """
    class_path, given = named["class_path"], named["init_args"]
    target = find(class_path, key)
    if not callable(target):
        raise InputError(f"{key} is {class_path!r}, which is no class or function; give one")
    parameters = _parameters(target)
    names = [name for name, one in parameters.items() if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    for name in given:
        if name not in names and not takes_any:
            advice = nearest(name, names) if names else "it takes none"
            raise InputError(f"{key}.init_args.{name} is no argument of {class_path}; {advice}")
    arguments = {**{name: value for name, value in offered.items() if name in names}, **given}
    for name in names:
        if name not in arguments and parameters[name].default is inspect.Parameter.empty:
            raise InputError(f"{class_path} needs {name}; give {key}.init_args.{name}")
    extras = {name: value for name, value in offered_to_any.items() if takes_any and name not in arguments}
    while True:
        try:
            return target(**extras, **arguments)
        except InputError:
            raise
        except (Exception, SystemExit) as error:
            refused = [name for name in extras if f"unexpected keyword argument '{name}'" in str(error)]
            if not refused:
                raise InputError(f"{key} {class_path} cannot be built ({reason(error)})") from error
            del extras[refused[0]]


def _parameters(target: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(target).parameters
    except (TypeError, ValueError):  # of a class that is written in C
        return {}


def reason(error: BaseException) -> str:
    """The kind of an error, its first line and, in a file of the working directory, its place."""
    frames = traceback.extract_tb(error.__traceback__)
    here = [frame for frame in frames if _is_own(Path(frame.filename))]
    first = (str(error).strip().splitlines() or ["no message"])[0].rstrip(".;")
    place = f" in {Path(here[-1].filename).name}, line {here[-1].lineno}" if here else ""
    return f"{type(error).__name__}{place}: {first}"


def _is_own(path: Path) -> bool:
    """Whether a source file is a user's: in the working directory, and neither installed nor of this package."""
    return path.is_relative_to(Path.cwd()) and "site-packages" not in path.parts and not path.is_relative_to(PACKAGE)
