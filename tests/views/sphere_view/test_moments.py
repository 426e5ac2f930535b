"""Which run of a sweep is shown, and at which of its moments: the script without a page."""

MOMENTS = "sphere_view/moments.js"


def test_moments_of_runs_match_by_step_and_not_by_snapshot(call):
    timeline = [0, 10, 20, 40]
    asked = [(0, 0), (1, 0.5), (1.5, 0.75), (2.5, 1.5), (3, 2)]
    run = {"steps": [0, 20, 40]}
    found = call(MOMENTS, "momentAt", [[run, timeline, t] for t, _ in asked])
    assert found == [at for _, at in asked]
    short = {"steps": [0, 20]}
    assert call(MOMENTS, "momentAt", [[short, timeline, 3]]) == [1]  # it stays at its end


def test_a_side_without_the_value_shows_the_run_nearest_to_it(call):
    side = {"runs": ["a", "b", "c"], "values": [0, 0.2, 0.5], "parameter": "m"}
    values = {0: "a", 0.2: "b", 0.3: "b", 0.4: "c", 9: "c"}
    assert call(MOMENTS, "runAt", [[side, "m", v] for v in values]) == list(values.values())
    assert call(MOMENTS, "runAt", [[side, "s", 0], [side | {"runs": ["a"]}, "m", 9]]) == ["c", "a"]
    words = {"runs": ["a", "b"], "values": ["hard", "easy"], "parameter": "mining"}
    found = call(MOMENTS, "runAt", [[words, "mining", v] for v in ("easy", "hard", "other")])
    assert found == ["b", "a", "a"]


def test_choices_are_the_longest_time_line_and_all_values_in_order(call):
    def side(parameter, values, *steps):
        return {"parameter": parameter, "values": values, "runs": [{"steps": s} for s in steps]}

    sides = [
        side(None, [], [0, 5]),
        side("m", [0.5, 0.1], [0, 2], [0, 2, 4]),
        side("m", [0.3, 0.5], [0], [0]),
    ]
    (found,) = call(MOMENTS, "choicesOf", [[sides]])
    assert found == {"timeline": [0, 2, 4], "parameter": "m", "values": [0.1, 0.3, 0.5]}
    (none,) = call(MOMENTS, "choicesOf", [[sides[:1]]])
    assert none == {"timeline": [0, 5], "parameter": None, "values": []}
