"""Curves as SVG: two panels a picture, latency and rate, against the number of something. The horizontal axis is logarithmic, with 0 set apart;
the vertical one is logarithmic or begins at 0, and says so. Lines are medians, the light band is from the lowest to the highest round."""
import dataclasses
import html
import math


@dataclasses.dataclass(frozen=True)
class Panel:
    run: str
    title: str
    unit: str
    series: tuple  # of (key, label)
    logarithmic: bool = False


@dataclasses.dataclass(frozen=True)
class Curve:
    file: str
    title: str
    x_title: str
    panels: tuple


CURVES = (
    Curve("scale_queued.svg", "The more jobs are queued", "jobs queued (in another pool)", (
        Panel("scale.queued.latency", "apply @noop, one at a time, on one CPU", "µs", (("queued.apply.p50", "p50"), ("queued.apply.p99", "p99")), True),
        Panel("scale.queued.rate", "pipelined submits behind them", "jobs/s", (("queued.submit.rate", "submits"),)))),
    Curve("scale_workers.svg", "The more workers there are", "workers", (
        Panel("scale.workers.latency", "apply @noop, one at a time, on one CPU", "µs", (("workers.apply.p50", "p50"), ("workers.apply.p99", "p99")), True),
        Panel("scale.workers.rate", "pipelined, submit to outcome", "jobs/s", (("workers.rate", "jobs"),)))),
    Curve("scale_connections.svg", "The more connections call", "connections", (
        Panel("scale.connections.latency", "apply @noop, all at half of one's rate, on one CPU", "µs", (("connections.apply.p50", "p50"), ("connections.apply.p99", "p99")), True),
        Panel("scale.connections.rate", "all as fast as answered", "calls/s", (("connections.rate", "calls"),)))),
    Curve("scale_payload.svg", "The larger the payload is", "bytes there, and back", (
        Panel("scale.payload.latency", "apply @echo, one at a time, on one CPU", "µs", (("payload.apply.p50", "p50"), ("payload.apply.p99", "p99")), True),
        Panel("scale.payload.rate", "bytes moved, there and back", "MB/s", (("payload.moved", "moved"),), True))),
)


WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 440, 330, 66, 14, 62, 52
COLOURS = ("#1f6fb4", "#d1661f")


def short(number):
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{letter}"
    return f"{number:.3g}"


class LogScale:
    """Positions from 0 to 1; a value of 0 has a place of its own at the beginning."""

    def __init__(self, values):
        positive = [value for value in values if value > 0] or [1]
        self.has_zero = any(value == 0 for value in values)
        self.low, self.high = math.log10(min(positive)), math.log10(max(positive))
        if self.high - self.low < 0.1:
            self.high = self.low + 0.1
        self.begin = 0.08 if self.has_zero else 0.0

    def widen(self):
        """To whole decades."""
        self.low, self.high = math.floor(self.low), math.ceil(self.high)
        return self

    def at(self, value):
        if value <= 0:
            return 0.0
        return self.begin + (1 - self.begin) * (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self):
        decades = range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)
        step = max(1, math.ceil(len(decades) / 7))
        return ([0] if self.has_zero else []) + [10.0 ** decade for decade in list(decades)[::step]]


class LinearScale:
    """Begins at 0."""

    def __init__(self, values):
        most = max(values) or 1
        step = 10 ** math.floor(math.log10(most))
        self.step = next(step * factor for factor in (0.2, 0.5, 1, 2) if most / (step * factor) <= 6)
        self.high = self.step * math.ceil(most / self.step * 1.0001)

    def at(self, value):
        return value / self.high

    def ticks(self):
        return [self.step * i for i in range(round(self.high / self.step) + 1)]


def text(x, y, words, anchor="middle", size=11, colour="#444", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"{extra}>{html.escape(words)}</text>'


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def panel_svg(panel, x_title, figures, offset):
    points = {key: figures.points(panel.run, key) for key, _ in panel.series}
    all_points = [point for series in points.values() for point in series]
    if not all_points:
        return []
    x_scale = LogScale([point["x"] for point in all_points])
    lows_and_highs = [point[bound] for point in all_points for bound in ("min", "max")]
    y_scale = LogScale([value for value in lows_and_highs if value > 0]).widen() if panel.logarithmic else LinearScale(lows_and_highs)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x_at(value):
        return offset + LEFT + width * x_scale.at(value)

    def y_at(value):
        return TOP + height * (1 - max(0.0, y_scale.at(value)))

    out = [text(offset + LEFT + width / 2, TOP - 22, panel.title, size=12, colour="#222"),
           text(offset + LEFT, TOP - 7, panel.unit + (" (logarithmic)" if panel.logarithmic else ""), "start")]
    for tick in y_scale.ticks():
        out += [line(offset + LEFT, y_at(tick), offset + LEFT + width, y_at(tick), "#e4e4e4"), text(offset + LEFT - 6, y_at(tick) + 4, short(tick), "end")]
    for tick in x_scale.ticks():
        out += [line(x_at(tick), TOP, x_at(tick), TOP + height, "#f0f0f0"), text(x_at(tick), TOP + height + 16, short(tick))]
    out += [line(offset + LEFT, TOP + height, offset + LEFT + width, TOP + height, "#888"), text(offset + LEFT + width / 2, HEIGHT - 14, x_title + " (logarithmic)")]
    for index, (key, label) in enumerate(panel.series):
        series = [point for point in points[key] if point["median"] > 0 or not panel.logarithmic]
        colour = COLOURS[index]
        if not series:
            continue
        edge = [f"{x_at(p['x']):.1f},{y_at(p['max']):.1f}" for p in series] + [f"{x_at(p['x']):.1f},{y_at(p['min']):.1f}" for p in reversed(series)]
        middle = " ".join(f"{x_at(p['x']):.1f},{y_at(p['median']):.1f}" for p in series)
        out += [f'<polygon points="{" ".join(edge)}" fill="{colour}" fill-opacity="0.15"/>',
                f'<polyline points="{middle}" fill="none" stroke="{colour}" stroke-width="2"/>']
        out += [f'<circle cx="{x_at(p["x"]):.1f}" cy="{y_at(p["median"]):.1f}" r="2.6" fill="{colour}"/>' for p in series]
        out.append(text(offset + LEFT + width - 4 - 46 * (len(panel.series) - 1 - index), TOP - 7, label, "end", colour=colour))
    return out


def svg(curve, figures):
    """The picture's text; empty without points."""
    panels = [part for index, panel in enumerate(curve.panels) for part in panel_svg(panel, curve.x_title, figures, index * WIDTH)]
    if not panels:
        return ""
    width = WIDTH * len(curve.panels)
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" '
            f'font-family="system-ui, sans-serif" role="img" aria-label="{html.escape(curve.title)}">')
    title = text(14, 20, curve.title + ": medians, and the range of the rounds", "start", 13, "#111")
    return "\n".join([head, f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>', title, *panels, "</svg>"]) + "\n"
