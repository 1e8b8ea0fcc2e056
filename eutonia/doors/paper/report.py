"""The whole advice on paper, in the order of the page, for the record and for whoever has no screen."""

from __future__ import annotations

from typing import Any

from eutonia.advice import Advice
from eutonia.doors import own, words
from eutonia.doors.words import Menu, Option, Row


def report(advice: Advice, call: str | None) -> dict[str, Any]:
    """The contents of the report: every row of the screens, predictions in words."""
    sheet = words.sheet(advice.as_dict())
    lines, tables = sheet.learned
    return {
        "call": call or "",
        "cards": sheet.cards,
        "tally": sheet.tally,
        "remarks": [
            {
                "grade": each.grade,
                "word": each.word,
                "says": each.says,
                "rows": _rows(each.rows),
                "basis": _basis(each.facts, each.sources),
            }
            for each in sheet.remarks
        ],
        "pump": _rows(sheet.pump),
        "menus": [_menu(menu) for menu in sheet.menus],
        "learned": {"rows": _rows(tuple(Row(*each) for each in lines)), "tables": [_table(each) for each in tables]},
        "orders": [_table(each) for each in sheet.orders],
        "denials": [each._asdict() for each in sheet.denials],
        "chores": [{"by": each.by, "do": each.do, "because": each.because} for each in sheet.chores],
        "boxed": {"title": words.BOXED, "text": sheet.boxed},
        "model": words.MODEL,
        "closing": sheet.closing,
    }


def _rows(rows: tuple[Row, ...]) -> list[dict[str, str]]:
    return [row._asdict() for row in rows]


def _basis(facts: str, sources: tuple[str, ...]) -> str:
    return "; ".join(([facts] if facts else []) + list(sources))


def _menu(menu: Menu) -> dict[str, Any]:
    return {
        "title": menu.title,
        "says": menu.says,
        "options": [_option(each) for each in menu.options],
        "watch": menu.watch,
        "basis": _basis(menu.facts, menu.sources),
    }


def _option(option: Option) -> dict[str, Any]:
    return {
        **option_words(option),
        "rows": _rows(option.rows),
        "watch": option.watch,
        "basis": _basis(option.facts, option.sources),
        "outlook": _rows(option.outlook.rows) if option.outlook else [],
    }


def option_words(option: Option) -> dict[str, Any]:
    """What an option is and does: its name, its place, old and new setting, its steps."""
    return {
        "number": option.number,
        "title": option.title,
        "setting": option.setting,
        "change": option.change._asdict() if option.change else None,
        "moves": [{"at": each.at, "do": each.do, "dose": each.dose, "says": each.says} for each in option.moves],
    }


def _table(table: own.Table) -> dict[str, Any]:
    return table._asdict()
