"""Small SVG plots: lines through points, and bars; axes with round numbers, readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 34, 44
# What the names of bars take on the left, and their values on the right.
_NAMES, _VALUES = 290, 60
_COLOURS = ("#d1495b", "#2e86ab", "#3c9d5b", "#b07d2b", "#7a5ea8")

Points = Sequence[tuple[float, float]]


def draw_lines(title: str, x_name: str, y_name: str, lines: Mapping[str, Points], *, logarithmic: bool = False) -> str:
    """Return an SVG of named lines; `logarithmic` is for both axes, whose values are then above 0."""
    scale = math.log10 if logarithmic else float
    x_least, x_most = _range([x for points in lines.values() for x, _ in points], logarithmic)
    y_least, y_most = _range([y for points in lines.values() for _, y in points], logarithmic)

    def place(x: float, y: float) -> tuple[float, float]:
        along = (scale(x) - scale(x_least)) / (scale(x_most) - scale(x_least))
        up = (scale(y) - scale(y_least)) / (scale(y_most) - scale(y_least))
        return _LEFT + along * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_text(_LEFT, 16, title, weight="bold"), _text(_WIDTH / 2, _HEIGHT - 6, x_name, anchor="middle")]
    parts.append(_text(_LEFT, _TOP - 4, y_name, size=11))
    for x in _ticks(x_least, x_most, logarithmic):
        parts += [_text(place(x, y_least)[0], _HEIGHT - _BOTTOM + 16, f"{x:,g}", anchor="middle", size=11)]
    for y in _ticks(y_least, y_most, logarithmic):
        height = place(x_least, y)[1]
        parts += [_rule(height), _text(_LEFT - 6, height + 4, f"{y:,g}", anchor="end", size=11)]
    for which, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[which % len(_COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(_WIDTH - _RIGHT, _TOP + 14 * which, name, anchor="end", size=12, colour=colour))
    return _svg(parts, _HEIGHT)


def draw_bars(title: str, bars: Mapping[str, float]) -> str:
    """Return an SVG of named bars with their values."""
    most = max(bars.values(), default=0) or 1
    parts = [_text(8, 16, title, weight="bold")]
    for which, (name, value) in enumerate(bars.items()):
        y = _TOP + 26 * which
        width = value / most * (_WIDTH - _NAMES - _VALUES)
        parts.append(_text(_NAMES - 8, y + 14, name, anchor="end", size=12))
        parts.append(f'<rect x="{_NAMES}" y="{y}" width="{width:.1f}" height="19" fill="{_COLOURS[1]}"/>')
        parts.append(_text(_NAMES + 6 + width, y + 14, f"{value:,.0f}", size=12))
    return _svg(parts, _TOP + 26 * len(bars) + 8)


def _range(values: Sequence[float], logarithmic: bool) -> tuple[float, float]:
    if logarithmic:
        return 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values) * 1.0001))
    return 0.0, max(values) or 1.0


def _ticks(least: float, most: float, logarithmic: bool) -> list[float]:
    if logarithmic:
        return [10.0**power for power in range(round(math.log10(least)), round(math.log10(most)) + 1)]
    step = 10 ** math.floor(math.log10(most))
    step = next(step * part for part in (1.0, 0.5, 0.2) if most / (step * part) >= 3)
    return [step * at for at in range(int(most / step) + 1)]


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: int = 13,
    weight: str = "normal",
    colour: str = "#888",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}"'
        f' fill="{colour}">{escape(words)}</text>'
    )


def _rule(y: float) -> str:
    return f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#888" stroke-opacity="0.25"/>'


def _svg(parts: Sequence[str], height: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" font-family="sans-serif">'
    return "\n".join([head, *parts, "</svg>", ""])
