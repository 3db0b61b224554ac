"""Compiled catalogues, as gettext reads them: all originals and all translations, each with its length and place."""

import struct
from collections.abc import Mapping

MAGIC = 0x950412DE
PLURAL = "\0"  # between the forms of a sentence that counts


def unpacked(data: bytes) -> dict[str, str]:
    """Of little endian, as all of ours are."""
    _, _, number, originals, translations = struct.unpack_from("<5I", data)

    def text(table: int, place: int) -> str:
        length, start = struct.unpack_from("<2I", data, table + 8 * place)
        return data[start : start + length].decode()

    return {text(originals, n): text(translations, n) for n in range(number)}


def packed(catalogue: Mapping[str, str]) -> bytes:
    texts = sorted((original.encode(), other.encode()) for original, other in catalogue.items())
    start = 28 + 16 * len(texts)
    tables: tuple[list[int], list[int]] = ([], [])
    body = b""
    for column, table in enumerate(tables):
        for pair in texts:
            table += [len(pair[column]), start + len(body)]
            body += pair[column] + b"\0"
    head = struct.pack("<7I", MAGIC, 0, len(texts), 28, 28 + 8 * len(texts), 0, start)
    return head + struct.pack(f"<{4 * len(texts)}I", *tables[0], *tables[1]) + body
