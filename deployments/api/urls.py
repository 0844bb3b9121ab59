"""Every address about deployments, pools, queues, workers and claims, below /api/."""

from django.urls import path

from deployments.api import claims, deployments, errors, work_pools, work_queues, workers
from deployments.api.answers import deployment_answers, work_pool_answers, work_queue_answers
from deployments.api.filters import DEPLOYMENTS, WORK_POOLS, WORK_QUEUES
from orchestrator.rest.lists import count_view, filter_view, page_view

errors.register()

urlpatterns = [
    path("deployments", deployments.Deployments.as_view()),
    path("deployments/filter", filter_view(DEPLOYMENTS, deployment_answers)),
    path("deployments/count", count_view(DEPLOYMENTS)),
    path("deployments/paginate", page_view(DEPLOYMENTS, deployment_answers)),
    path("deployments/get_scheduled_flow_runs", deployments.RunsForRunner.as_view()),
    path("deployments/name/<str:flow_name>/<str:name>", deployments.DeploymentByName.as_view()),
    path("deployments/<id:deployment_id>", deployments.DeploymentById.as_view()),
    path("deployments/<id:deployment_id>/create_flow_run", deployments.DeploymentRuns.as_view()),
    path("deployments/<id:deployment_id>/pause_deployment", deployments.PauseDeployment.as_view()),
    path("deployments/<id:deployment_id>/resume_deployment", deployments.ResumeDeployment.as_view()),
    path("deployments/<id:deployment_id>/schedules", deployments.DeploymentSchedules.as_view()),
    #
    path("work_pools", work_pools.WorkPools.as_view()),
    path("work_pools/filter", filter_view(WORK_POOLS, work_pool_answers)),
    path("work_pools/count", count_view(WORK_POOLS)),
    path("work_pools/<str:name>", work_pools.WorkPoolByName.as_view()),
    path("work_pools/<str:name>/get_scheduled_flow_runs", work_pools.RunsForWorker.as_view()),
    #
    path("work_pools/<str:pool_name>/queues", work_queues.PoolQueues.as_view()),
    path("work_pools/<str:pool_name>/queues/filter", work_queues.PoolQueueSearch.as_view()),
    path("work_pools/<str:pool_name>/queues/<str:name>", work_queues.PoolQueueByName.as_view()),
    path("work_queues/filter", filter_view(WORK_QUEUES, work_queue_answers)),
    path("work_queues/<id:queue_id>", work_queues.QueueById.as_view()),
    #
    path("work_pools/<str:pool_name>/workers/heartbeat", workers.Heartbeats.as_view()),
    path("work_pools/<str:pool_name>/workers/filter", workers.WorkerSearch.as_view()),
    path("work_pools/<str:pool_name>/workers/<str:name>", workers.WorkerByName.as_view()),
    #
    path("work_pools/<str:pool_name>/claims", claims.Claims.as_view()),
    path("work_pools/<str:pool_name>/claims/lost", claims.LostRuns.as_view()),
    path("claims/<id:claim_id>/renew", claims.RenewedClaim.as_view()),
    path("claims/<id:claim_id>/release", claims.ReleasedClaim.as_view()),
]
