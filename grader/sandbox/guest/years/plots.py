"""Old forms of matplotlib, Pillow and tqdm, and what they mean today."""

import functools
import sys
from collections.abc import Callable
from typing import Any

from . import renamed


def mend_style(module: Any) -> None:
    use, context = module.use, module.context
    module.use = lambda style: use(today(module, style))
    module.context = lambda style, *args, **kwargs: context(today(module, style), *args, **kwargs)


def today(module: Any, style: Any) -> Any:
    """seaborn's styles kept their looks and changed their names."""
    if isinstance(style, list | tuple):
        return [today(module, one) for one in style]
    new = style.replace("seaborn", "seaborn-v0_8", 1) if isinstance(style, str) else ""
    if not new or style in module.library or new not in module.library:
        return style
    renamed.told(f"The style {style!r}", repr(new))
    return new


def mend_axes(module: Any) -> None:
    renamed.arguments(module.Axes, "grid", {"b": "visible"})
    renamed.arguments(module.Axes, "annotate", {"s": "text"})


def mend_figure(module: Any) -> None:
    plain = module.Figure.gca

    def gca(self: Any, **kwargs: Any) -> Any:
        if not kwargs:
            return plain(self)
        renamed.told("Arguments of Figure.gca()", "those of Figure.add_subplot()")
        return self.add_subplot(**kwargs)

    module.Figure.gca = gca


def mend_pyplot(module: Any) -> None:
    renamed.arguments(module, "grid", {"b": "visible"})
    renamed.arguments(module, "annotate", {"s": "text"})


def mend_colours(module: Any) -> None:
    def get_cmap() -> Any:
        import matplotlib.pyplot  # noqa: PLC0415 - the notebook has loaded matplotlib by now

        return matplotlib.pyplot.get_cmap

    if "get_cmap" not in vars(module):
        renamed.names(module, {"get_cmap": ("matplotlib.pyplot.get_cmap", get_cmap)})


def mend_pictures(module: Any) -> None:
    resampling = {"ANTIALIAS": "LANCZOS", "LINEAR": "BILINEAR", "CUBIC": "BICUBIC"}
    renamed.names(module, {
        old: (f"PIL.Image.{new}", functools.partial(getattr, module, new))
        for old, new in resampling.items() if old not in vars(module)
    })  # fmt: skip


def mend_progress(module: Any) -> None:
    """Without widgets, which nobody would see, a bar of text."""
    if module.IProgress is None:
        module.tqdm = module.tqdm_notebook = sys.modules["tqdm.std"].tqdm
        module.trange = module.tnrange = sys.modules["tqdm.std"].trange


MENDS: dict[str, Callable[[Any], None]] = {
    "matplotlib.style": mend_style,
    "matplotlib.axes": mend_axes,
    "matplotlib.figure": mend_figure,
    "matplotlib.pyplot": mend_pyplot,
    "matplotlib.cm": mend_colours,
    "PIL.Image": mend_pictures,
    "tqdm.notebook": mend_progress,
}
