"""Reasons of statuses: CamelCase, stable, for people and programs to tell causes apart."""

from __future__ import annotations

from typing import Final

READY: Final = "Ready"
CACHE_HIT: Final = "CacheHit"
TAKEN_OVER: Final = "TakenOver"
CONDITION_FALSE: Final = "ConditionFalse"
UPSTREAM_SKIPPED: Final = "UpstreamSkipped"
UPSTREAM_FAILED: Final = "UpstreamFailed"
SKIP_ASKED: Final = "SkipAsked"
STOP_ASKED: Final = "StopAsked"
PARENT_STOPPED: Final = "ParentStopped"
AWAITING_APPROVAL: Final = "AwaitingApproval"
RESUME_ASKED: Final = "ResumeAsked"
RETRY: Final = "Retry"
DEADLINE_EXCEEDED: Final = "DeadlineExceeded"
CONFIG_ERROR: Final = "ConfigError"
MISSING_INPUT: Final = "MissingInput"
BAD_OUTPUTS: Final = "BadOutputs"
UNSUPPORTED: Final = "Unsupported"
OPS_FAILED: Final = "OpsFailed"
EARLY_STOPPED: Final = "EarlyStopped"
TOO_MANY_FAILED: Final = "TooManyFailed"
