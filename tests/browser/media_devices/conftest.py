from tests.browser.browser.conftest import browser, launch, page, site

__all__ = ["browser", "launch", "page", "site"]
