"""The settings of a server as the contract shapes them, section by section. Most of them belong to clients."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from orchestrator.rest.answering import Shape


class APISettings(Shape):
    url: str | None
    auth_string: SecretStr | None
    key: SecretStr | None
    tls_insecure_skip_verify: bool
    ssl_cert_file: str | None
    enable_http2: bool
    request_timeout: float


class CLISettings(Shape):
    colors: bool
    prompt: bool | None
    wrap_lines: bool


class ClientMetricsSettings(Shape):
    enabled: bool
    port: int


class ClientSettings(Shape):
    max_retries: int
    retry_jitter_factor: float
    retry_extra_codes: str | int | set[int] | None
    csrf_support_enabled: bool
    custom_headers: dict[str, str]
    server_version_check_enabled: bool
    metrics: ClientMetricsSettings


class CloudSettings(Shape):
    api_url: str
    enable_orchestration_telemetry: bool
    max_log_size: int
    ui_url: str | None


class DeploymentsSettings(Shape):
    default_work_pool_name: str | None
    default_docker_build_namespace: str | None


class EventsSettings(Shape):
    worker_max_queue_size: int


class ExperimentsSettings(Shape):
    warn: bool


class FlowsSettings(Shape):
    heartbeat_frequency: int | None
    default_retries: int
    default_retry_delay_seconds: int | float | list[float]


class InternalSettings(Shape):
    logging_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class LoggingToAPISettings(Shape):
    enabled: bool
    batch_interval: float
    batch_size: int
    max_log_size: int
    when_missing_flow: Literal["warn", "error", "ignore"]


class LoggingSettings(Shape):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    config_path: Path
    extra_loggers: str | list[str] | None
    log_prints: bool
    colors: bool
    markup: bool
    to_api: LoggingToAPISettings


class PluginsSettings(Shape):
    enabled: bool
    allow: set[str] | None
    deny: set[str] | None
    setup_timeout_seconds: float
    strict: bool
    safe_mode: bool


class ResultsSettings(Shape):
    default_serializer: str
    persist_by_default: bool
    default_storage_block: str | None
    local_storage_path: Path


class RunnerServerSettings(Shape):
    enable: bool
    host: str
    port: int
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    missed_polls_tolerance: int


class RunnerSettings(Shape):
    process_limit: int
    poll_frequency: int
    crash_on_cancellation_failure: bool
    auto_install_dependencies: bool
    server: RunnerServerSettings


class ServerAPISettings(Shape):
    auth_string: SecretStr | None
    host: str
    port: int
    base_path: str | None
    default_limit: int
    keepalive_timeout: int
    csrf_protection_enabled: bool
    csrf_token_expiration: timedelta
    cors_allowed_origins: str
    cors_allowed_methods: str
    cors_allowed_headers: str
    websocket_ping_interval: float
    websocket_ping_timeout: float
    max_parameter_size: int


class ServerConcurrencySettings(Shape):
    lease_storage: str
    initial_deployment_lease_duration: float
    maximum_concurrency_slot_wait_seconds: float


class SQLAlchemyTLSSettings(Shape):
    enabled: bool
    ca_file: str | None
    cert_file: str | None
    key_file: str | None
    check_hostname: bool


class SQLAlchemyConnectArgsSettings(Shape):
    application_name: str | None
    search_path: str | None
    statement_cache_size: int | None
    prepared_statement_cache_size: int | None
    tls: SQLAlchemyTLSSettings


class SQLAlchemySettings(Shape):
    connect_args: SQLAlchemyConnectArgsSettings
    pool_size: int
    pool_recycle: int
    pool_timeout: float | None
    max_overflow: int


class ServerDatabaseSettings(Shape):
    sqlalchemy: SQLAlchemySettings
    connection_url: SecretStr | None
    driver: Literal["postgresql+asyncpg", "sqlite+aiosqlite"] | None
    host: str | None
    port: int | None
    user: str | None
    name: str | None
    password: SecretStr | None
    echo: bool
    migrate_on_start: bool
    timeout: float | None
    connection_timeout: float | None
    migration_timeout: float | None


class ServerDeploymentsSettings(Shape):
    concurrency_slot_wait_seconds: float


class ServerDocketSettings(Shape):
    name: str
    url: str


class ServerEphemeralSettings(Shape):
    enabled: bool
    startup_timeout_seconds: int


class ServerEventsSettings(Shape):
    stream_out_enabled: bool
    related_resource_cache_ttl: timedelta
    maximum_labels_per_resource: int
    maximum_related_resources: int
    maximum_size_bytes: int
    expired_bucket_buffer: timedelta
    proactive_granularity: timedelta
    retention_period: timedelta
    maximum_websocket_backfill: timedelta
    websocket_backfill_page_size: int
    messaging_broker: str
    messaging_cache: str
    causal_ordering: str
    maximum_event_name_length: int


class ServerFlowRunGraphSettings(Shape):
    max_nodes: int
    max_artifacts: int


class ServerLogsSettings(Shape):
    stream_out_enabled: bool
    stream_publishing_enabled: bool


class ServerServicesCancellationCleanupSettings(Shape):
    enabled: bool
    loop_seconds: float
    cancelling_timeout_seconds: float


class ServerServicesDBVacuumSettings(Shape):
    enabled: set[str] | bool | None
    loop_seconds: float
    orphan_cleanup_loop_seconds: float
    retention_period: timedelta
    batch_size: int
    event_retention_overrides: dict[str, timedelta]


class ServerServicesEventPersisterSettings(Shape):
    enabled: bool
    batch_size: int
    read_batch_size: int
    flush_interval: float
    queue_max_size: int
    max_flush_retries: int


class ServerServicesEventLoggerSettings(Shape):
    enabled: bool


class ServerServicesForemanSettings(Shape):
    enabled: bool
    loop_seconds: float
    inactivity_heartbeat_multiple: int
    fallback_heartbeat_interval_seconds: int
    deployment_last_polled_timeout_seconds: int
    work_queue_last_polled_timeout_seconds: int


class ServerServicesLateRunsSettings(Shape):
    enabled: bool
    loop_seconds: float
    after_seconds: timedelta


class ServerServicesSchedulerSettings(Shape):
    enabled: bool
    loop_seconds: float
    deployment_batch_size: int
    max_runs: int
    min_runs: int
    max_scheduled_time: timedelta
    min_scheduled_time: timedelta
    insert_batch_size: int
    recent_deployments_loop_seconds: float


class ServerServicesPauseExpirationsSettings(Shape):
    enabled: bool
    loop_seconds: float


class ServerServicesRepossessorSettings(Shape):
    enabled: bool
    loop_seconds: float


class ServerServicesCleanupReconcilerSettings(Shape):
    enabled: bool
    loop_seconds: float
    batch_size: int


class ServerServicesTaskRunRecorderSettings(Shape):
    enabled: bool
    read_batch_size: int
    batch_size: int
    flush_interval: float


class ServerServicesTriggersSettings(Shape):
    enabled: bool
    read_batch_size: int
    pg_notify_reconnect_interval_seconds: int
    pg_notify_heartbeat_interval_seconds: int


class ServerServicesSettings(Shape):
    cancellation_cleanup: ServerServicesCancellationCleanupSettings
    db_vacuum: ServerServicesDBVacuumSettings
    event_persister: ServerServicesEventPersisterSettings
    event_logger: ServerServicesEventLoggerSettings
    foreman: ServerServicesForemanSettings
    late_runs: ServerServicesLateRunsSettings
    scheduler: ServerServicesSchedulerSettings
    pause_expirations: ServerServicesPauseExpirationsSettings
    repossessor: ServerServicesRepossessorSettings
    cleanup_reconciler: ServerServicesCleanupReconcilerSettings
    task_run_recorder: ServerServicesTaskRunRecorderSettings
    triggers: ServerServicesTriggersSettings


class ServerTasksSchedulingSettings(Shape):
    max_scheduled_queue_size: int
    max_retry_queue_size: int
    pending_task_timeout: timedelta


class ServerTasksSettings(Shape):
    tag_concurrency_slot_wait_seconds: float
    max_cache_key_length: int
    scheduling: ServerTasksSchedulingSettings


class ServerUISettings(Shape):
    enabled: bool
    v2_enabled: bool
    api_url: str | None
    serve_base: str
    static_directory: str | None
    show_promotional_content: bool


class ServerWorkerChannelSettings(Shape):
    cleanup_queue_storage: str
    cleanup_lease_seconds: float
    cleanup_max_delivery_attempts: int
    cleanup_completed_idempotency_retention_seconds: float | None


class ServerSettings(Shape):
    logging_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    analytics_enabled: bool
    metrics_enabled: bool
    log_retryable_errors: bool
    register_blocks_on_start: bool
    memoize_block_auto_registration: bool
    memo_store_path: Path
    deployment_schedule_max_scheduled_runs: int
    api: ServerAPISettings
    concurrency: ServerConcurrencySettings
    database: ServerDatabaseSettings
    deployments: ServerDeploymentsSettings
    docket: ServerDocketSettings
    ephemeral: ServerEphemeralSettings
    events: ServerEventsSettings
    flow_run_graph: ServerFlowRunGraphSettings
    logs: ServerLogsSettings
    services: ServerServicesSettings
    tasks: ServerTasksSettings
    ui: ServerUISettings
    worker_channel: ServerWorkerChannelSettings


class TasksRunnerSettings(Shape):
    thread_pool_max_workers: int | None
    process_pool_max_workers: int | None


class TasksSchedulingSettings(Shape):
    default_storage_block: str | None
    delete_failed_submissions: bool


class TasksSettings(Shape):
    refresh_cache: bool
    default_no_cache: bool
    disable_caching: bool
    default_retries: int
    default_retry_delay_seconds: str | int | float | list[float] | None
    default_persist_result: bool | None
    runner: TasksRunnerSettings
    scheduling: TasksSchedulingSettings


class TelemetrySettings(Shape):
    enable_resource_metrics: bool
    resource_metrics_interval_seconds: int


class TestingSettings(Shape):
    test_mode: bool
    unit_test_mode: bool
    unit_test_loop_debug: bool
    test_setting: Any | None


class WorkerWebserverSettings(Shape):
    host: str
    port: int


class WorkerSettings(Shape):
    debug_mode: bool
    heartbeat_seconds: float
    query_seconds: float
    prefetch_seconds: float
    enable_cancellation: bool
    cancellation_poll_seconds: float
    webserver: WorkerWebserverSettings


class Settings(Shape):
    home: Path
    profiles_path: Path
    debug_mode: bool
    api: APISettings
    cli: CLISettings
    client: ClientSettings
    cloud: CloudSettings
    deployments: DeploymentsSettings
    events: EventsSettings
    experiments: ExperimentsSettings
    flows: FlowsSettings
    internal: InternalSettings
    logging: LoggingSettings
    plugins: PluginsSettings
    results: ResultsSettings
    runner: RunnerSettings
    server: ServerSettings
    tasks: TasksSettings
    telemetry: TelemetrySettings
    testing: TestingSettings
    worker: WorkerSettings
    ui_url: str | None
    silence_api_url_misconfiguration: bool
