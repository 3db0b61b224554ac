"""The answer of `grader.check`: a small page in the cell, plain text in a terminal; in three languages."""

from collections.abc import Iterator

from msgspec import Struct

from grader.model import CheckResult, Remark, Scorecard, Verdict
from reports import words
from reports.pages import page
from reports.scrub import said

_SENTENCES = {
    "en": {
        "passed": "{passed} of {all} public checks pass",
        "passed one": "{passed} of 1 public check passes",
        "none": "Nothing of this lab can be checked here",
        "later": "{later} more run when it is graded",
        "later one": "1 more runs when it is graded",
        "first": "First to fix",
        "hint": "Hint",
        "only graded": "Checked only when it is graded",
        "good": "Good to know",
        "open": "{open} could not be decided here",
        "still": "Your class is still being asked. If it does not come back, interrupt the cell: "
        "nothing of yours is changed.",
        "interrupted": "The check was interrupted. Nothing of your notebook was changed.",
        "late": "A question to your class took more than {seconds} seconds, so the rest was not "
        "asked. Is there a loop without an end?",
        "trouble": "Not checked",
    },
    "es": {
        "passed": "Pasan {passed} de {all} comprobaciones públicas",
        "passed one": "Pasan {passed} de 1 comprobación pública",
        "none": "Nada de este laboratorio se puede comprobar aquí",
        "later": "{later} más se ejecutan al corregir",
        "later one": "1 más se ejecuta al corregir",
        "first": "Lo primero que hay que arreglar",
        "hint": "Pista",
        "only graded": "Solo se comprueba al corregir",
        "good": "Conviene saber",
        "open": "{open} no se han podido decidir aquí",
        "still": "Todavía se está preguntando a tu clase. Si no responde, interrumpe la celda: no se cambia nada tuyo.",
        "interrupted": "La comprobación se ha interrumpido. No se ha cambiado nada de tu cuaderno.",
        "late": "Una pregunta a tu clase ha tardado más de {seconds} segundos, así que no se ha "
        "preguntado el resto. ¿Hay un bucle sin fin?",
        "trouble": "No comprobado",
    },
    "eu": {
        "passed": "{all} egiaztapen publikotatik {passed} gainditu dira",
        "passed one": "Egiaztapen publiko 1etik {passed} gainditu da",
        "none": "Laborategi honetako ezer ezin da hemen egiaztatu",
        "later": "Beste {later} zuzentzean egiten dira",
        "later one": "Beste 1 zuzentzean egiten da",
        "first": "Lehenik konpondu beharrekoa",
        "hint": "Pista",
        "only graded": "Zuzentzean bakarrik egiaztatzen da",
        "good": "Jakitea komeni da",
        "open": "{open} ezin izan dira hemen erabaki",
        "still": "Oraindik zure klaseari galdetzen ari gara. Itzultzen ez bada, eten gelaxka: ez "
        "da zurea den ezer aldatzen.",
        "interrupted": "Egiaztapena eten egin da. Ez da zure koadernoan ezer aldatu.",
        "late": "Zure klaseari egindako galdera batek {seconds} segundo baino gehiago behar izan "
        "du, eta gainerakoak ez dira galdetu. Amaierarik gabeko begiztaren bat al dago?",
        "trouble": "Egiaztatu gabe",
    },
}
_VERDICTS = {
    "en": words.VERDICTS,
    "es": {
        Verdict.PASS: "correcto",
        Verdict.FAIL: "por arreglar",
        Verdict.BLOCKED: "sin comprobar",
        Verdict.UNSURE: "sin decidir",
        Verdict.MANUAL: "para tu docente",
    },
    "eu": {
        Verdict.PASS: "zuzen",
        Verdict.FAIL: "konpontzeko",
        Verdict.BLOCKED: "egiaztatu gabe",
        Verdict.UNSURE: "erabaki gabe",
        Verdict.MANUAL: "irakaslearentzat",
    },
}
LANGUAGES = tuple(_SENTENCES)


def sentence(name: str, lang: str) -> str:
    """English where the language is none of ours."""
    return _SENTENCES.get(lang, _SENTENCES["en"])[name]


class Result(Struct, frozen=True):
    """What was found. A notebook shows it as a page, a terminal as text."""

    title: str = ""
    lang: str = "en"
    card: Scorecard = Scorecard()
    remarks: tuple[Remark, ...] = ()
    later: tuple[str, ...] = ()  # titles of public checks that only a grading asks
    hidden: int = 0
    note: str = ""  # a sentence above the checks
    trouble: str = ""  # why nothing was checked

    def __repr__(self) -> str:
        return "\n".join(lines(self))

    def _repr_html_(self) -> str:
        return page(
            "self_check.html",
            result=self,
            summary=summary(self),
            first=first_to_fix(self),
            reasons=reasons(self),
            say=self.say,
        )

    def say(self, name: str) -> str:
        return sentence(name, self.lang)

    def verdict(self, check: CheckResult) -> str:
        return _VERDICTS.get(self.lang, words.VERDICTS)[check.verdict]


def summary(result: Result) -> str:
    """Never that all is well: hidden checks run when it is graded."""
    checks = result.card.checks
    passed, later = sum(c.verdict is Verdict.PASS for c in checks), result.hidden + len(result.later)
    doubtful = sum(check.verdict is Verdict.UNSURE for check in checks)
    sentence_of = {0: "none", 1: "passed one"}.get(len(checks), "passed")
    parts = [result.say(sentence_of).format(passed=passed, all=len(checks))]
    parts += [result.say("open").format(open=doubtful)] if doubtful else []
    parts += [result.say("later one" if later == 1 else "later").format(later=later)] if later else []
    return "; ".join(parts) + "."


def first_to_fix(result: Result) -> CheckResult | None:
    return next((check for check in result.card.checks if check.id == result.card.fix_first), None)


def reasons(result: Result) -> tuple[str, ...]:
    """Why some are not decided: each once, however many checks it stops."""
    open_ones = (check for check in result.card.checks if check.verdict in (Verdict.UNSURE, Verdict.BLOCKED))
    return tuple(dict.fromkeys(check.message for check in open_ones if check.message))


def lines(result: Result) -> Iterator[str]:
    if result.title:
        yield said(result.title)
    if result.trouble:
        yield said(f"{result.say('trouble')}: {result.trouble}")
        return
    yield summary(result)
    if result.note:
        yield said(result.note)
    if (first := first_to_fix(result)) is not None:
        yield f"\n{result.say('first')}: {said(first.mistake_title or first.title)}"
        yield from (
            f"  {said(text)}" for text in (first.message, first.hint and f"{result.say('hint')}: {first.hint}") if text
        )
    yield ""
    for check in result.card.checks:
        yield f"  {words.SIGNS[check.verdict]} {said(check.title)}: {result.verdict(check)}"
    yield from (f"  {said(reason)}" for reason in reasons(result))
    for title in result.later:
        yield f"  … {said(title)}: {result.say('only graded').lower()}"
    yield from (f"\n{result.say('good')}: {said(remark.message)}" for remark in result.remarks)
