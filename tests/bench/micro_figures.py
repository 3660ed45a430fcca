"""Google Benchmark's JSON as the benches' own: nanoseconds and counters of each, over its repetitions."""
import statistics

KNOWN = {"name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index", "threads", "iterations", "real_time",
         "cpu_time", "time_unit", "items_per_second", "bytes_per_second"}


def figure(key, unit, rounds):
    return {"key": key, "unit": unit, "median": statistics.median(rounds), "min": min(rounds), "max": max(rounds), "rounds": rounds}


def figures(output):
    runs = {}
    for run in output["benchmarks"]:
        if run["run_type"] == "iteration":
            runs.setdefault(run["run_name"], []).append(run)
    found = []
    for name, rounds in runs.items():
        found.append(figure(name, rounds[0]["time_unit"], [run["cpu_time"] for run in rounds]))
        found += [figure(f"{name}.{counter}", "", [run[counter] for run in rounds]) for counter in rounds[0] if counter not in KNOWN]
    return {"bench": "micro", "figures": found, "notes": []}
