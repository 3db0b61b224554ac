"""The cells of notebooks that Databricks exports (.py or JSON) and Zeppelin saves: paragraphs that begin with %md."""

import re
from collections.abc import Iterator
from typing import Any

HEADER = "# Databricks notebook source"

_COMMAND = re.compile(r"^# COMMAND -+[ \t]*$", re.MULTILINE)
_TITLE = re.compile(r"^# DBTITLE .*\n?", re.MULTILINE)
_MAGIC = re.compile(r"^# MAGIC ?", re.MULTILINE)
_LANGUAGE = re.compile(r"\s*%([\w.-]+)[ \t]*\n?")
_TEXT = {"md", "md-sandbox", "markdown", "html"}
_PYTHON = {"python", "py", "python3", "ipython", "pyspark"}
_SHELL = {"sh", "bash"}
_OTHERS = {"sql", "scala", "r", "spark", "fs", "run", "java", "angular"}

Raw = dict[str, Any]


def cells_of_source(text: str) -> Iterator[Raw]:
    for block in _COMMAND.split(text.removeprefix(HEADER)):
        source = _TITLE.sub("", block).strip("\n")
        if source.strip():
            is_magic = source.lstrip().startswith("# MAGIC")
            yield _cell(_MAGIC.sub("", source)) if is_magic else {"cell_type": "code", "source": source}


def exported(raw: Raw) -> Raw | None:
    """The JSON of either, with cells; None for any other."""
    for key, text in (("commands", "command"), ("paragraphs", "text")):
        parts = raw.get(key)
        if isinstance(parts, list):
            parts = sorted((part for part in parts if isinstance(part, dict)), key=_position)
            language = raw.get("language")
            return {
                "cells": [_cell(part[text]) for part in parts if isinstance(part.get(text), str)],
                "metadata": {"language_info": {"name": language}} if isinstance(language, str) else {},
            }
    return None


def _position(part: Raw) -> float:
    position = part.get("position")
    return position if isinstance(position, int | float) else 0.0


def _cell(source: str) -> Raw:
    named = _LANGUAGE.match(source)
    language = named[1].lower().rpartition(".")[2] if named else "python"
    body = source[named.end() :] if named else source
    if language in _TEXT:
        return {"cell_type": "markdown", "source": body}
    if language in _PYTHON:
        return {"cell_type": "code", "source": body}
    if language in _SHELL:
        return {"cell_type": "code", "source": f"%%bash\n{body}"}
    return {"cell_type": "raw" if language in _OTHERS else "code", "source": source}
