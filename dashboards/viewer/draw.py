#!/usr/bin/env python3
"""Draws a dashboard from what a real Prometheus answers, as an HTML page without a script.

    draw.py http://127.0.0.1:9090 overview NOW SPAN STEP >page.html      times in seconds

It is no Grafana: it shows the panels with their queries, layout, units and colours, so that a
change can be looked at where no Grafana is.
"""

import html
import sys

import panels
import shapes

WIDTH, ROW = 1480, 38

STYLE = """
body { margin: 0; background: #111217; color: #ccccdc; font: 13px/1.35 "Liberation Sans", sans-serif; }
header { padding: 14px 18px 4px; font-size: 18px; } header small { color: #8e9199; font-size: 13px; margin-left: 14px; }
main { position: relative; margin: 6px 10px; }
section { position: absolute; box-sizing: border-box; padding: 6px 10px; background: #181b1f; border: 1px solid #2a2d33; border-radius: 3px; overflow: hidden; }
section.row { background: none; border: 0; padding: 10px 4px 0; font-size: 15px; font-weight: 600; }
h2 { margin: 0 0 6px; font-size: 13px; font-weight: 600; white-space: nowrap; }
.stat { position: absolute; inset: 30px 8px 8px; display: grid; place-items: center; border-radius: 3px; color: #fff; font-size: 34px; font-weight: 600; }
.none { color: #8e9199; text-align: center; margin-top: 30px; }
svg { display: block; } svg text { fill: #8e9199; font-size: 11px; } .grid { stroke: #2a2d33; }
.key { display: flex; flex-wrap: wrap; gap: 0 12px; font-size: 11px; height: 28px; overflow: hidden; }
.key i { display: inline-block; width: 11px; height: 4px; border-radius: 2px; margin-right: 5px; vertical-align: middle; }
table { width: 100%; border-collapse: collapse; } th, td { padding: 4px 8px; border-bottom: 1px solid #2a2d33; text-align: left; white-space: nowrap; max-width: 260px; overflow: hidden; text-overflow: ellipsis; }
th { color: #6e9fff; font-weight: 600; } .link { text-decoration: underline; text-decoration-color: #6e9fff88; }
.top td { border: 0; padding: 3px 6px; font-size: 12px; } .top .bar { width: 50%; } .top i { display: block; height: 13px; background: #FF9830; border-radius: 2px; } .number { text-align: right; color: #FF9830; }
"""


def main(prometheus, name, now, span, step):
    now, span, step = float(now), int(span), int(step)
    dashboard = panels.dashboards()[name]
    height = max(it["gridPos"]["y"] + it["gridPos"]["h"] for it in dashboard["panels"]) * ROW
    boxes = [box(prometheus, it, now, span, step) for it in dashboard["panels"]]
    print(f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><header>{html.escape(dashboard["title"])}'
          f'<small>{html.escape(dashboard["description"])}</small></header>'
          f'<main style="width:{WIDTH}px;height:{height}px">{"".join(boxes)}</main>')


def box(prometheus, panel, now, span, step):
    at = panel["gridPos"]
    unit = WIDTH / 24
    place = f'left:{at["x"] * unit:.0f}px;top:{at["y"] * ROW}px;width:{at["w"] * unit - 8:.0f}px;height:{at["h"] * ROW - 8}px'
    title = html.escape(panel["title"])
    if panel["type"] == "row":
        return f'<section class="row" style="{place}">{title}</section>'
    found = [(it, panels.series(prometheus, it, now, span, step)) for it in panel["targets"]]
    view = shapes.View(panel, found, now, span, step, at["w"] * unit - 30, at["h"] * ROW - 48)
    return f'<section style="{place}"><h2>{title}</h2>{shapes.draw(view)}</section>'


if __name__ == "__main__":
    main(*sys.argv[1:])
