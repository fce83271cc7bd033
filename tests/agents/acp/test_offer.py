"""What agents offer, in the old form and the new."""

from roundhouse.agents.acp.offer import Offer
from roundhouse.model.agent import AgentMode, AgentModel

OLD = {
    "models": {
        "currentModelId": "a",
        "availableModels": [{"modelId": "a", "name": "A"}, {"modelId": "b"}, "odd", {"name": "x"}],
    },
    "modes": {
        "currentModeId": "ask",
        "availableModes": [{"id": "ask", "name": "Ask", "description": "Asks"}, {"id": "auto"}],
    },
}
NEW = {
    "configOptions": [
        {
            "id": "model",
            "category": "model",
            "currentValue": "a",
            "options": [
                {"group": "g", "options": [{"value": "a", "name": "A"}]},
                {"value": "b"},
                "odd",
            ],
        },
        {"id": "m", "category": "mode", "currentValue": "ask", "options": [{"value": "ask"}]},
        {"id": "effort", "currentValue": "high", "options": []},
    ]
}


def test_the_old_form() -> None:
    """Chosen by methods of their own."""
    offer = Offer()
    offer.learn(OLD)

    assert offer.models == [AgentModel("a", "A"), AgentModel("b")]
    assert offer.modes == [AgentMode("ask", "Ask", "Asks"), AgentMode("auto")]
    assert offer.current == {"model": "a", "mode": "ask"}
    assert offer.choose("model", "b", "s") == (
        "session/set_model",
        {"sessionId": "s", "modelId": "b"},
    )
    assert offer.choose("mode", "auto", "s") == (
        "session/set_mode",
        {"sessionId": "s", "modeId": "auto"},
    )


def test_the_new_form_goes_first() -> None:
    """Groups are flattened, other options are left alone."""
    offer = Offer()
    offer.learn({**OLD, **NEW})

    assert offer.models == [AgentModel("a", "A"), AgentModel("b")]
    assert offer.choose("model", "b", "s") == (
        "session/set_config_option",
        {"sessionId": "s", "configId": "model", "value": "b"},
    )
    assert offer.choose("mode", "x", "s") == (
        "session/set_config_option",
        {"sessionId": "s", "configId": "m", "value": "x"},
    )


def test_no_offer_is_no_choice() -> None:
    """And answers that say nothing change nothing."""
    offer = Offer()
    offer.learn({})
    offer.learn({"models": None, "modes": [], "configOptions": 3})

    assert offer.choose("model", "a", "s") is None
    assert offer.choose("mode", "a", "s") is None
