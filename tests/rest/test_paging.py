import pytest

from orchestrator.rest.errors import Unprocessable
from orchestrator.rest.paging import checked_limit, paged
from runs.models import Flow
from tests.factories import make_flow


@pytest.mark.parametrize(("limit", "size"), [(None, 200), (0, 0), (1, 1), (200, 200)])
def test_takes_limits_up_to_two_hundred(limit, size):
    assert checked_limit(limit) == size


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (201, "Invalid limit: must be less than or equal to 200."),
        (-1, "Invalid limit: must be greater than or equal to 0."),
    ],
)
def test_refuses_other_limits_in_the_words_that_clients_look_for(limit, text):
    with pytest.raises(Unprocessable, match=text):
        checked_limit(limit)


@pytest.mark.parametrize(
    ("limit", "page", "names", "pages"),
    [
        (2, 1, ["a", "b"], 3),
        (2, 3, ["e"], 3),  # five rows are two full pages and a last one
        (5, 1, ["a", "b", "c", "d", "e"], 1),
        (2, 9, [], 3),
        (0, 1, [], 0),
    ],
)
def test_cuts_a_list_into_pages(db, limit, page, names, pages):
    for name in "abcde":
        make_flow(name)
    rows = Flow.objects.order_by("name")

    answer = paged(rows, limit=limit, page=page, count=5, answer=lambda part: [flow.name for flow in part])

    assert answer == {"results": names, "count": 5, "limit": limit, "pages": pages, "page": page}


def test_takes_null_for_absence(api):
    make_flow("a")

    assert len(api.post("/flows/filter", {"limit": None, "offset": None, "flows": None, "sort": None}).json()) == 1
    assert api.post("/flows/paginate", {"limit": None, "page": None}).json()["page"] == 1
