"""The seal; importable by gateway.consent.decide only (contract `only-consent-seals`).

It stops habit, not malice: a wrong import breaks the build.
"""

SEAL = object()
