"""One panel as markup: a number, bars, lines, a table. All text is escaped."""

import html

import panels
from units import clock, nice, written

NAMED = {
    "dark-red": "#C4162A", "red": "#F2495C", "orange": "#FF9830", "green": "#73BF69", "blue": "#5794F2",
    "light-blue": "#8AB8FF", "purple": "#B877D9", "text": "#8e9199",
}
PALETTE = ["#73BF69", "#5794F2", "#FF9830", "#B877D9", "#F2CC0C", "#8AB8FF", "#FF7383", "#4DBFB3", "#CA95E5",
           "#96D98D", "#FFB357", "#3274D9", "#E0B400", "#705DA0", "#E24D42", "#37872D"]


class View:
    """What was asked of a panel, and the room that its picture has."""

    def __init__(self, panel, found, now, span, step, width, height):
        self.panel, self.found = panel, found
        self.now, self.span, self.step = now, span, step
        self.width, self.height = width, height
        self.defaults = panel["fieldConfig"]["defaults"]

    def say(self, value):
        return written(value, self.defaults.get("unit", "short"), self.now)


def draw(view):
    kinds = {"stat": stat, "timeseries": graph, "bargauge": top, "table": table, "state-timeline": states, "heatmap": heat}
    found = any(points for _, series in view.found for _, points in series)
    return kinds[view.panel["type"]](view) if found else '<p class="none">no data</p>'


def stat(view):
    value = view.found[0][1][0][1][-1][1]
    colour = threshold(view.defaults["thresholds"], value)
    mapped = mapping(view.defaults, value)
    return f'<div class="stat" style="background:{colour}">{html.escape(mapped or view.say(value))}</div>'


def threshold(thresholds, value):
    steps = [it for it in thresholds["steps"] if it["value"] is None or value >= it["value"]]
    return NAMED.get(steps[-1]["color"], steps[-1]["color"])


def mapping(defaults, value):
    options = [it["options"].get(f"{value:g}") for it in defaults.get("mappings", [])]
    return next((it["text"] for it in options if it), None)


def lines_of(view):
    """Each series with its name and colour, in the order of the legend."""
    fixed = {it["matcher"]["options"]: p["value"]["fixedColor"]
             for it in view.panel["fieldConfig"]["overrides"] for p in it["properties"] if p["id"] == "color"}
    named = [(panels.legend(target, labels), points) for target, series in view.found for labels, points in series if points]
    shown = [it for it in sorted(named) if max(value for _, value in it[1]) > 0] or sorted(named)[:1]
    return [(name, NAMED.get(fixed.get(name), PALETTE[at % len(PALETTE)]), points) for at, (name, points) in enumerate(shown)]


def graph(view):
    lines = lines_of(view)
    custom = view.defaults.get("custom", {})
    stacked, bars = "stacking" in custom, custom.get("drawStyle") == "bars"
    width, height = view.width, view.height - 46
    sums = {}
    for _, _, points in lines:
        for at, value in points:
            sums[at] = sums.get(at, 0) + value if stacked else max(sums.get(at, 0), value)
    most = nice(max(sums.values()))
    left = 10 + 6.2 * max(len(view.say(most * part / 4)) for part in range(5))
    x = lambda at: left + (at - view.now + view.span) / view.span * (width - left)
    y = lambda value: 6 + (height - 6) * (1 - value / most)
    out = axes(view, width, height, left, most, y)
    below = {}
    column = max((width - left) * view.step / view.span - 1, 1)
    for _, colour, points in lines:
        path = []
        for at, value in points:
            base = below.get(at, 0) if stacked else 0
            below[at] = base + value
            path.append((x(at), y(base + value), y(base)))
        if bars:
            out += [f'<rect x="{a - column:.1f}" y="{b:.1f}" width="{column:.1f}" height="{max(c - b, 0):.1f}" fill="{colour}"/>'
                    for a, b, c in path if c - b > 0.2]
        else:
            up = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in path)
            down = " ".join(f"{a:.1f},{c:.1f}" for a, _, c in reversed(path))
            out.append(f'<polygon points="{up} {down}" fill="{colour}" opacity="{custom.get("fillOpacity", 10) / 100}"/>')
            out.append(f'<polyline points="{up}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return svg(width, height + 18, out) + key(lines)


def axes(view, width, height, left, most, y):
    out = []
    for part in range(5):
        value = most * part / 4
        out.append(f'<line x1="{left}" x2="{width}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="grid"/>')
        out.append(f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{html.escape(view.say(value))}</text>')
    for part in range(1, 6):
        at = view.now - view.span + view.span * part / 6
        out.append(f'<text x="{left + (width - left) * part / 6:.1f}" y="{height + 14}" text-anchor="middle">{clock(at, view.span)}</text>')
    return out


def svg(width, height, parts):
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'


def key(lines):
    names = [f'<span><i style="background:{colour}"></i>{html.escape(name)}</span>' for name, colour, _ in lines[:14]]
    return f'<div class="key">{"".join(names)}</div>'


def top(view):
    rows = sorted(((points[-1][1], panels.legend(target, labels)) for target, series in view.found for labels, points in series), reverse=True)
    most = rows[0][0] or 1
    cells = [f'<tr><td>{html.escape(name)}</td><td class="bar"><i style="width:{value / most * 100:.1f}%"></i></td>'
             f'<td class="number">{html.escape(view.say(value))}</td></tr>' for value, name in rows[:8]]
    return f'<table class="top">{"".join(cells)}</table>'


def states(view):
    mapped = {float(k): v for it in view.defaults["mappings"] for k, v in it["options"].items()}
    rows, out, left = lines_of(view), [], 130
    tall = min((view.height - 24) / max(len(rows), 1), 46)
    x = lambda at: left + (at - view.now + view.span) / view.span * (view.width - left)
    for at_row, (name, _, points) in enumerate(rows):
        top_y = at_row * tall
        out.append(f'<text x="{left - 8}" y="{top_y + tall / 2 + 4:.1f}" text-anchor="end">{html.escape(name[:20])}</text>')
        for at, value in points:
            colour = NAMED[mapped.get(value, {"color": "text"})["color"]]
            wide = (view.width - left) * view.step / view.span + 0.6
            out.append(f'<rect x="{max(x(at) - wide, left):.1f}" y="{top_y + 3:.1f}" width="{wide:.1f}" height="{tall - 6:.1f}" fill="{colour}"/>')
    for part in range(1, 6):
        at = view.now - view.span + view.span * part / 6
        out.append(f'<text x="{x(at):.1f}" y="{len(rows) * tall + 16:.0f}" text-anchor="middle">{clock(at, view.span)}</text>')
    legend = [(it["text"], NAMED[it["color"]], None) for it in mapped.values()]
    return svg(view.width, len(rows) * tall + 22, out) + key(legend)


def heat(view):
    series = sorted(((float(labels["le"]), dict(points)) for _, many in view.found for labels, points in many))
    times = sorted({at for _, points in series for at in points})
    cells, below, left = [], {}, 60
    for row, (bound, points) in enumerate(series):
        for at in times:
            cells.append((at, row, max(points.get(at, 0) - below.get(at, 0), 0)))
        below = points
    most = max(value for _, _, value in cells) or 1
    height = view.height - 24
    tall, wide = height / len(series), (view.width - left) * view.step / view.span
    out = []
    for at, row, value in cells:
        if value > 0:
            x = left + (at - view.now + view.span) / view.span * (view.width - left) - wide
            out.append(f'<rect x="{x:.1f}" y="{height - (row + 1) * tall:.1f}" width="{wide:.1f}" height="{tall - 1:.1f}" fill="#FF9830" opacity="{0.15 + 0.85 * value / most:.2f}"/>')
    unit = view.panel["options"]["yAxis"]["unit"]
    for row, (bound, _) in enumerate(series):
        if row % 2 == 0:
            text = "∞" if bound == float("inf") else written(bound, unit, view.now)
            out.append(f'<text x="{left - 6}" y="{height - row * tall - tall / 2 + 4:.1f}" text-anchor="end">{text}</text>')
    return svg(view.width, view.height, out)


def table(view):
    """The rows of all queries, joined by their labels as the transformation `merge` does."""
    many = len(view.found) > 1
    rows = {}
    for target, series in view.found:
        for labels, points in series:
            plain = {name: value for name, value in labels.items() if name != "__name__"}
            row = rows.setdefault(tuple(sorted(plain.items())), dict(plain))
            row["Value #" + target["refId"] if many else "Value"] = points[-1][1]
    columns = view.panel["fieldConfig"]["overrides"]
    heads = [next(p["value"] for p in it["properties"] if p["id"] == "displayName") for it in columns]
    body = ["<tr>" + "".join(cell(view, it, row) for it in columns) + "</tr>" for row in list(rows.values())[: int(view.height // 27)]]
    return f'<table><tr>{"".join(f"<th>{html.escape(it)}</th>" for it in heads)}</tr>{"".join(body)}</table>'


def cell(view, column, row):
    value = row.get(column["matcher"]["options"], "")
    have = {it["id"]: it["value"] for it in column["properties"]}
    style = ""
    if isinstance(value, float):
        if "thresholds" in have:
            style = f'color:{threshold(have["thresholds"], value)}'
        value = written(value, have.get("unit", "short"), view.now)
    for options in have.get("mappings", []):
        if value in options["options"]:
            style = f'color:{NAMED[options["options"][value]["color"]]}'
    mark = ' class="link"' if "links" in have else ""
    return f'<td style="{style}"{mark}>{html.escape(str(value))}</td>'
