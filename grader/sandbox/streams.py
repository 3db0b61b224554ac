"""Printed text as a terminal leaves it: streams joined, what was overwritten or taken back gone; in linear time.

nbclient does the same with regular expressions that need hours for one line of a megabyte, and stop every thread.
"""

from collections.abc import Iterable
from typing import Any

NAMES = ("stdout", "stderr")


def joined(outputs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Streams that follow one another with no other output between them become one of each name."""
    found: list[dict[str, Any]] = []
    parts: dict[str, list[str]] = {}
    for output in outputs:
        if output.get("output_type") == "stream" and output.get("name") in NAMES and type(output.get("text")) is str:
            if output["name"] not in parts:
                found.append(output)
            parts.setdefault(output["name"], []).append(output["text"])
            continue
        finish(found, parts)
        found.append(output)
    finish(found, parts)
    return found


def finish(found: list[dict[str, Any]], parts: dict[str, list[str]]) -> None:
    """Write the collected texts into the streams at the end of `found`."""
    for place in range(len(found) - len(parts), len(found)):
        found[place] = {**found[place], "text": overwritten(taken_back("".join(parts[found[place]["name"]])))}
    parts.clear()


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
