"""Words that the tokenizer of BERT has taken to pieces before are not taken to pieces again.

It looks at each letter of each sentence in Python, for twenty thousand sentences of a few thousand words. What it makes
of a word does not depend on its neighbours where nothing but printable ASCII is written: there it splits at spaces
first. The tokenizer itself says what it makes of a word, and of the first texts as a whole, for comparison.
"""

import functools
from collections.abc import Callable
from typing import Any

COMPARED = 20  # texts, of each state of a tokenizer
MOST = 100_000  # words


def mend_pieces(module: Any) -> None:
    cls = module.BertTokenizer
    plain = cls._tokenize

    @functools.wraps(plain)
    def _tokenize(self: Any, text: Any, *args: Any, **kwargs: Any) -> Any:
        quick = type(text) is str and text.isascii() and text.isprintable()
        state = state_of(self, args, kwargs) if quick else None
        if state is None:
            return plain(self, text, *args, **kwargs)
        words = vars(self).setdefault("_words", {}).setdefault(state, Words())
        return words.pieces(lambda part: plain(self, part, *args, **kwargs), text)

    cls._tokenize = _tokenize
    number = cls._convert_token_to_id

    @functools.wraps(number)
    def _convert_token_to_id(self: Any, token: Any) -> Any:
        """Its own looks up what stands for unknown pieces each time, needed or not."""
        known = self.vocab.get(token)
        return number(self, token) if known is None else known

    cls._convert_token_to_id = _convert_token_to_id


def state_of(tokenizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """All that decides what becomes of a word; None where that cannot be told."""
    try:
        basic, pieces = vars(tokenizer).get("basic_tokenizer"), tokenizer.wordpiece_tokenizer
        settings = repr(sorted(vars(basic).items())) if basic else ""
        limits = (id(pieces.vocab), len(pieces.vocab), str(pieces.unk_token), pieces.max_input_chars_per_word)
        special = tuple(tokenizer.all_special_tokens)
        return hash((tokenizer.do_basic_tokenize, settings, limits, special, args, *kwargs.items()))
    except (AttributeError, TypeError):
        return None


class Words:
    """What one state of a tokenizer made of words."""

    def __init__(self) -> None:
        self.known: dict[str, list[str]] = {}
        self.compared, self.differ = 0, False

    def pieces(self, plain: Callable[[str], list[str]], text: str) -> list[str]:
        if self.differ or len(self.known) > MOST:
            return plain(text)
        found: list[str] = []
        for word in text.split():
            if word not in self.known:
                self.known[word] = plain(word)
            found += self.known[word]
        if self.compared >= COMPARED:
            return found
        self.compared += 1
        whole = plain(text)
        self.differ = whole != found
        return whole


MENDS: dict[str, Callable[[Any], None]] = {"transformers.models.bert.tokenization_bert": mend_pieces}
