"""The code on a certificate: what it says and a signature (ed25519), so that it is checked without a net or a list."""

import base64
import hmac
import os
from contextlib import suppress
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from grader.errors import UsageError

FOLDER, SECRET, PUBLIC = "keys", "certificates.key", "certificates.pub"
_FOR = b"grader certificate 1\0"  # what is signed with this key is a certificate and nothing else
_SIGNATURE = 64
_GROUP = 5


class Statement(Struct, frozen=True, array_like=True):
    """What is signed."""

    number: str
    kind: str
    name: str
    course: str
    labs: int
    issued: str  # the day


def make_key(course: Path) -> Path:
    """A new one, which only its owner can read. Raises UsageError where there is one: codes would lose their worth."""
    folder = course / FOLDER
    if (folder / SECRET).exists():
        raise UsageError(f"{folder / SECRET} is there already. Certificates that were signed with it need it: keep it.")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text(f"{SECRET}\n", encoding="utf-8")
        (folder / PUBLIC).write_bytes(public)
        with os.fdopen(os.open(folder / SECRET, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(secret)
    except OSError as error:
        raise UsageError(
            f"{folder}: no key can be written here ({error.strerror}). Make the folder writable."
        ) from error
    return folder / SECRET


def signed(statement: Statement, course: Path) -> str:
    said = msgspec.msgpack.encode(statement)
    packed = base64.b32encode(_secret(course).sign(_FOR + said) + said).decode().rstrip("=")
    return "-".join(packed[n : n + _GROUP] for n in range(0, len(packed), _GROUP))


def checked(code: str, course: Path) -> Statement | None:
    """None for what this course did not sign. Blanks, dashes and breaks of lines do not count, nor does case."""
    key = _public(course)
    bare = "".join(c for c in code.upper() if c.isalnum())
    with suppress(ValueError, InvalidSignature, msgspec.MsgspecError):
        packed = base64.b32decode(bare + "=" * (-len(bare) % 8))
        said = packed[_SIGNATURE:]
        key.verify(packed[:_SIGNATURE], _FOR + said)
        return msgspec.msgpack.decode(said, type=Statement)
    return None


def derived(course: Path, purpose: str) -> bytes:
    """A key for something else than signing, from which nothing leads back to this one."""
    return hmac.digest(_secret(course).private_bytes_raw(), f"grader {purpose}\0".encode(), "sha256")


def _secret(course: Path) -> Ed25519PrivateKey:
    path = course / FOLDER / SECRET
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise UsageError(f"{path}: this course has no key. Make one: grader init {course} --key.") from None
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{path} is no key that can be read ({error}). Put the right one back.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is a key of another kind. Put the right one back.")
    return key


def _public(course: Path) -> Ed25519PublicKey:
    """Enough to check: whoever checks needs no secret."""
    path = course / FOLDER / PUBLIC
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read ({said}). Name the course that signed it by --course.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} is a key of another kind. Put the right one back.")
    return key
