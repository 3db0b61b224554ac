"""What notebooks ask of transformers that needs a network, or that later versions forgot: checkpoints, old arguments.

There is one pre-trained model here, the folder of course data called bert-base-cased; the other base sizes of BERT are
answered with it.
"""

import functools
import os
import re
from collections.abc import Callable
from typing import Any

from .. import notes
from ..colab import fetching, paths
from . import renamed

SMALL = 10_000  # pieces; bert-base-cased has three times as many, the stand-in a tenth of that
WORD = re.compile(r"\w+|[^\w\s]")
SPECIAL = 3  # [CLS] and two [SEP]
BERT = re.compile(r"(?:google-bert/)?bert-base-(?:multilingual-)?(?:un)?cased", re.IGNORECASE)


class NotHere(fetching.Unreachable, OSError):
    """An OSError, as transformers raises it."""


def located(name: Any) -> Any:
    """Where the checkpoint of this name lies. Raises NotHere for one that only a network could bring."""
    if not isinstance(name, str) or os.path.exists(name):
        return name
    found = paths.find(paths.CHECKPOINT) if BERT.fullmatch(name) else None
    if found is None:
        raise NotHere(
            f"{name} is not here: notebooks run without a network, and the only pre-trained model they find is "
            f"{paths.CHECKPOINT}."
        )
    if not name.endswith(paths.CHECKPOINT):
        notes.change(f"The checkpoint {name} is not here; {paths.CHECKPOINT} of the course data took its place.")
    return found


def finding_checkpoints(*classes: str, tokenizers: bool = False) -> Callable[[Any], None]:
    """Mends `from_pretrained` of these classes of a module."""

    def mend(module: Any) -> None:
        for cls in (getattr(module, name) for name in classes):
            plain = vars(cls)["from_pretrained"].__func__
            cls.from_pretrained = classmethod(locating(plain, tokenizers))

    return mend


def locating(plain: Callable[..., Any], tokenizers: bool) -> Callable[..., Any]:
    @functools.wraps(plain)
    def from_pretrained(cls: Any, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.pop("from_pt", False):
            notes.change("from_pt=True was left out: the weights here are in a form that TensorFlow reads by itself.")
        place = located(pretrained_model_name_or_path)
        if tokenizers:
            kwargs = letters(pretrained_model_name_or_path, place) | kwargs
        found = plain(cls, place, *args, **kwargs)
        if isinstance(pretrained_model_name_or_path, str) and (tokenizers or hasattr(found, "compile")):
            found.asked_as = pretrained_model_name_or_path
        return found

    return from_pretrained


def letters(name: Any, place: Any) -> dict[str, bool]:
    """Whether the tokenizer of this name writes small, where the checkpoint that takes its place does not tell."""
    if not isinstance(name, str) or not BERT.fullmatch(name):
        return {}
    if "uncased" in name.lower():
        return {"do_lower_case": True}
    return {} if os.path.exists(os.path.join(place, "tokenizer_config.json")) else {"do_lower_case": False}


def mend_tokenizers(module: Any) -> None:
    """`pad_to_max_length` and `truncation_strategy`; to give a length alone, or with the former, meant to cut to it."""
    finding_checkpoints("PreTrainedTokenizerBase", tokenizers=True)(module)
    cls = module.PreTrainedTokenizerBase
    plain = cls._get_padding_truncation_strategies

    @functools.wraps(plain)
    def strategies(
        self: Any, padding: Any = False, truncation: Any = None, max_length: Any = None, **kwargs: Any
    ) -> Any:
        if cut := kwargs.pop("truncation_strategy", None):
            renamed.told("The argument truncation_strategy= of tokenizers", "truncation=")
            truncation = cut if truncation is None else truncation
        if kwargs.pop("pad_to_max_length", False) and padding is False:
            renamed.told("The argument pad_to_max_length= of tokenizers", "padding='max_length'")
            padding = "max_length"
            truncation = "longest_first" if truncation is None and max_length is not None else truncation
        return plain(self, padding=padding, truncation=truncation, max_length=max_length, **kwargs)

    cls._get_padding_truncation_strategies = strategies
    for name in ("__call__", "encode_plus", "batch_encode_plus"):
        setattr(cls, name, fitting(getattr(cls, name)))


def fitting(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Rows that are padded to a length are cut to it where only the stand-in's many pieces make them longer.

    Its vocabulary is small, so that a word of real data comes in letters: twenty words fill a row of 128.
    """

    @functools.wraps(plain)
    def encode(self: Any, text: Any = None, text_pair: Any = None, *args: Any, **kwargs: Any) -> Any:
        batch = text if text is not None else kwargs.get("batch_text_or_text_pairs")
        length = kwargs.get("max_length")
        padded = kwargs.get("padding") == "max_length" or kwargs.get("pad_to_max_length")
        small = len(self) < SMALL and not kwargs.get("truncation")
        if padded and small and type(length) is int and most_words(batch, text_pair) + SPECIAL <= length:
            kwargs["truncation"] = True
            notes.change("Rows were cut to their max_length: the small stand-in for BERT makes more word pieces.")
        return plain(self, *(() if text is None else (text,)), *(() if text_pair is None else (text_pair,)),
                     *args, **kwargs)  # fmt: skip

    return encode


def most_words(text: Any, pair: Any = None) -> int:
    """Of a text, of a text and its pair, or of the longest in a list of such."""
    if isinstance(text, str):
        return len(WORD.findall(text)) + (len(WORD.findall(pair)) if isinstance(pair, str) else 0)
    if isinstance(text, tuple) and len(text) == 2 and pair is None:
        return most_words(*text)
    if not isinstance(text, list | tuple):
        return 0
    pairs = pair if isinstance(pair, list | tuple) and len(pair) == len(text) else [None] * len(text)
    return max(map(most_words, text, pairs), default=0)


def mend_optimizer(module: Any) -> None:
    """Of the Keras that transformers uses: `lr` is dropped there without an error, `decay` raises one."""
    cls = module.Optimizer
    process, build = cls._process_kwargs, cls._build_learning_rate

    @functools.wraps(process)
    def _process_kwargs(self: Any, kwargs: dict[str, Any]) -> None:
        vars(self)["_old"] = {name: kwargs.pop(name) for name in ("lr", "decay") if name in kwargs}
        process(self, kwargs)

    @functools.wraps(build)
    def _build_learning_rate(self: Any, rate: Any) -> Any:
        old = vars(self).get("_old", {})
        if "lr" in old:
            renamed.told("The argument lr= of optimizers", "learning_rate=")
            rate = old["lr"]
        if decay := float(old.get("decay") or 0.0):
            renamed.told("The argument decay= of optimizers", "learning_rate / (1 + decay * iterations)")
            rate = module.learning_rate_schedule.InverseTimeDecay(rate, 1, decay)
        return build(self, rate)

    cls._process_kwargs, cls._build_learning_rate = _process_kwargs, _build_learning_rate


def mend_models(module: Any) -> None:
    from ..trainings import fits, own_steps  # noqa: PLC0415 - bring TensorFlow, which is loaded only after this file

    fits.mend(module)
    own_steps.mend(module)


MENDS: dict[str, Callable[[Any], None]] = {
    "transformers.configuration_utils": finding_checkpoints("PretrainedConfig"),
    "transformers.tokenization_utils_base": mend_tokenizers,
    "transformers.modeling_tf_utils": finding_checkpoints("TFPreTrainedModel"),
    "transformers.models.auto.auto_factory": finding_checkpoints("_BaseAutoModelClass"),
    "transformers.models.auto.configuration_auto": finding_checkpoints("AutoConfig"),
    "transformers.models.auto.tokenization_auto": finding_checkpoints("AutoTokenizer", tokenizers=True),
    "tf_keras.src.optimizers.optimizer": mend_optimizer,
    "tf_keras.src.engine.training": mend_models,
}
