"""The edge for partners: OAuth 2 and REST over the same door out as every other release."""
