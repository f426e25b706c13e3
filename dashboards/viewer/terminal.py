#!/usr/bin/env python3
"""What a command shows on a real terminal, as an HTML page.

    terminal.py COLUMNS dark|light TITLE COMMAND… >page.html

The command runs behind a pseudo-terminal of that width; of the escapes it writes only colours and
the wiping of a line are understood, since it writes no others.
"""

import fcntl
import html
import os
import pty
import re
import struct
import sys
import termios

# The sixteen colours of two customary themes, with their background and text.
THEMES = {
    "dark": ("#16181d", "#d7dae0", ["#3f4451", "#ff616e", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#4cd1e0", "#d7dae0"]),
    "light": ("#ffffff", "#383a42", ["#383a42", "#ca1243", "#2f7d31", "#986801", "#4078f2", "#a626a4", "#00728f", "#a0a1a7"]),
}


def run(columns, command):
    """What the command writes to a terminal of so many columns."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color")
        for name in ("COLUMNS", "NO_COLOR"):
            os.environ.pop(name, None)
        # The parent sets the width before it lets us begin.
        os.read(0, 1)
        os.execvp(command[0], command)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    mode = termios.tcgetattr(master)
    mode[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(master, termios.TCSANOW, mode)
    os.write(master, b"\n")
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.waitpid(pid, 0)
    text = text.decode(errors="replace").replace("\r\n", "\n")
    # A line of progress that was wiped.
    return re.sub(r"[^\n]*\r\x1b\[K", "", text)


def style(codes, theme):
    """The CSS of the codes that are in force."""
    _, _, colours = THEMES[theme]
    parts = []
    for code in codes:
        if code == 1:
            parts.append("font-weight:600")
        elif code == 2:
            parts.append("opacity:.62")
        elif 30 <= code <= 37:
            parts.append(f"color:{colours[code - 30] if code > 30 else '#111'}")
        elif code == 97:
            parts.append("color:#fff")
        elif 40 <= code <= 47:
            parts.append(f"background:{colours[code - 40]}")
    return ";".join(parts)


def markup(text, theme):
    out, codes = [], []
    for piece in re.split(r"(\x1b\[[\d;]*m)", text):
        found = re.fullmatch(r"\x1b\[([\d;]*)m", piece)
        if found:
            new = [int(it) for it in found[1].split(";") if it]
            codes = [] if new in ([], [0]) else codes + new
        elif piece:
            assert "\x1b" not in piece, "an escape that is no colour"
            escaped = html.escape(piece)
            out.append(f'<span style="{style(codes, theme)}">{escaped}</span>' if codes else escaped)
    return "".join(out)


def page(columns, theme, title, text):
    back, front, colours = THEMES[theme]
    dots = "".join(f'<i style="background:{it}"></i>' for it in (colours[1], colours[3], colours[2]))
    # A column of this font is 8.43 wide; whoever takes a picture reads the size from here.
    width, height = int(columns * 8.43 + 64), 18 * len(text.rstrip("\n").split("\n")) + 96
    return f"""<!-- {width},{height} --><!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 14px; background: {"#fff" if theme == "light" else "#0d0f13"}; }}
main {{ background: {back}; color: {front}; border: 1px solid #8886; border-radius: 8px; overflow: hidden; }}
header {{ box-sizing: border-box; height: 36px; padding: 9px 12px; border-bottom: 1px solid #8883; font: 13px/18px "Liberation Sans", sans-serif; }}
header i {{ display: inline-block; width: 11px; height: 11px; border-radius: 50%; margin-right: 6px; }}
pre {{ margin: 0; padding: 14px 16px; font: 14px/18px "DejaVu Sans Mono", monospace; }}
</style><main><header>{dots} {html.escape(title)}</header><pre>{markup(text, theme)}</pre></main>"""


if __name__ == "__main__":
    width, look, name, *program = sys.argv[1:]
    print(page(int(width), look, name, run(int(width), program)))
