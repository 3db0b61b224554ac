"""A page as a PDF with tags, title and language (PDF/UA-1), so that a screen reader reads it as it stands."""

import logging

from grader.errors import UsageError


def as_pdf(html: str) -> bytes:
    """Nothing is fetched, whatever the page names. Raises UsageError where the system's text libraries are missing."""
    try:
        from weasyprint import HTML  # noqa: PLC0415 - it loads Pango, which not every machine has
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as error:
        raise UsageError(
            f"PDFs need Pango, which is not installed here ({str(error).splitlines()[0]}). On Debian: "
            "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core."
        ) from None
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    written = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=())).write_pdf(pdf_variant="pdf/ua-1")
    return bytes(written or b"")
