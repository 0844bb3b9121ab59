from orchestrator.statements.batches import asking_between_batches, pieces


def test_gives_all_rows_in_pieces():
    assert list(pieces([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(pieces([], 2)) == []


def test_gives_no_further_piece_to_whoever_may_not_go_on():
    answers = iter([True, False])

    with asking_between_batches(lambda: next(answers)):
        assert list(pieces([1, 2, 3, 4, 5], 1)) == [[1], [2]]
