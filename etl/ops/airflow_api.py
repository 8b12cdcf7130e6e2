"""Speaks with a running Airflow over its REST API. Nothing of Airflow is imported.

Where it is comes from the environment: `TRANSIT_LEDGER_AIRFLOW_URL` (http://localhost:8080 without it), and, where
Airflow asks who is there, `TRANSIT_LEDGER_AIRFLOW_USER` and `TRANSIT_LEDGER_AIRFLOW_PASSWORD`.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from etl.common.errors import Terminal, Transient

URL_ENV = "TRANSIT_LEDGER_AIRFLOW_URL"
USER_ENV = "TRANSIT_LEDGER_AIRFLOW_USER"
PASSWORD_ENV = "TRANSIT_LEDGER_AIRFLOW_PASSWORD"  # noqa: S105  a variable's name, not a password

FINISHED = ("success", "failed")
_PAGE = 100


class AirflowUnreachable(Transient):
    """Airflow's API server did not answer."""


class AirflowRefused(Terminal):
    """Airflow's API server answered that it will not do it; `status` is its HTTP status."""

    def __init__(self, status: int, found: str, expected: str = "", next_step: str = "") -> None:
        self.status = status
        super().__init__(found, expected, next_step)


class Airflow:
    """A session with Airflow's API server. Each method raises `AirflowUnreachable` or `AirflowRefused`."""

    def __init__(self, url: str, user: str | None = None, password: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._who = {"username": user, "password": password} if user else None
        self._token: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Airflow:
        """As the three environment variables say."""
        url = environment.get(URL_ENV) or "http://localhost:8080"
        return cls(url, environment.get(USER_ENV), environment.get(PASSWORD_ENV))

    def get(self, path: str, **query: Any) -> Any:
        """What `GET /api/v2/<path>` answers."""
        return self._authorised("GET", f"{path}?{urllib.parse.urlencode(query, doseq=True)}" if query else path)

    def post(self, path: str, body: Any) -> Any:
        """What `POST /api/v2/<path>` answers."""
        return self._authorised("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """What `PATCH /api/v2/<path>` answers."""
        return self._authorised("PATCH", path, body)

    def put(self, path: str, body: Any = None) -> Any:
        """What `PUT /api/v2/<path>` answers."""
        return self._authorised("PUT", path, body)

    def runs(self, dag_id: str, **query: Any) -> list[dict[str, Any]]:
        """All runs of a DAG that fit the query, as the API describes them."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(f"dags/{dag_id}/dagRuns", limit=_PAGE, offset=len(found), order_by="id", **query)
            found.extend(page["dag_runs"])
            if len(page["dag_runs"]) < _PAGE:
                return found

    def failed_tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run that failed, as the API describes them."""
        path = f"dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}/taskInstances"
        return list(self.get(path, state="failed", limit=_PAGE)["task_instances"])

    def _authorised(self, method: str, path: str, body: Any = None) -> Any:
        if self._token is None:
            self._token = self._call("POST" if self._who else "GET", "/auth/token", self._who)["access_token"]
        return self._call(method, f"/api/v2/{path}", body)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        if not self.url.startswith(("http://", "https://")):
            raise AirflowRefused(0, f"${URL_ENV} is '{self.url}'", "an address that begins with http:// or https://")
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310  checked above
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  checked above
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise _refusal(error, method, path) from None
        except (OSError, ValueError) as error:
            raise AirflowUnreachable(
                f"Airflow does not answer at {self.url}: {error}",
                "a running Airflow",
                f"start it with make up, or say in ${URL_ENV} where it is",
            ) from None


def _refusal(error: urllib.error.HTTPError, method: str, path: str) -> AirflowRefused:
    text = error.read().decode("utf-8", "replace")
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        detail = text[:200] or error.reason
    next_step = f"set ${USER_ENV} and ${PASSWORD_ENV}" if error.code in (401, 403) else ""
    return AirflowRefused(error.code, f"Airflow refused {method} {path} ({error.code}): {detail}", "", next_step)
