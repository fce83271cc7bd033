"""What turns have used."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from roundhouse.model.usage import UsageBy
from roundhouse.service.usage import UsageList
from roundhouse.web.answers import answer, returns
from roundhouse.web.params import Wired

DAYS_MAX = 366

router = APIRouter(prefix="/api/usage", tags=["usage"])


@router.get("", responses=returns(UsageList))
async def read_usage(
    services: Wired,
    by: UsageBy = "agent",
    days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = 30,
) -> Response:
    """Tokens, cost and durations of the turns that ended in the last `days`, by agent, project or day (UTC)."""
    return answer(await services.usage.read(by, days=days))
