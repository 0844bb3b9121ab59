from uuid import uuid4

CONDITION = {"object": "flow_run", "property": "name", "type": "text", "operation": "equals", "value": ["a", 1]}


def test_saves_a_search_under_its_name(api):
    first = api.put("/saved_searches/", {"name": "mine", "filters": [CONDITION]})
    second = api.put("/saved_searches/", {"name": "mine", "filters": []})

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["filters"] == [CONDITION]
    assert (second.json()["id"], second.json()["filters"]) == (first.json()["id"], [])
    assert api.get(f"/saved_searches/{first.json()['id']}").json()["filters"] == []


def test_refuses_half_a_condition(api):
    assert api.put("/saved_searches/", {"name": "mine", "filters": [{"object": "flow_run"}]}).status_code == 422
    assert api.put("/saved_searches/", {"filters": []}).status_code == 422


def test_lists_by_name(api):
    for name in ("b", "a", "c"):
        api.put("/saved_searches/", {"name": name})

    def names(**asked):
        return [search["name"] for search in api.post("/saved_searches/filter", asked).json()]

    assert names() == ["a", "b", "c"]
    assert names(limit=1, offset=1) == ["b"]
    assert api.post("/saved_searches/filter", {"limit": 201}).status_code == 422


def test_deletes_once(api):
    address = f"/saved_searches/{api.put('/saved_searches/', {'name': 'mine'}).json()['id']}"

    assert api.delete(address).status_code == 204
    for response in (api.delete(address), api.get(address), api.get(f"/saved_searches/{uuid4()}")):
        assert (response.status_code, response.json()) == (404, {"detail": "Saved search not found"})
