"""Which lines lead to a network at the top of a cell, and what they read of the notebook."""

from grader.judging.kinds.captioning.anew import graphs_in
from grader.judging.kinds.captioning.calling import way_by_keys
from grader.model import Cell

LINES = """
settings = {"layers": 2}
x = load()
a, b, c = Input((1,)), Input((64, e)), Input((u,))
parts = [Flatten()(b)]
parts.append(c)
held = {}
held["out"] = Dense(u)(Concatenate()(parts))
for _ in range(settings["layers"]):
    held["out"] = Dense(v)(held["out"])
unused = train(a)
""".strip()


def cells(last: str) -> tuple[Cell, ...]:
    return Cell(0, "code", LINES), Cell(1, "code", last)


def test_lines_that_lead_to_a_network_are_kept_and_no_others() -> None:
    graph = graphs_in(cells("net = Model([a, b, c], held['out'])"), {"e": 3, "u": 4, "v": 5, "w": 6})["net"]
    assert "append" in graph.source and "for _" in graph.source and "held['out'] = Dense(u)" in graph.source
    assert not any(word in graph.source for word in ("load", "unused", "settings ="))
    assert (graph.inputs, graph.cell, dict(graph.sizes)) == (3, 1, {"e": 3, "u": 4, "v": 5})


def test_a_name_given_twice_leads_back_no_further_than_its_last_line() -> None:
    text = "z = heavy()\nz = Input((2,))\nz = Dense(3)(z)\nnet = Model(z, z)"
    assert "heavy" not in graphs_in((Cell(0, "code", text),), {})["net"].source


def test_inputs_in_a_list_of_their_own_are_counted_and_those_of_a_dictionary_are_called_by_their_keys() -> None:
    listed = graphs_in(cells("ins = [a, b, c]\nnet = Model(inputs=ins, outputs=held['out'])"), {})["net"]
    keyed = graphs_in(cells("net = Model({'word': a, 'feats': b, 'hidden': c}, held['out'])"), {})["net"]
    assert (listed.inputs, keyed.inputs) == (3, 3)
    assert way_by_keys(keyed.keys) == ["d({'word': x, 'feats': f, 'hidden': h})"]
    assert not way_by_keys(("one", "two", "three"))


def test_layers_in_a_line_are_a_network_and_a_class_of_settings_is_made_no_second_time() -> None:
    text = "class Config:\n    width = 3\n\nclass Part(Layer):\n    pass\n\ncfg = Config()\npart = Part()\n"
    net = graphs_in((Cell(0, "code", f"{text}net = Sequential([part, Dense(cfg.width)])"),), {})["net"]
    assert "part = Part()" in net.source and "cfg = " not in net.source and net.inputs == 1
