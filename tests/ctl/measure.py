#!/usr/bin/env python3
"""limadrv bench as a command: its rows, its forms, what it refuses. What the figures are worth depends on the machine, and no test asks."""
from place import EXAMPLE, check, main

ROWS = {"exec-to-accept": "ms", "inspect-status": "ms", "info-p50": "ms", "info-rate": "per second", "program-size": "MB"}


def json_has_a_figure_per_round(place):
    reply = place.json("bench", EXAMPLE, "--vs", EXAMPLE, "--repeat", "2", "--json")
    assert set(reply["machine"]) == {"os", "arch", "cpus", "memory"}
    assert [driver["program"] for driver in reply["drivers"]] == [str(EXAMPLE)] * 2
    for driver in reply["drivers"]:
        assert {key: row["unit"] for key, row in driver["rows"].items()} == ROWS
        for key, row in driver["rows"].items():
            assert len(row["values"]) == 2 and min(row["values"]) > 0, (key, row)
    assert reply["drivers"][0]["rows"]["program-size"]["values"][0] == round(EXAMPLE.stat().st_size / 1e6, 6)
    assert place.leftovers() == []


def table_has_a_line_per_row(place):
    lines = check(place.run("bench", EXAMPLE, "--repeat", "1"), 0, "round 1 of 1").stdout.splitlines()
    assert len(lines) == 1 + len(ROWS), lines
    assert str(EXAMPLE) in lines[0] and "RATIO" not in lines[0]


def mistakes_are_named(place):
    check(place.run("bench", EXAMPLE, "--repeat", "0"), 2, "--repeat", "from 1 to")
    check(place.run("bench", "no-such-driver"), 1, "no-such-driver")
    check(place.run("bench", "/bin/true", "--repeat", "1"), 1, "/bin/true")
    assert place.leftovers() == []


main([json_has_a_figure_per_round, table_has_a_line_per_row, mistakes_are_named])
