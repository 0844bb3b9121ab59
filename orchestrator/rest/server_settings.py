"""What the server runs with, in the sections of the contract. Secrets are masked.

Sections that belong to processes of clients hold what those assume by default: the server does not know theirs.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

MASK = "**********"


def settings_answer() -> dict[str, Any]:
    return {**_clients(), **_own()}


def _own() -> dict[str, Any]:
    return {
        "home": str(settings.HOME),
        "profiles_path": str(settings.HOME / "profiles.toml"),
        "debug_mode": settings.DEBUG,
        "ui_url": settings.PUBLIC_URL,
        "silence_api_url_misconfiguration": False,
        "internal": {"logging_level": settings.LOG_LEVEL},
        "server": {
            "logging_level": settings.LOG_LEVEL,
            "analytics_enabled": False,
            "metrics_enabled": False,
            "log_retryable_errors": False,
            "register_blocks_on_start": True,
            "memoize_block_auto_registration": False,
            "memo_store_path": str(settings.HOME / "memo_store.toml"),
            "deployment_schedule_max_scheduled_runs": 50,
            "api": _api(),
            "concurrency": {
                "lease_storage": "database",
                "initial_deployment_lease_duration": 300.0,
                "maximum_concurrency_slot_wait_seconds": 30.0,
            },
            "database": _database(),
            "deployments": {"concurrency_slot_wait_seconds": 30.0},
            "docket": {"name": "orchestrator", "url": "redis" if settings.REDIS_URL else "embedded"},
            "ephemeral": {"enabled": False, "startup_timeout_seconds": 20},
            "events": _events(),
            "flow_run_graph": {"max_nodes": 10_000, "max_artifacts": 10_000},
            "logs": {"stream_out_enabled": True, "stream_publishing_enabled": True},
            "services": _services(),
            "tasks": {
                "tag_concurrency_slot_wait_seconds": 30.0,
                "max_cache_key_length": 2_000,
                "scheduling": {
                    "max_scheduled_queue_size": 1_000,
                    "max_retry_queue_size": 100,
                    "pending_task_timeout": "PT0S",
                },
            },
            "ui": {
                "enabled": True,
                "v2_enabled": False,
                "api_url": f"{settings.PUBLIC_URL}/api",
                "serve_base": settings.URL_PREFIX or "/",
                "static_directory": None,
                "show_promotional_content": False,
            },
            "worker_channel": {
                "cleanup_queue_storage": "none",
                "cleanup_lease_seconds": 30.0,
                "cleanup_max_delivery_attempts": 3,
                "cleanup_completed_idempotency_retention_seconds": None,
            },
        },
    }


def _api() -> dict[str, Any]:
    public = urlsplit(settings.PUBLIC_URL)
    origins = ["*"] if settings.CORS_ALLOW_ALL_ORIGINS else settings.CORS_ALLOWED_ORIGINS
    return {
        "auth_string": MASK if settings.API_AUTH_STRING else None,
        "host": public.hostname or "127.0.0.1",
        "port": public.port or (443 if public.scheme == "https" else 80),
        "base_path": settings.URL_PREFIX or None,
        "default_limit": 200,
        "keepalive_timeout": 75,
        "csrf_protection_enabled": settings.CSRF_PROTECTION,
        "csrf_token_expiration": f"PT{settings.CSRF_TOKEN_SECONDS:g}S",
        "cors_allowed_origins": ",".join(origins),
        "cors_allowed_methods": ",".join(settings.CORS_ALLOW_METHODS),
        "cors_allowed_headers": ",".join(settings.CORS_ALLOW_HEADERS),
        "websocket_ping_interval": 20.0,
        "websocket_ping_timeout": 30.0,
        "max_parameter_size": 524_288,
    }


def _database() -> dict[str, Any]:
    database = settings.DATABASES["default"]
    is_postgresql = database["ENGINE"].rpartition(".")[2] == "postgresql"
    return {
        "sqlalchemy": {
            "connect_args": {
                "application_name": None,
                "search_path": None,
                "statement_cache_size": None,
                "prepared_statement_cache_size": None,
                "tls": {
                    "enabled": False,
                    "ca_file": None,
                    "cert_file": None,
                    "key_file": None,
                    "check_hostname": True,
                },
            },
            "pool_size": settings.HTTP_THREADS,
            "pool_recycle": 600,
            "pool_timeout": None,
            "max_overflow": 0,
        },
        "connection_url": MASK,
        "driver": "postgresql+asyncpg" if is_postgresql else "sqlite+aiosqlite",
        "host": database.get("HOST") or None,
        "port": int(database["PORT"]) if database.get("PORT") else None,
        "user": database.get("USER") or None,
        "name": str(database["NAME"]),
        "password": MASK if database.get("PASSWORD") else None,
        "echo": False,
        "migrate_on_start": True,
        "timeout": 20.0,
        "connection_timeout": None,
        "migration_timeout": None,
    }


def _events() -> dict[str, Any]:
    return {
        "stream_out_enabled": True,
        "related_resource_cache_ttl": "PT0S",
        "maximum_labels_per_resource": 500,
        "maximum_related_resources": 100,
        "maximum_size_bytes": 1_500_000,
        "expired_bucket_buffer": "PT1M",
        "proactive_granularity": "PT5S",
        "retention_period": f"P{settings.EVENTS_RETENTION_DAYS}D",
        "maximum_websocket_backfill": "PT15M",
        "websocket_backfill_page_size": 250,
        "messaging_broker": "database",
        "messaging_cache": "database",
        "causal_ordering": "database",
        "maximum_event_name_length": 1_024,
    }


def _services() -> dict[str, Any]:
    return {
        "cancellation_cleanup": {
            "enabled": True,
            "loop_seconds": 20.0,
            "cancelling_timeout_seconds": settings.CANCELLING_TIMEOUT_SECONDS,
        },
        "db_vacuum": {
            "enabled": ["events", "flow_runs"] if settings.RUNS_RETENTION_DAYS else ["events"],
            "loop_seconds": 3_600.0,
            "orphan_cleanup_loop_seconds": 86_400.0,
            "retention_period": f"P{settings.RUNS_RETENTION_DAYS or 90}D",
            "batch_size": 200,
            "event_retention_overrides": {"prefect.flow-run.heartbeat": f"P{settings.HEARTBEATS_RETENTION_DAYS}D"},
        },
        "event_persister": {
            "enabled": True,
            "batch_size": 500,
            "read_batch_size": 1,
            "flush_interval": 0.0,
            "queue_max_size": 50_000,
            "max_flush_retries": 5,
        },
        "event_logger": {"enabled": False},
        "foreman": {
            "enabled": True,
            "loop_seconds": 15.0,
            "inactivity_heartbeat_multiple": 3,
            "fallback_heartbeat_interval_seconds": 30,
            "deployment_last_polled_timeout_seconds": 60,
            "work_queue_last_polled_timeout_seconds": 60,
        },
        "late_runs": {"enabled": True, "loop_seconds": 5.0, "after_seconds": f"PT{settings.LATE_AFTER_SECONDS:g}S"},
        "scheduler": {
            "enabled": True,
            "loop_seconds": 60.0,
            "deployment_batch_size": 100,
            "max_runs": 100,
            "min_runs": 3,
            "max_scheduled_time": "P100D",
            "min_scheduled_time": "PT1H",
            "insert_batch_size": 500,
            "recent_deployments_loop_seconds": 5.0,
        },
        "pause_expirations": {"enabled": True, "loop_seconds": 5.0},
        "repossessor": {"enabled": True, "loop_seconds": 15.0},
        "cleanup_reconciler": {"enabled": False, "loop_seconds": 5.0, "batch_size": 100},
        "task_run_recorder": {"enabled": True, "read_batch_size": 1, "batch_size": 500, "flush_interval": 0.0},
        "triggers": {
            "enabled": True,
            "read_batch_size": 1,
            "pg_notify_reconnect_interval_seconds": 10,
            "pg_notify_heartbeat_interval_seconds": 5,
        },
    }


def _clients() -> dict[str, Any]:
    return {
        "api": {
            "url": f"{settings.PUBLIC_URL}/api",
            "auth_string": None,
            "key": None,
            "tls_insecure_skip_verify": False,
            "ssl_cert_file": None,
            "enable_http2": False,
            "request_timeout": 60.0,
        },
        "cli": {"colors": True, "prompt": None, "wrap_lines": True},
        "client": {
            "max_retries": 5,
            "retry_jitter_factor": 0.2,
            "retry_extra_codes": [],
            "csrf_support_enabled": True,
            "custom_headers": {},
            "server_version_check_enabled": True,
            "metrics": {"enabled": False, "port": 4201},
        },
        "cloud": {"api_url": "", "enable_orchestration_telemetry": False, "max_log_size": 25_000, "ui_url": None},
        "deployments": {"default_work_pool_name": None, "default_docker_build_namespace": None},
        "events": {"worker_max_queue_size": 0},
        "experiments": {"warn": True},
        "flows": {"heartbeat_frequency": 180, "default_retries": 0, "default_retry_delay_seconds": 0},
        "logging": {
            "level": "INFO",
            "config_path": str(settings.HOME / "logging.yml"),
            "extra_loggers": [],
            "log_prints": False,
            "colors": True,
            "markup": False,
            "to_api": {
                "enabled": True,
                "batch_interval": 2.0,
                "batch_size": 4_000_000,
                "max_log_size": 1_000_000,
                "when_missing_flow": "warn",
            },
        },
        "plugins": {
            "enabled": False,
            "allow": [],
            "deny": [],
            "setup_timeout_seconds": 20.0,
            "strict": False,
            "safe_mode": False,
        },
        "results": {
            "default_serializer": "pickle",
            "persist_by_default": False,
            "default_storage_block": None,
            "local_storage_path": str(settings.HOME / "storage"),
        },
        "runner": {
            "process_limit": 5,
            "poll_frequency": 10,
            "crash_on_cancellation_failure": False,
            "auto_install_dependencies": False,
            "server": {
                "enable": False,
                "host": "localhost",
                "port": 8080,
                "log_level": "ERROR",
                "missed_polls_tolerance": 2,
            },
        },
        "tasks": {
            "refresh_cache": False,
            "default_no_cache": False,
            "disable_caching": False,
            "default_retries": 0,
            "default_retry_delay_seconds": 0,
            "default_persist_result": None,
            "runner": {"thread_pool_max_workers": None, "process_pool_max_workers": None},
            "scheduling": {"default_storage_block": None, "delete_failed_submissions": True},
        },
        "telemetry": {"enable_resource_metrics": False, "resource_metrics_interval_seconds": 10},
        "testing": {"test_mode": False, "unit_test_mode": False, "unit_test_loop_debug": False, "test_setting": None},
        "worker": {
            "debug_mode": False,
            "heartbeat_seconds": 30.0,
            "query_seconds": 10.0,
            "prefetch_seconds": 10.0,
            "enable_cancellation": False,
            "cancellation_poll_seconds": 120.0,
            "webserver": {"host": "0.0.0.0", "port": 8080},
        },
    }
