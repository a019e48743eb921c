"""Asks a bookmaker; the payload is called raw_response here too."""

import logging
from dataclasses import dataclass

logger = logging.getLogger(__name__)


@dataclass
class HttpResult:
    status: int
    raw_response: dict


def fetch(http, url) -> HttpResult:
    raw_response = http.get(url).json()  # a local variable of that name
    logger.info("raw_response of %s has %d keys", url, len(raw_response))
    return HttpResult(status=200, raw_response=raw_response)


def markets(result: HttpResult) -> list:
    return result.raw_response["markets"]
