"""Numbers as Grafana writes them."""

import datetime


def written(value, unit, now):
    """A number in its unit; `now` is in seconds, for times that are told as an age."""
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "s":
        return duration(value)
    if unit in ("bytes", "Bps"):
        return scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]) + ("/s" if unit == "Bps" else "")
    if unit == "dateTimeFromNow":
        age = now - value / 1000
        return f"{duration(age)} ago" if age >= 0 else f"in {duration(-age)}"
    if unit in ("bool_yes_no", "bool_on_off"):
        return unit.split("_")[1 if value else 2]
    return scaled(value, 1000, ["", "K", "M", "G"]).strip()


def scaled(value, base, names):
    for name in names[:-1]:
        if abs(value) < base:
            return f"{value:.3g} {name}" if value % 1 else f"{value:.0f} {name}"
        value /= base
    return f"{value:.3g} {names[-1]}"


def duration(seconds):
    for limit, length, name in ((1, 0.001, "ms"), (90, 1, "s"), (5400, 60, "min"), (129600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / length:.3g} {name}"
    return f"{seconds / 86400:.3g} days"


def clock(at, span):
    """A time below an axis: with seconds only where the axis is short."""
    pattern = "%H:%M:%S" if span < 900 else "%H:%M" if span <= 172800 else "%m-%d"
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime(pattern)


def nice(most):
    """A round number at or above the greatest value, for the top of an axis."""
    if most <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= most:
        power *= 10
    while power > most:
        power /= 10
    return next(step * power for step in (1, 2, 2.5, 4, 5, 8, 10) if step * power >= most * 0.999)
