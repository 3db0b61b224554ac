"""Printed text as a terminal leaves it: streams joined, what was overwritten or taken back gone; in linear time.

nbclient does the same with regular expressions that need hours for one line of a megabyte, and stop every thread.
"""

from collections.abc import Iterable
from typing import Any

NAMES = ("stdout", "stderr")


def joined(outputs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """All that a cell printed becomes one stream of each name, where the first stood; stdout before its neighbour."""
    found: list[dict[str, Any]] = []
    parts: dict[str, list[str]] = {}
    for output in outputs:
        printed = output.get("output_type") == "stream" and output.get("name") in NAMES
        if printed and output["name"] in parts:
            parts[output["name"]].append(str(output.get("text")))
            continue
        found.append(output)
        if printed:
            parts[output["name"]] = [str(output.get("text"))]
    for place, output in enumerate(found):
        if output.get("output_type") == "stream" and output.get("name") in parts:
            found[place] = {**output, "text": overwritten(taken_back("".join(parts[output["name"]])))}
    for place in range(len(found) - 1):
        if [found[place + i].get("name") for i in (0, 1)] == ["stderr", "stdout"]:
            found[place : place + 2] = [found[place + 1], found[place]]
    return found


def overwritten(text: str) -> str:
    return "\n".join(map(last_written, text.split("\n"))) if "\r" in text else text


def last_written(line: str) -> str:
    body = line.rstrip("\r")
    return body.rpartition("\r")[2] + line[len(body) :]


def taken_back(text: str) -> str:
    if "\b" not in text:
        return text
    kept: list[str] = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept and kept[-1] != "\n":
            kept.pop()
    return "".join(kept)
