from __future__ import annotations

import asyncio
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from agents.browser.errors import LoadFailure, PageLoadError
from agents.browser.page import ChromiumPage
from tests.browser.browser.conftest import until
from tests.browser.browser.site import Site, after, never, never_ending, running_site

pytestmark = pytest.mark.browser


async def text_is(page: ChromiumPage, text: str) -> bool:
    return await page.text() == text


async def failure_of(page: ChromiumPage, url: str, *, timeout_s: float = 10.0) -> PageLoadError:
    with pytest.raises(PageLoadError) as caught:
        await page.open(url, timeout_s=timeout_s)
    return caught.value


async def test_returns_when_the_document_is_there(page: ChromiumPage, site: Site) -> None:
    await page.open(site.page("/", "<title>here</title><p>text"))
    assert await page.evaluate("() => [document.title, document.readyState !== 'loading']") == ["here", True]
    assert await page.url() == f"{site.url}/"


async def test_a_picture_that_never_comes_holds_nothing_up(page: ChromiumPage, site: Site) -> None:
    site.handle("/slow.png", never)
    await page.open(site.page("/", "<img src=/slow.png>"), timeout_s=5)


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_an_http_error_is_a_failure_with_its_status(page: ChromiumPage, site: Site, status: int) -> None:
    error = await failure_of(page, site.page("/x", "<p>no", status=f"{status} Oh"))
    assert (error.kind, error.status) == (LoadFailure.HTTP, status)


async def test_a_question_for_a_password_is_an_http_error(page: ChromiumPage, site: Site) -> None:
    url = site.page("/x", "<p>who are you", status="401 No", headers='WWW-Authenticate: Basic realm="x"\r\n')
    error = await failure_of(page, url)
    assert (error.kind, error.status) == (LoadFailure.HTTP, 401)


async def test_an_http_error_without_a_body_is_the_same(page: ChromiumPage, site: Site) -> None:
    error = await failure_of(page, site.page("/x", "", status="502 Bad"))
    assert (error.kind, error.status) == (LoadFailure.HTTP, 502)


async def test_an_unknown_host_is_a_dns_failure(page: ChromiumPage) -> None:
    assert (await failure_of(page, "http://nobody.invalid/")).kind == LoadFailure.DNS


async def test_a_closed_port_is_refused(page: ChromiumPage, unused_tcp_port: int) -> None:
    assert (await failure_of(page, f"http://127.0.0.1:{unused_tcp_port}/")).kind == LoadFailure.REFUSED


async def test_an_answer_that_is_no_tls_is_a_tls_failure(page: ChromiumPage, site: Site) -> None:
    error = await failure_of(page, site.url.replace("http://", "https://"))
    assert error.kind == LoadFailure.TLS


async def test_a_certificate_that_nobody_signed_is_a_tls_failure(page: ChromiumPage, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout {key} -out {certificate}"
    await asyncio.to_thread(lambda: subprocess.run(command.split(), check=True, capture_output=True))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with running_site(context) as site:
        assert (await failure_of(page, f"https://localhost:{site.port}/")).kind == LoadFailure.TLS


async def test_headers_that_come_late_do_not_outlast_the_deadline(page: ChromiumPage, site: Site) -> None:
    site.page("/now", "<p>now")
    site.handle("/late", after(20, site.pages["/now"]))
    began = time.monotonic()
    error = await failure_of(page, f"{site.url}/late", timeout_s=0.5)
    assert error.kind == LoadFailure.TIMEOUT
    assert time.monotonic() - began < 2
    await page.open(f"{site.url}/now")
    assert await page.text() == "now"


async def test_a_document_that_never_ends_is_a_timeout(page: ChromiumPage, site: Site) -> None:
    error = await failure_of(page, site.handle("/", never_ending), timeout_s=1)
    assert error.kind == LoadFailure.TIMEOUT


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "chrome://version", "javascript:alert(1)", "data:text/html,x", "ftp://h/", "http://", "http://[", "x"],
)
async def test_only_http_is_opened(page: ChromiumPage, url: str) -> None:
    assert (await failure_of(page, url)).kind == LoadFailure.NOT_ALLOWED


@pytest.mark.parametrize("target", ["file:///etc/passwd", "chrome://version", "zoommtg://x"])
async def test_a_redirect_to_something_else_is_refused(page: ChromiumPage, site: Site, target: str) -> None:
    error = await failure_of(page, site.page("/", "", status="302 Found", headers=f"Location: {target}\r\n"))
    assert error.kind in {LoadFailure.NOT_ALLOWED, LoadFailure.NO_DOCUMENT}


async def test_a_page_cannot_take_us_to_a_file(page: ChromiumPage, site: Site) -> None:
    url = site.page("/", "<script>location.href = 'file:///etc/passwd'; open('file:///etc/passwd')</script><p>still here")
    await page.open(url)
    assert await page.evaluate("() => location.protocol") == "http:"
    assert "root:" not in await page.text()


async def test_a_download_is_no_document(page: ChromiumPage, site: Site) -> None:
    error = await failure_of(page, site.page("/f", "data", content_type="application/octet-stream"))
    assert error.kind == LoadFailure.NO_DOCUMENT


async def test_an_empty_answer_is_no_document(page: ChromiumPage, site: Site) -> None:
    assert (await failure_of(page, site.page("/", "", status="204 No Content"))).kind == LoadFailure.NO_DOCUMENT


async def test_a_page_that_sends_us_on_is_open_when_the_next_one_is_there(page: ChromiumPage, site: Site) -> None:
    site.page("/next", "<p>arrived")
    await page.open(site.page("/", "<script>location.replace('/next')</script>"))
    await until(lambda: text_is(page, "arrived"))


async def test_another_part_of_the_same_page_opens_at_once(page: ChromiumPage, site: Site) -> None:
    url = site.page("/", "<p id=a>a")
    await page.open(url)
    await page.open(f"{url}#a", timeout_s=2)
    assert await page.evaluate("() => location.hash") == "#a"


async def test_the_same_page_opens_again(page: ChromiumPage, site: Site) -> None:
    url = site.page("/", "<p>a")
    for _ in range(5):
        await page.open(url, timeout_s=5)
    assert site.asked.count("/") == 5


async def test_an_error_does_not_tell_the_passcode(page: ChromiumPage, site: Site) -> None:
    error = await failure_of(page, f"http://user:word@127.0.0.1:{site.port}/j/123?pwd=secret#token=secret")
    assert str(error) == f"{site.url}/j/123: http 404"
