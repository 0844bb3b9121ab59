"""What type checkers see of `bodies.py`. `python -m tests.sdk.server_client.test_form_stubs` writes it."""

from typing import Any

from orchestrator.sdk.server_client.forms import Form

class DeploymentScheduleCreate(Form):
    schedule: Any
    active: Any
    max_scheduled_runs: Any
    parameters: Any
    slug: Any
    replaces: Any
    def __init__(
        self,
        *,
        schedule: Any = None,
        active: Any = None,
        max_scheduled_runs: Any = None,
        parameters: Any = None,
        slug: Any = None,
        replaces: Any = None,
    ) -> None: ...

class DeploymentScheduleUpdate(Form):
    schedule: Any
    active: Any
    max_scheduled_runs: Any
    parameters: Any
    slug: Any
    replaces: Any
    def __init__(
        self,
        *,
        schedule: Any = None,
        active: Any = None,
        max_scheduled_runs: Any = None,
        parameters: Any = None,
        slug: Any = None,
        replaces: Any = None,
    ) -> None: ...

class DeploymentUpdate(Form):
    version: Any
    version_info: Any
    description: Any
    parameters: Any
    paused: Any
    schedules: Any
    concurrency_limit: Any
    concurrency_options: Any
    tags: Any
    work_queue_name: Any
    work_pool_name: Any
    path: Any
    job_variables: Any
    entrypoint: Any
    storage_document_id: Any
    infrastructure_document_id: Any
    enforce_parameter_schema: Any
    parameter_openapi_schema: Any
    pull_steps: Any
    def __init__(
        self,
        *,
        version: Any = None,
        version_info: Any = None,
        description: Any = None,
        parameters: Any = None,
        paused: Any = None,
        schedules: Any = None,
        concurrency_limit: Any = None,
        concurrency_options: Any = None,
        tags: Any = None,
        work_queue_name: Any = None,
        work_pool_name: Any = None,
        path: Any = None,
        job_variables: Any = None,
        entrypoint: Any = None,
        storage_document_id: Any = None,
        infrastructure_document_id: Any = None,
        enforce_parameter_schema: Any = None,
        parameter_openapi_schema: Any = None,
        pull_steps: Any = None,
    ) -> None: ...

class WorkPoolCreate(Form):
    name: Any
    type: Any
    description: Any
    is_paused: Any
    base_job_template: Any
    concurrency_limit: Any
    def __init__(
        self,
        *,
        name: Any = None,
        type: Any = None,
        description: Any = None,
        is_paused: Any = None,
        base_job_template: Any = None,
        concurrency_limit: Any = None,
    ) -> None: ...

class WorkPoolUpdate(Form):
    description: Any
    is_paused: Any
    base_job_template: Any
    concurrency_limit: Any
    def __init__(
        self,
        *,
        description: Any = None,
        is_paused: Any = None,
        base_job_template: Any = None,
        concurrency_limit: Any = None,
    ) -> None: ...

class WorkQueueCreate(Form):
    name: Any
    description: Any
    is_paused: Any
    concurrency_limit: Any
    priority: Any
    def __init__(
        self,
        *,
        name: Any = None,
        description: Any = None,
        is_paused: Any = None,
        concurrency_limit: Any = None,
        priority: Any = None,
    ) -> None: ...

class WorkQueueUpdate(Form):
    name: Any
    description: Any
    is_paused: Any
    concurrency_limit: Any
    priority: Any
    def __init__(
        self,
        *,
        name: Any = None,
        description: Any = None,
        is_paused: Any = None,
        concurrency_limit: Any = None,
        priority: Any = None,
    ) -> None: ...

class VariableCreate(Form):
    name: Any
    value: Any
    tags: Any
    def __init__(self, *, name: Any = None, value: Any = None, tags: Any = None) -> None: ...

class VariableUpdate(Form):
    name: Any
    value: Any
    tags: Any
    def __init__(self, *, name: Any = None, value: Any = None, tags: Any = None) -> None: ...

class GlobalConcurrencyLimitCreate(Form):
    name: Any
    limit: Any
    active: Any
    active_slots: Any
    slot_decay_per_second: Any
    def __init__(
        self,
        *,
        name: Any = None,
        limit: Any = None,
        active: Any = None,
        active_slots: Any = None,
        slot_decay_per_second: Any = None,
    ) -> None: ...

class GlobalConcurrencyLimitUpdate(Form):
    name: Any
    limit: Any
    active: Any
    active_slots: Any
    slot_decay_per_second: Any
    def __init__(
        self,
        *,
        name: Any = None,
        limit: Any = None,
        active: Any = None,
        active_slots: Any = None,
        slot_decay_per_second: Any = None,
    ) -> None: ...

class LogCreate(Form):
    name: Any
    level: Any
    message: Any
    timestamp: Any
    flow_run_id: Any
    task_run_id: Any
    def __init__(
        self,
        *,
        name: Any = None,
        level: Any = None,
        message: Any = None,
        timestamp: Any = None,
        flow_run_id: Any = None,
        task_run_id: Any = None,
    ) -> None: ...

class ArtifactCreate(Form):
    key: Any
    type: Any
    description: Any
    data: Any
    metadata_: Any
    flow_run_id: Any
    task_run_id: Any
    def __init__(
        self,
        *,
        key: Any = None,
        type: Any = None,
        description: Any = None,
        data: Any = None,
        metadata_: Any = None,
        flow_run_id: Any = None,
        task_run_id: Any = None,
    ) -> None: ...

class ArtifactUpdate(Form):
    data: Any
    description: Any
    metadata_: Any
    def __init__(self, *, data: Any = None, description: Any = None, metadata_: Any = None) -> None: ...
