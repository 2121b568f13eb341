"""Secrets are taken out of texts, whoever wrote them, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.core.errors import BandDownloadError
from firstlight.core.text import at_home, hide_secrets, public_url, redact, remember_secret

SECRET = "Xs3cr3t-99"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://a.example/x.tif?sig={SECRET}&se=2030 failed",
        f"see https://a.example/x.tif?whatever={SECRET}: HTTP 403.",
        f"(https://a.example/x#{SECRET})",
        f"https://me:{SECRET}@a.example/x",
        f"proxy http://me:{SECRET}@proxy.example:3128 refused",
        f"s3://me:{SECRET}@bucket/x",
        f"/vsicurl/https://a.example/x.tif?token={SECRET} not recognized",
        "HTTPSConnectionPool(host='a.example', port=443): Max retries exceeded with url: "
        f"/x.tif?X-Amz-Signature={SECRET} (Caused by NewConnectionError('refused'))",
        f"{{'Authorization': 'Bearer {SECRET}', 'Accept': '*/*'}}",
        f"Authorization: Basic {SECRET}",
        f"Ocp-Apim-Subscription-Key: {SECRET}",
        f"Set-Cookie: session={SECRET}; Path=/",
        f"grant_type=password&username=a&password={SECRET}",
        f"refresh_token={SECRET}",
        f"the parameter access_token={SECRET} is wrong",
        f"AWS_SECRET={SECRET}",
        f"api-key={SECRET} apikey={SECRET} subscription-key={SECRET}",
    ],
)
def test_secrets_of_every_form_are_taken_out(text: str) -> None:
    assert SECRET not in redact(text)
    error = BandDownloadError(f"What {text}", f"because {text}", f"Do {text}")
    assert SECRET not in f"{error} {error.args} {error!r}"


@pytest.mark.parametrize(
    "text",
    [
        "Band download failed for 'nir' from https://a.example/x.tif: HTTP 404.",
        "The setting 'bands': give FIRSTLIGHT_BANDS=blue,nir",
        "Basic statistics: mean = 3.0; the token is short-lived",
        "NAME=PATH[#BAND], a?b, ratio nir/red: 3",
        "https://a.example/odata/v1/Products(1)/Nodes(B02.jp2)/$value",
        "C:\\data\\x.tif: error 5; secrets are secret",
        "tcp://host:8786",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_what_belongs_to_the_sentence_stays() -> None:
    given = redact(
        "Reading https://me:pw@a.example/x.tif?sig=1: HTTP 403. See https://b.example/?q."
    )
    assert given == "Reading https://a.example/x.tif: HTTP 403. See https://b.example/."


def test_a_secret_that_is_known_is_found_anywhere() -> None:
    remember_secret("correct horse/9")
    assert hide_secrets("no password like correct horse/9!") == "no password like …!"
    assert "correct" not in redact("body: correct%20horse%2F9")
    remember_secret("the")  # too short to be one
    assert redact("the map") == "the map"


@pytest.mark.parametrize("url", ["http://[::1/x?sig=1", "https://a:b@[::1/x?sig=1"])
def test_an_address_that_is_none_is_public_without_its_query(url: str) -> None:
    assert "sig" not in public_url(url)


def test_a_home_that_nobody_can_have_stays_as_it_is() -> None:
    assert str(at_home("~\x00/x")) == "~\x00/x"
    assert at_home("~") != Path("~")
