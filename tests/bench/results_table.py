"""RESULTS.md: the machine, every row of the targets with what was seen of it, and all figures, from the JSON of the benches."""
import datetime
import os
import platform
import subprocess

PACKAGES = ("task-spooler", "nq", "parallel", "gearman-job-server", "libgearman8", "beanstalkd", "python3", "libsqlite3-0")


def short(number):
    """Three digits, as a person writes them."""
    if number == 0 or 1000 <= abs(number) < 1e15:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def spread(figure):
    return f"{short(figure['median'])} [{short(figure['min'])}, {short(figure['max'])}]"


def said_by(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def file_line(path, beginning):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(beginning):
                return line.split(":", 1)[1].strip()
    return "unknown"


def system_name():
    with open("/etc/os-release", encoding="utf-8") as file:
        for line in file:
            if line.startswith("PRETTY_NAME="):
                return line.split("=", 1)[1].strip().strip('"')
    return "unknown"


def huge_pages():
    """What the kernel does by itself: always (Debian's), madvise (Ubuntu's) or never."""
    try:
        with open("/sys/kernel/mm/transparent_hugepage/enabled", encoding="utf-8") as file:
            return next((word.strip("[]") for word in file.read().split() if word.startswith("[")), "unknown")
    except OSError:
        return "unknown"


def describe_machine(source, rounds):
    """Taken when the run begins: date, machine, versions, load. `rounds`: of each bench; 0: its own number."""
    versions = [f"{name} {said_by('dpkg-query', '--show', '--showformat=${Version}', name) or '(not installed)'}" for name in PACKAGES]
    others = [":/", ":(exclude)RESULTS.md", ":(exclude)*.svg"]  # what a run writes itself is no change of what it measures
    changed = " with changes" if said_by("git", "-C", source, "status", "--porcelain", "--untracked-files=no", "--", *others) else ""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} × {file_line('/proc/cpuinfo', 'model name')}, {file_line('/proc/meminfo', 'MemTotal')}",
        "system": f"Linux {'.'.join(platform.release().split('.')[:2])}, {system_name()}",
        "commit": said_by("git", "-C", source, "rev-parse", "--short", "HEAD") + changed,
        "huge_pages": huge_pages(),
        "versions": ", ".join(versions),
        "rounds": str(rounds) if rounds else "as many as each bench makes by itself",
        "load": f"{os.getloadavg()[0]:.2f}",
    }


class Figures:
    """All figures of all runs, found by run and key."""

    def __init__(self, outputs):
        self.outputs = outputs

    def find(self, run, key):
        for figure in self.outputs.get(run, {}).get("figures", []):
            if figure["key"] == key and "x" not in figure:
                return figure
        return None

    def points(self, run, key):
        return [figure for figure in self.outputs.get(run, {}).get("figures", []) if figure["key"] == key and "x" in figure]


def verdict(check, figure):
    if figure is None:
        return "–"
    if not check.operator:
        return ""
    seen = figure["median"]
    if check.stretch is not None and check.holds(seen, check.stretch):
        return "yes, stretch too"
    return "yes" if check.holds(seen, check.target) else "**no**"


def wanted(check):
    if not check.operator:
        return ""
    text = f"{check.operator.replace('<=', '≤').replace('>=', '≥')} {short(check.target)}"
    return text if check.stretch is None else f"{text} ({short(check.stretch)})"


def rows_table(rows, figures):
    lines = ["| # | row | figure | wanted (stretch) | seen: median [min, max] | holds |", "|--:|---|---|--:|--:|---|"]
    for row in rows:
        for check in row.checks:
            figure = figures.find(check.run, check.key)
            first = check is row.checks[0]
            seen = spread(figure) if figure else "not measured"
            lines.append(f"| {row.number if first else ''} | {row.what if first else ''} | {check.says} | {wanted(check)} | {seen} | {verdict(check, figure)} |")
    return lines


def curves_table(curves, figures):
    """How much each curve's last point is of its first: what grows no faster than log n is easily seen."""
    lines = ["| curve | from | to | first | last | last/first |", "|---|--:|--:|--:|--:|--:|"]
    for curve in curves:
        for panel in curve.panels:
            for key, _ in panel.series:
                points = figures.points(panel.run, key)
                if len(points) < 2:
                    continue
                first, last = points[0], points[-1]
                factor = short(last["median"] / first["median"]) if first["median"] else "–"
                lines.append(f"| `{key}` ({first['unit']}) | {short(first['x'])} | {short(last['x'])} | {short(first['median'])} | "
                             f"{short(last['median'])} | {factor} |")
    return lines


def all_figures(runs, figures):
    lines = []
    for run in runs:
        output = figures.outputs.get(run.name)
        if output is None:
            continue
        lines += ["", f"`{' '.join((run.program, *run.words))}`"]
        if output["figures"]:
            lines += ["", "| figure | median | min | max | unit |", "|---|--:|--:|--:|---|"]
        lines += [f"| `{figure['key']}`{' at ' + short(figure['x']) if 'x' in figure else ''} | {short(figure['median'])} | {short(figure['min'])} | "
                  f"{short(figure['max'])} | {figure['unit']} |" for figure in output["figures"]]
        if output["notes"]:
            lines += ["", *(f"* {note}" for note in output["notes"])]
    return lines


def results(machine, runs, rows, curves, figures):
    lines = [
        "# Results", "",
        "Written by `tests/bench/run`, which `cmake --workflow --preset bench` starts; not by hand. Ratios are taken inside one run, round by round;",
        "what a row is judged by is the median. See README.md for what is measured against what.", "",
        "| | |", "|---|---|",
        f"| date | {machine['date']} |", f"| machine | {machine['machine']} |", f"| system | {machine['system']} |",
        f"| huge pages | {machine['huge_pages']} |", f"| commit | {machine['commit']} |", f"| versions | {machine['versions']} |",
        f"| rounds | {machine['rounds']} |",
        f"| load when it began | {machine['load']}{' (**busy: the figures mean little**)' if float(machine['load']) > 0.5 else ''} |",
        "", "## The targets", "",
        "A line with nothing wanted is shown and not judged. gearmand is judged by its own library (libgearman), one job submitted and answered before the next,",
        "and beanstalkd with fsync by one put at a time: so the figures that the targets name were measured. What is marked *shown* is the same server driven in",
        "another way, in most lines harder (by its bare protocol, 64 submits to a write); see \"How the peers are driven\" in README.md.", ""]
    lines += rows_table(rows, figures)
    lines += ["", "## Curves", ""]
    lines += [f"![{curve.title}]({curve.file})" for curve in curves if any(figures.points(panel.run, panel.series[0][0]) for panel in curve.panels)]
    lines += ["", *curves_table(curves, figures), "", "## All figures"]
    lines += all_figures(runs, figures)
    return "\n".join(lines) + "\n"
