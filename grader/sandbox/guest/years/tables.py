"""Old forms of pandas and scikit-learn, and what they mean today."""

import functools
from collections.abc import Callable
from typing import Any

from . import renamed


def mend_pandas(module: Any) -> None:
    def append(self: Any, other: Any, ignore_index: bool = False, **_: Any) -> Any:
        rows = other if isinstance(other, module.DataFrame | module.Series | list) else module.Series(other)
        if isinstance(self, module.DataFrame) and isinstance(rows, module.Series):
            rows = rows.to_frame().T
        elif isinstance(rows, list) and rows and not isinstance(rows[0], module.DataFrame | module.Series):
            rows = module.DataFrame(rows)
        return module.concat([self, *(rows if isinstance(rows, list) else [rows])], ignore_index=ignore_index)

    for cls in (module.DataFrame, module.Series):
        renamed.method(cls, "append", "pandas.concat", append)
        renamed.method(cls, "iteritems", "items()", lambda self: self.items())
    renamed.method(module.DataFrame, "applymap", "map()", lambda self, f, **kwargs: self.map(f, **kwargs))
    mend_drop(module.DataFrame)
    mend_reading(module)
    mend_options(module)


def mend_drop(cls: Any) -> None:
    plain = cls.drop

    @functools.wraps(plain)
    def drop(self: Any, labels: Any = None, *axis: Any, **kwargs: Any) -> Any:
        if axis:
            renamed.told("DataFrame.drop(labels, axis)", "drop(labels, axis=axis)")
            kwargs["axis"] = axis[0]
        return plain(self, labels, **kwargs)

    cls.drop = drop


def mend_reading(module: Any) -> None:
    plain = module.read_csv

    @functools.wraps(plain)
    def read_csv(*args: Any, **kwargs: Any) -> Any:
        if "error_bad_lines" in kwargs:
            renamed.told("The argument error_bad_lines= of read_csv", "on_bad_lines=")
            kwargs.setdefault("on_bad_lines", "error" if kwargs["error_bad_lines"] else "skip")
        kwargs = {name: value for name, value in kwargs.items() if name not in ("error_bad_lines", "warn_bad_lines")}
        return plain(*args, **kwargs)

    module.read_csv = read_csv


def mend_options(module: Any) -> None:
    plain = module.set_option

    def set_option(*pairs: Any) -> None:
        if any(name is not None and value == -1 for name, value in zip(pairs[::2], pairs[1::2], strict=False)):
            renamed.told("A pandas option of -1", "None")
            pairs = tuple(None if i % 2 and value == -1 else value for i, value in enumerate(pairs))
        plain(*pairs)

    module.set_option = set_option


def mend_tsne(module: Any) -> None:
    renamed.arguments(module.TSNE, "__init__", {"n_iter": "max_iter", "square_distances": None})


def mend_words(module: Any) -> None:
    for cls in (module.CountVectorizer, module.TfidfVectorizer):
        renamed.method(cls, "get_feature_names", "get_feature_names_out()",
                       lambda self: list(self.get_feature_names_out()))  # fmt: skip


def mend_linear(module: Any) -> None:
    renamed.arguments(module.LogisticRegression, "__init__", {"multi_class": None})


def mend_encoding(module: Any) -> None:
    renamed.arguments(module.OneHotEncoder, "__init__", {"sparse": "sparse_output"})


MENDS: dict[str, Callable[[Any], None]] = {
    "pandas": mend_pandas,
    "sklearn.manifold": mend_tsne,
    "sklearn.feature_extraction.text": mend_words,
    "sklearn.linear_model": mend_linear,
    "sklearn.preprocessing": mend_encoding,
}
