"""Peer: FastAPI, pydantic for what comes in and goes out, asyncpg, uvicorn."""

import hashlib
import os
from datetime import datetime
from typing import Any, List, Optional
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import FastAPI, Query
from pydantic import BaseModel

SUMMARY = """id, server_name, repository_url, status, submitted_at,
    developer_email, revision, approvals, reviewed_at, reviewed_by, risk_level, trifecta,
    completeness, error_count, critical_failures"""
FULL = SUMMARY + ", report_data, review_notes, content_sha256, report_json"


class NewReport(BaseModel):
    server_name: str
    repository_url: str
    developer_email: str
    report_data: str


class Summary(BaseModel):
    id: UUID
    server_name: str
    repository_url: str
    status: str
    submitted_at: datetime
    developer_email: str
    revision: int
    approvals: int
    reviewed_at: Optional[datetime]
    reviewed_by: Optional[str]
    risk_level: str
    trifecta: str
    completeness: Optional[int]
    error_count: Optional[int]
    critical_failures: Optional[int]


class Report(Summary):
    report_data: str
    review_notes: Optional[str]
    content_sha256: str
    report_json: Optional[Any]


app = FastAPI()


@app.on_event("startup")
async def connect():
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], max_size=10)


@app.get("/api/v1/reports/{id}", response_model=Report)
async def get_report(id: UUID):
    row = await app.state.pool.fetchrow(
        f"SELECT {FULL} FROM mcp_server_reports WHERE id = $1", id
    )
    return dict(row)


@app.get("/api/v1/reports", response_model=List[Summary])
async def list_reports(limit: int = Query(50, ge=1, le=200)):
    rows = await app.state.pool.fetch(
        f"SELECT {SUMMARY} FROM mcp_server_reports ORDER BY submitted_at DESC, id DESC LIMIT $1",
        limit,
    )
    return [dict(row) for row in rows]


@app.post("/api/v1/reports", response_model=Report, status_code=201)
async def submit_report(report: NewReport):
    row = await app.state.pool.fetchrow(
        f"""INSERT INTO mcp_server_reports (server_name, repository_url, repository_key,
            developer_email, report_data, content_sha256, revision)
        VALUES ($1, $2, $3, $4, $5, $6, (
            SELECT coalesce(max(revision), 0) + 1 FROM mcp_server_reports WHERE repository_key = $3
        )) ON CONFLICT DO NOTHING RETURNING {FULL}""",
        report.server_name,
        report.repository_url,
        report.repository_url.replace("https://", "").lower(),
        report.developer_email,
        report.report_data,
        hashlib.sha256(report.report_data.encode()).hexdigest(),
    )
    return dict(row)


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="critical")
