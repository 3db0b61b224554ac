"""Answers to those whose notebook could not be had: written as drafts, for a person to read and send."""

import re
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

from grader.course.roster import Student
from grader.inbox.facts import Facts
from grader.intake.ledger import Became, Message
from grader.intake.page_names import page_name
from grader.intake.whole_files import write_whole

FOLDER = "replies"
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+\.?[\w-]+", re.ASCII)
_TEXTS = {
    "en": {
        Became.NO_PERMISSION: (
            "Hello {name},\n\nthank you for your message of {time}. The link in it asks to sign in, so I cannot open "
            "your notebook:\n\n{link}\n\nIn Colab, choose Share, set General access to “Anyone with the link”, "
            "“Viewer”, and tell me. You need not send it again: the time of your message counts.\n"
        ),
        Became.UNREADABLE: (
            "Hello {name},\n\nthank you for your message of {time}. I found no notebook in it that I could read. "
            "Please send the link from Share in Colab (“Anyone with the link”, “Viewer”), or attach the .ipynb file.\n"
        ),
    },
    "es": {
        Became.NO_PERMISSION: (
            "Hola, {name}:\n\nGracias por tu mensaje de {time}. El enlace pide iniciar sesión, así que no puedo abrir "
            "tu cuaderno:\n\n{link}\n\nEn Colab, elige Compartir, pon en Acceso general «Cualquier persona con el "
            "enlace», «Lector», y avísame. No hace falta que lo envíes otra vez: cuenta la hora de tu mensaje.\n"
        ),
        Became.UNREADABLE: (
            "Hola, {name}:\n\nGracias por tu mensaje de {time}. No he encontrado en él ningún cuaderno que pueda leer. "
            "Envíame el enlace de Compartir de Colab («Cualquier persona con el enlace», «Lector»), o adjunta el "
            "archivo .ipynb.\n"
        ),
    },
    "eu": {
        Became.NO_PERMISSION: (
            "Kaixo, {name}:\n\nEskerrik asko {time}(e)ko mezuagatik. Estekak saioa hasteko eskatzen du, beraz, ezin "
            "dut zure koadernoa ireki:\n\n{link}\n\nColaben, aukeratu Partekatu, jarri Sarbide orokorra atalean "
            "«Esteka duen edonor», «Irakurlea», eta esan iezadazu. Ez duzu berriro bidali behar: zure mezuaren ordua "
            "hartuko da kontuan.\n"
        ),
        Became.UNREADABLE: (
            "Kaixo, {name}:\n\nEskerrik asko {time}(e)ko mezuagatik. Ez dut bertan irakur dezakedan koadernorik "
            "aurkitu. Bidali Colabeko Partekatu aukeraren esteka («Esteka duen edonor», «Irakurlea»), edo erantsi "
            ".ipynb fitxategia.\n"
        ),
    },
}


def write_replies(
    messages: Sequence[Message], facts: dict[str, Facts], roster: Sequence[Student], language: str, folder: Path
) -> int:
    """How many there are; those that are needed no more are taken away."""
    languages = {(student.name, student.id): student.language for student in roster}
    answered = _last_read(messages)
    wanted: dict[str, bytes] = {}
    for message in messages:
        if _is_open(message, answered) and _ADDRESS.fullmatch(message.sender):
            own = languages.get((message.student, message.student_id)) or language
            name = page_name(f"{message.student or message.sender} {message.lab or ''} {message.key[:8]}")
            wanted[f"{name}.eml"] = _reply(message, facts[message.key], own)
    for path in (folder / FOLDER).glob("*.eml"):
        if path.name not in wanted:
            path.unlink(missing_ok=True)
    for file, content in wanted.items():
        write_whole(folder / FOLDER / file, content)
    return len(wanted)


def _last_read(messages: Sequence[Message]) -> dict[tuple[str, str | None], str]:
    """When each student's last notebook of a lab came that could be read."""
    times: dict[tuple[str, str | None], str] = {}
    for message in messages:
        for held in message.held:
            if held.became in (Became.TAKEN, Became.SUPERSEDED, Became.LATE):
                key = (message.student, held.lab)
                times[key] = max(times.get(key, ""), message.time)
    return times


def _is_open(message: Message, answered: dict[tuple[str, str | None], str]) -> bool:
    """Nothing that could be read came after it."""
    if message.became not in (Became.NO_PERMISSION, Became.UNREADABLE):
        return False
    return not message.student or message.time > answered.get((message.student, message.lab), "")


def _reply(message: Message, facts: Facts, language: str) -> bytes:
    """A draft, which mail programs open ready to send."""
    texts = _TEXTS.get(language, _TEXTS["en"])
    link = next((held.name for held in message.held if held.became is Became.NO_PERMISSION), "")
    name = message.student.partition(" ")[0] or message.sender_name or message.sender
    time = facts.dated.replace("T", " ").removesuffix("Z") + " UTC" if facts.dated else "?"
    draft = EmailMessage()
    draft["To"] = message.sender
    draft["Subject"] = f"Re: {message.subject}"
    draft["X-Unsent"] = "1"
    if re.fullmatch(r"<[^<>\s]{1,250}>", facts.message_id):
        draft["In-Reply-To"] = draft["References"] = facts.message_id
    draft.set_content(texts[message.became].format(name=name, time=time, link=link))
    return draft.as_bytes()
