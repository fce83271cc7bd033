"""Agents of the nodes, and in a session."""

from fastapi import APIRouter
from starlette.responses import Response

from roundhouse.model.agent import AgentInfo
from roundhouse.service.agents import Closed, Conversation, Refreshed
from roundhouse.service.page import Page
from roundhouse.web.answers import answer, returns
from roundhouse.web.bodies import AgentPatch
from roundhouse.web.params import Id, Wired

router = APIRouter(tags=["agents"])


@router.get("/api/agents", responses=returns(Page[AgentInfo]))
async def list_agents(services: Wired) -> Response:
    """Every agent: version, models, modes, commands, and why not. All on one page."""
    return answer(Page(await services.agents.list()))


@router.post("/api/agents/refresh", responses=returns(Refreshed))
async def refresh_agents(services: Wired) -> Response:
    """Look at every agent again; answers when that is done, which can take a minute."""
    return answer(await services.agents.refresh())


@router.get("/api/agents/{name}", responses=returns(AgentInfo))
async def get_agent(services: Wired, name: Id) -> Response:
    """One agent."""
    return answer(await services.agents.get(name))


@router.patch("/api/agents/{name}", responses=returns(AgentInfo))
async def update_agent(services: Wired, name: Id, body: AgentPatch) -> Response:
    """Switch an agent on or off."""
    return answer(await services.agents.enable(name, body.enabled))


@router.get("/api/sessions/{session_id}/agents", responses=returns(list[Conversation]))
async def list_conversations(services: Wired, session_id: Id) -> Response:
    """The agents of a session, as a plain array."""
    return answer(await services.agents.conversations(session_id))


@router.post("/api/sessions/{session_id}/agents/{agent}/close", responses=returns(Closed))
async def close_conversation(services: Wired, session_id: Id, agent: Id) -> Response:
    """End an agent's process; its next turn in the session resumes it. 409 while it runs a turn."""
    return answer(await services.agents.close(session_id, agent))
