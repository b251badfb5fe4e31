"""What a server refuses, with its code and what to do."""

from __future__ import annotations

from typing import Any


class RiskgraphError(Exception):
    """An answer that is an error.

    Attributes:
        code: What kind of error it is, such as ``BAD_USER_INPUT`` or ``OVERLOADED``.
        hint: What to do; ``None`` where the server has no advice.
        request_id: The request as the server's log names it.
    """

    def __init__(self, code: str, message: str, hint: str | None = None, request_id: str | None = None) -> None:
        super().__init__(f"{code}: {message}" + (f"\n  {hint}" if hint else ""))
        self.code = code
        self.message = message
        self.hint = hint
        self.request_id = request_id

    @classmethod
    def of_graphql(cls, error: dict[str, Any]) -> RiskgraphError:
        extensions = error.get("extensions") or {}
        return cls(
            extensions.get("code", "INTERNAL"),
            error.get("message", "the server gave no message"),
            extensions.get("hint"),
            extensions.get("requestId"),
        )

    @classmethod
    def of_http(cls, status: int, body: Any) -> RiskgraphError:
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return cls(
                "INTERNAL",
                f"the server answered {status} without an error of its own",
                "see what stands before it, such as a proxy",
            )
        return cls(error.get("code", "INTERNAL"), error.get("message", ""), error.get("hint"), error.get("requestId"))
