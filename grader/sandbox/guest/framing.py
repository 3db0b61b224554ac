"""How a message travels: a frame is 4 bytes of big-endian length and that many bytes of msgpack.

Every size is capped before anything is allocated.
"""

import struct

import msgspec

from .wire import FRAME_LIMIT, Question, Reply

_encoder = msgspec.msgpack.Encoder()
_question_decoder = msgspec.msgpack.Decoder(Question)
_reply_decoder = msgspec.msgpack.Decoder(Reply)


def frame(message: Question | Reply) -> bytes:
    body = _encoder.encode(message)
    return struct.pack(">I", len(body)) + body


def frame_length(header: bytes) -> int:
    """Bytes that follow a 4-byte header. Raises ValueError above FRAME_LIMIT, before anything is allocated."""
    (length,) = struct.unpack(">I", header)
    if length > FRAME_LIMIT:
        raise ValueError(f"a frame of {length} bytes is above the limit of {FRAME_LIMIT}")
    return int(length)


def decode_question(body: bytes) -> Question:
    return _question_decoder.decode(body)


def decode_reply(body: bytes) -> Reply:
    """Raises msgspec.ValidationError or ValueError for anything that is not a well-formed Reply, arrays included."""
    return _reply_decoder.decode(body)
