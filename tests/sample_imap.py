"""A real IMAP server of our own on loopback: Debian's dovecot, with a certificate that only the test trusts."""

import ipaddress
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"
SECRET = "invented-word"
CONFIG = """
base_dir = {run}
state_dir = {run}
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_login_user = {login}
first_valid_uid = 0
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = yes
mail_location = maildir:{home}/mail
passdb {{
  driver = static
  args = password={secret}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


class Server(Struct, frozen=True):
    address: str
    certificate: Path
    mail: Path


@contextmanager
def imap_server(folder: Path) -> Iterator[Server]:
    """Skips where there is no dovecot, or one whose configuration is another language."""
    if not Path(PROGRAM).exists():
        pytest.skip("dovecot is not installed: apt-get install dovecot-imapd")
    version = subprocess.check_output([PROGRAM, "--version"], text=True).strip()
    if not version.startswith("2.3"):
        pytest.skip(f"dovecot {version} has another configuration than 2.3, which this test writes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _certificate(folder)
    user = pwd.getpwuid(os.getuid()).pw_name
    internal, login = ("dovecot", "dovenull") if user == "root" else (user, user)
    with tempfile.TemporaryDirectory() as home, _running(folder, Path(home), port, internal, login):
        yield Server(f"imaps://teacher@localhost:{port}/INBOX", folder / "cert.pem", Path(home, "mail"))


@contextmanager
def _running(folder: Path, home: Path, port: int, internal: str, login: str) -> Iterator[None]:
    """Its mail lies where another user may go, since dovecot reads no mail as root."""
    owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    for place in (home, *(home / "mail" / name for name in ("", "new", "cur", "tmp"))):
        place.mkdir(exist_ok=True)
        place.chmod(0o755)
        os.chown(place, owner.pw_uid, owner.pw_gid)
    text = CONFIG.format(
        folder=folder, home=home, run=folder / "run", internal=internal, login=login, secret=SECRET, port=port,
        uid=owner.pw_uid, gid=owner.pw_gid,
    )  # fmt: skip
    (folder / "dovecot.conf").write_text(text)
    with subprocess.Popen([PROGRAM, "-F", "-c", str(folder / "dovecot.conf")]) as running:
        try:
            _wait_for(port, running, folder / "log")
            yield
        finally:
            running.terminate()
            running.wait(20)


def _wait_for(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        if running.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"dovecot did not come up: {log.read_text() if log.exists() else 'no log'}")


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(secret)
