"""Every address about deployments, pools, queues, workers and claims, below /api/."""

from django.urls import path

from deployments.api import (
    claims,
    deployment_runs,
    deployments,
    errors,
    plans,
    schedules,
    ui,
    versions,
    why,
    work_pools,
    work_queues,
    workers,
)
from deployments.api.answers import deployment_answers
from deployments.api.deployment_shapes import DeploymentResponse
from deployments.api.filters import DEPLOYMENTS
from orchestrator.rest.lists import count_view, filter_view, page_view

errors.register()

urlpatterns = [
    path("deployments", deployments.Deployments.as_view()),
    path("deployments/filter", filter_view(DEPLOYMENTS, deployment_answers, DeploymentResponse)),
    path("deployments/count", count_view(DEPLOYMENTS)),
    path("deployments/paginate", page_view(DEPLOYMENTS, deployment_answers, DeploymentResponse)),
    path("deployments/apply", plans.DeploymentsApplied.as_view()),
    path("deployments/bulk_delete", deployments.BulkDeleteDeployments.as_view()),
    path("deployments/get_scheduled_flow_runs", deployments.RunsForRunner.as_view()),
    path("deployments/name/<str:flow_name>/<str:name>", deployments.DeploymentByName.as_view()),
    path("deployments/<id:deployment_id>", deployments.DeploymentById.as_view()),
    path("deployments/<id:deployment_id>/create_flow_run", deployment_runs.DeploymentRuns.as_view()),
    path("deployments/<id:deployment_id>/create_flow_run/bulk", deployment_runs.ManyDeploymentRuns.as_view()),
    path("deployments/<id:deployment_id>/pause_deployment", deployments.PauseDeployment.as_view()),
    path("deployments/<id:deployment_id>/resume_deployment", deployments.ResumeDeployment.as_view()),
    path("deployments/<id:deployment_id>/work_queue_check", deployments.QueuesForDeployment.as_view()),
    path("deployments/<id:deployment_id>/versions", versions.DeploymentVersions.as_view()),
    path("deployments/<id:deployment_id>/versions/<int:number>", versions.DeploymentVersionByNumber.as_view()),
    path("deployments/<id:deployment_id>/versions/<int:number>/restore", versions.RestoredVersion.as_view()),
    path("deployments/<id:deployment_id>/schedule", schedules.PlannedRuns.as_view()),
    path("deployments/<id:deployment_id>/schedules", schedules.DeploymentSchedules.as_view()),
    path("deployments/<id:deployment_id>/schedules/<id:schedule_id>", schedules.DeploymentScheduleById.as_view()),
    path("flow_runs/<id:flow_run_id>/why", why.WhyFlowRun.as_view()),
    path("task_runs/<id:task_run_id>/why", why.WhyTaskRun.as_view()),
    path("deployments/<id:deployment_id>/why", why.WhyDeployment.as_view()),
    #
    path("ui/flows/count-deployments", ui.DeploymentsOfFlows.as_view()),
    path("ui/flows/next-runs", ui.NextRunsOfFlows.as_view()),
    #
    path("work_pools", work_pools.WorkPools.as_view()),
    path("work_pools/filter", work_pools.WorkPoolSearch.as_view()),
    path("work_pools/count", work_pools.WorkPoolCount.as_view()),
    path("work_pools/<str:name>", work_pools.WorkPoolByName.as_view()),
    path("work_pools/<str:name>/concurrency_status", work_pools.WorkPoolSlots.as_view()),
    path("work_pools/<str:name>/get_scheduled_flow_runs", work_pools.RunsForWorker.as_view()),
    #
    path("work_pools/<str:pool_name>/queues", work_queues.PoolQueues.as_view()),
    path("work_pools/<str:pool_name>/queues/filter", work_queues.PoolQueueSearch.as_view()),
    path("work_pools/<str:pool_name>/queues/<str:name>", work_queues.PoolQueueByName.as_view()),
    #
    path("work_queues", work_queues.Queues.as_view()),
    path("work_queues/filter", work_queues.QueueSearchEverywhere.as_view()),
    path("work_queues/name/<str:name>", work_queues.QueueByName.as_view()),
    path("work_queues/<id:queue_id>", work_queues.QueueById.as_view()),
    path("work_queues/<id:queue_id>/get_runs", work_queues.QueueRuns.as_view()),
    path("work_queues/<id:queue_id>/status", work_queues.QueueStatus.as_view()),
    path("work_queues/<id:queue_id>/concurrency_status", work_queues.QueueSlots.as_view()),
    #
    path("work_pools/<str:pool_name>/workers/heartbeat", workers.Heartbeats.as_view()),
    path("work_pools/<str:pool_name>/workers/filter", workers.Workers.as_view()),
    path("work_pools/<str:pool_name>/workers/<str:name>", workers.WorkerByName.as_view()),
    #
    path("work_pools/<str:pool_name>/claims", claims.Claims.as_view()),
    path("work_pools/<str:pool_name>/claims/held", claims.ClaimsOfWorker.as_view()),
    path("work_pools/<str:pool_name>/claims/lost", claims.LostRuns.as_view()),
    path("claims/<id:claim_id>", claims.ClaimById.as_view()),
    path("claims/<id:claim_id>/renew", claims.RenewedClaim.as_view()),
    path("claims/<id:claim_id>/release", claims.ReleasedClaim.as_view()),
]
