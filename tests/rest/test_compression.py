import gzip
import json

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from orchestrator.rest.compression import LEAST_BYTES, CompressedAnswers

LARGE = json.dumps([{"name": f"run-{number}"} for number in range(2_000)]).encode()


def answered(response=None, path="/api/flows/filter", accepts="gzip, deflate"):
    response = HttpResponse(LARGE, "application/json") if response is None else response
    return CompressedAnswers(lambda _: response)(RequestFactory().get(path, headers={"accept-encoding": accepts}))


@pytest.mark.parametrize(
    "accepts", ["gzip", "gzip, deflate, br", "deflate;q=0.5, gzip;q=1.0", "GZip", "*", "br,gzip;q=0.1"]
)
def test_compresses_a_large_answer_for_who_can_read_it(accepts):
    response = answered(accepts=accepts)

    assert response["Content-Encoding"] == "gzip"
    assert int(response["Content-Length"]) == len(response.content) < len(LARGE) / 5
    assert gzip.decompress(response.content) == LARGE
    assert "Accept-Encoding" in response["Vary"]


@pytest.mark.parametrize("accepts", ["", "br", "gzip;q=0", "gzip;q=0.0, br", "xgzip"])
def test_leaves_it_to_others_as_it_is(accepts):
    response = answered(accepts=accepts)

    assert response.content == LARGE
    assert "Accept-Encoding" in response["Vary"]


def test_leaves_small_answers_alone():
    assert "Content-Encoding" not in answered(HttpResponse(b"x" * (LEAST_BYTES - 1)))


def test_compresses_a_page():
    page = HttpResponse(b"<p>Runs</p>" * 500)

    response = answered(page, path="/runs/")

    assert gzip.decompress(response.content) == b"<p>Runs</p>" * 500
    assert int(response["Content-Length"]) == len(response.content) < 1_000


def test_blurs_the_length_of_a_page():
    lengths = {len(answered(HttpResponse(b"<p>Runs</p>" * 500), path="/runs/").content) for _ in range(20)}

    assert len(lengths) > 1


@pytest.mark.parametrize("response", [HttpResponse(b"short"), HttpResponse(LARGE, "image/png")])
def test_leaves_small_pages_and_files_alone(response):
    assert "Content-Encoding" not in answered(response, path="/runs/")


def test_leaves_downloads_alone():
    assert "Content-Encoding" not in answered(StreamingHttpResponse(iter([LARGE])))
