"""The template files: ``<name>/subject.txt, body.txt, body.mjml, about.toml``.

A translation is the first three in ``<name>/<locale>/``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import mrml

from apps.messaging.compose.placeholders import Scalar, TemplateError

MAIL_FOLDER = Path(__file__).resolve().parent.parent / "templates" / "mail"
_FILES = ("subject.txt", "body.txt", "body.mjml")


@dataclass(frozen=True, slots=True)
class Source:
    """One template in one locale as written: a subject line, a text and a whole MJML document."""

    name: str
    locale: str
    subject: str
    text: str
    mjml: str

    def html(self) -> str:
        return str(mrml.to_html(self.mjml).content)


@dataclass(frozen=True, slots=True)
class About:
    """What the catalogue says of a template. ``sample`` is a context that fills it."""

    name: str
    title: str
    message_class: str
    sent_when: str
    sample: Mapping[str, Scalar] = field(default_factory=dict)


def names(folder: Path = MAIL_FOLDER) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/about.toml"))


def locales(name: str, folder: Path = MAIL_FOLDER) -> list[str]:
    return ["en", *sorted(path.parent.name for path in folder.glob(f"{name}/*/subject.txt"))]


@lru_cache(maxsize=1000)
def about(name: str, folder: Path = MAIL_FOLDER) -> About:
    path = folder / name / "about.toml"
    if name not in names(folder):
        raise TemplateError(f"there is no template called {name}")
    with path.open("rb") as file:
        entry = tomllib.load(file)
    return About(name, entry["title"], entry["message_class"], entry["sent_when"], entry.get("sample", {}))


def title_of(name: str) -> str:
    """What people call the template; the bare name where the template is gone since."""
    try:
        return about(name).title
    except TemplateError:
        return name


def load(name: str, locale: str, folder: Path = MAIL_FOLDER) -> Source:
    """The best translation there is: ``de-AT``, then ``de``, then English. Raises TemplateError."""
    message_class = about(name, folder).message_class
    chosen, used = folder / name, "en"
    for candidate in (locale, locale.partition("-")[0]):
        if candidate in locales(name, folder)[1:]:
            chosen, used = folder / name / candidate, candidate
            break
    subject, text, body = ((chosen / file).read_text(encoding="utf-8") for file in _FILES)
    footer = (folder / f"footer_{message_class}.txt").read_text(encoding="utf-8")
    layout = (folder / "layout.mjml").read_text(encoding="utf-8")
    html_footer = (folder / f"footer_{message_class}.mjml").read_text(encoding="utf-8")
    mjml = layout.replace("<!-- body -->", body).replace("<!-- footer -->", html_footer)
    mjml = mjml.replace("<!-- subject -->", subject.strip()).replace("<!-- language -->", used)
    return Source(name, used, subject.strip(), text.rstrip() + "\n\n" + footer, mjml)
