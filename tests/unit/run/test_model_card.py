from crossmodal.run.model_card import model_card

ABOUT = {
    "trains": "Something.",
    "paper": "A paper",
    "data": "Data",
    "expected": {"metric": "r", "value": None, "tolerance": None},
    "cost": "nothing",
    "status": "unmeasured",
}


def card(**about):
    return model_card("a/b", {"about": {**ABOUT, **about}, "seed": 0}, 7, 1234, {"evaluate": {"r": 0.123456, "n": 3}})


def test_card_states_task_data_and_results():
    lines = card().splitlines()
    assert lines[:3] == ["# a/b", "", "Something."]
    assert "- data: Data" in lines
    assert "- parameters: 1,234" in lines
    assert "| r | 0.1235 |" in lines
    assert "| n | 3 |" in lines


def test_limits_of_a_recipe_precede_the_figures():
    text = card(limits="Has never seen a cat. " * 20)
    assert text.index("Something.") < text.index("Has never seen a cat.") < text.index("- method")
    assert all(len(line) <= 120 for line in text[: text.index("- method")].splitlines())


def test_card_states_training_time_and_device():
    about = {"about": ABOUT, "seed": 0}
    assert "training took" not in card()
    assert "- training took: 61 s on a chip" in model_card("a/b", about, 7, 1, {}, lasted_s=61.2, device="a chip")
    assert "- training took: 57 minutes on " in model_card("a/b", about, 7, 1, {}, lasted_s=57.3 * 60)
