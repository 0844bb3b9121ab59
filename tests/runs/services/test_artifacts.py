from uuid import uuid4

import pytest

from orchestrator.events.models import Event
from runs.errors import ArtifactNotFound
from runs.models import Artifact, ArtifactCollection
from runs.services.artifacts import create_artifact, delete_artifact, delete_artifacts, latest_of, record_result

pytestmark = pytest.mark.django_db


def made(**columns):
    return create_artifact(columns=columns)


def test_makes_one_of_two_that_came_at_the_same_moment(monkeypatch):
    stored = made(id=uuid4(), data=1)
    monkeypatch.setattr("django.db.models.query.QuerySet.first", lambda self: None)  # it was not there a moment ago

    assert made(id=stored.pk, data=1) == stored

    assert Artifact.objects.count() == 1


def test_deletes_many_and_falls_back_to_what_is_left():
    kept = made(key="a", data=1)
    gone = [made(key="a", data=2), made(key="a", data=3), made(key="b"), made()]

    assert delete_artifacts(artifact_ids=[artifact.pk for artifact in gone]) == 4
    assert delete_artifacts(artifact_ids=[artifact.pk for artifact in gone]) == 0

    assert [artifact.pk for artifact in Artifact.objects.all()] == [kept.pk]
    (collection,) = ArtifactCollection.objects.all()
    assert (collection.key, collection.latest_id, collection.data) == ("a", kept.pk, 1)


def test_leaves_a_collection_alone_when_an_older_version_goes():
    first, second = made(key="a"), made(key="a")
    events = Event.objects.count()

    delete_artifact(artifact_id=first.pk)

    assert ArtifactCollection.objects.get().latest_id == second.pk
    assert Event.objects.count() == events


def test_says_that_there_is_nothing_to_delete():
    with pytest.raises(ArtifactNotFound):
        delete_artifact(artifact_id=uuid4())


def test_tells_versions_from_the_latest():
    first, second, unnamed = made(key="a"), made(key="a"), made()

    assert latest_of([first, second, unnamed]) == {second.pk, unnamed.pk}


def test_asks_the_database_nothing_for_a_state_without_a_result(django_assert_num_queries):
    with django_assert_num_queries(0):
        record_result(data=None, flow_run_id=uuid4(), task_run_id=None)


def test_keeps_a_result_with_one_statement(django_assert_max_num_queries):
    with django_assert_max_num_queries(3):  # the statement, and the bounds of its transaction
        record_result(data={"storage_key": "x"}, flow_run_id=uuid4(), task_run_id=None)

    assert Artifact.objects.get().data == {"storage_key": "x"}
