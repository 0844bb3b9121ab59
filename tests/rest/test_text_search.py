import pytest

from orchestrator.rest.text_search import TextQuery


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("red blue", "a blue door", True),  # one of the words is enough
        ("red blue", "a green door", False),
        ("RED", "tired", True),  # parts of words, whatever the case
        ("+red +door", "red door", True),
        ("+red +door", "red wall", False),  # each `+` must be there
        ("red -door", "red door", False),
        ("red !door", "red wall", True),
        ('"red door"', "red old door", False),  # a phrase keeps together
        ('-"red door" wall', "red wall", True),
        ("", "anything", True),
        ("- red", "a red door", True),  # a sign before nothing is none
        ("- red", "a blue door", False),
        ('"red - door"', "red - door", True),
        ('"red', "a red door", True),  # a phrase without an end
        ('"red door', "red old door", False),
        (r'"a \"red\" door"', 'a "red" door', True),
        ('red"blue door"', "a blue door", True),  # a quote ends the word before it
    ],
)
def test_finds_what_the_words_ask_for(query, text, found):
    assert TextQuery.parse(query).matches(text) is found
