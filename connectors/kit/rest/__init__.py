"""REST over httpx: one client, declared sources, four paginations. Refuses redirects, endless answers, loops."""

from connectors.kit.errors import PartnerRefusedError
from connectors.kit.rest.authentication import (
    Anonymous,
    ApiKey,
    ClientCertificate,
    ClientCredentials,
    SignIn,
    sign_in,
)
from connectors.kit.rest.client import Answer, Fetched, RestClient

__all__ = [
    "Anonymous",
    "Answer",
    "ApiKey",
    "ClientCertificate",
    "ClientCredentials",
    "Fetched",
    "PartnerRefusedError",
    "RestClient",
    "SignIn",
    "sign_in",
]
