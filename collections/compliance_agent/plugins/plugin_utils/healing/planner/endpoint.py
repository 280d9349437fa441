# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a model over an OpenAI-compatible endpoint: the one file of the planner with a network.

It gets a `Prompt`, so nothing but that text and the key of the endpoint can leave. The address must
be TLS unless it is this machine; redirects are not followed, for they could lead elsewhere or to
plain text. Servers differ in what they understand: ``json_schema`` is tried first, then
``json_object``, then no format at all, and what worked is remembered. Whatever a server promises,
`answer.read_answer` decides.

The package ``openai`` is imported when an endpoint is made: it belongs to the extra ``l2``.
"""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import ComplianceError
from ...secret_file import SecretFile
from .model import EndpointFailed, Reply
from .prompt import Prompt

FORMATS = ("json_schema", "json_object", "plain")
# llama-cpp-python answers 500 to a format that it does not know; others say what it is: a bad
# request (measured, llama_cpp.server 0.3).
_FORMAT_REFUSED = frozenset({400, 415, 422, 500, 501})
_PASSING = frozenset({500, 502, 503, 504})
_RETRIES = 1
# The longest right answer has 300 tokens.
ANSWER_TOKENS_MAX = 600
BODY_BYTES_MAX = 256 * 1024


class EndpointUnusable(ComplianceError):
    """The settings of an endpoint, its key or the package that it needs are not usable."""

    code = "l2_endpoint_unusable"


class EndpointSettings(BaseModel):
    """Where the model is. The key is given by the path of its file, mode 0600."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    base_url: str
    model: Annotated[str, Field(min_length=1, max_length=128)]
    api_key_file: Path | None = None
    ca_file: Path | None = None  # what signed the certificate of a server of the site
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    # Some models take no temperature, and call the limit max_completion_tokens.
    sends_temperature: bool = True
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: list[_Choice]


@dataclass(frozen=True, slots=True)
class _Answered:
    """How a request in its thread ended: with a reply, or with why there is none."""

    reply: Reply | None
    reason: str


class OpenAiEndpoint:
    """A model behind an address. One object serves a run, and remembers the format that worked."""

    def __init__(self, settings: EndpointSettings) -> None:
        """Read the key and load ``openai``; raises EndpointUnusable. Nothing is sent yet."""
        refuse_unsafe_url(settings.base_url)
        self._settings = settings
        self._openai = _load_openai()
        self._client = self._make_client()
        self._format = 0

    @property
    def model(self) -> str:
        """Return the name of the model."""
        return self._settings.model

    @property
    def temperature_thousandths(self) -> int | None:
        """Return 0, or None where none is sent."""
        return 0 if self._settings.sends_temperature else None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, prompt: Prompt) -> Reply:
        """Return the answer to *prompt*, after twice the timeout at the latest.

        Raises EndpointFailed. The clock runs outside of the request: resolving a name has no
        timeout of its own, and neither has a server that sends a byte now and then.
        """
        ended: list[_Answered] = []
        thread = threading.Thread(target=lambda: ended.append(self._try(prompt)), daemon=True)
        thread.start()
        thread.join(2 * self._settings.timeout_seconds)
        if not ended:
            raise EndpointFailed("timeout", remedy="Look at the load of the model's server.")
        if ended[0].reply is None:
            raise EndpointFailed(ended[0].reason)
        return ended[0].reply

    def _try(self, prompt: Prompt) -> _Answered:
        try:
            return _Answered(self._negotiate(prompt), "")
        except EndpointFailed as error:
            return _Answered(None, error.reason)
        except Exception:  # noqa: BLE001 - foreign code in a thread: however it ends, a person decides
            return _Answered(None, "broken_off")

    def _negotiate(self, prompt: Prompt) -> Reply:
        openai, retries, requests, level = self._openai, _RETRIES, 0, self._format
        while True:
            requests += 1
            try:
                text = self._request(prompt, FORMATS[level])
            except openai.APITimeoutError:
                # Never again blindly: it may still be working on the first one.
                raise EndpointFailed("timeout") from None
            except openai.APIConnectionError:
                if not retries:
                    raise EndpointFailed("no_connection") from None
                retries -= 1
            except openai.APIStatusError as error:
                status = error.status_code
                if status in _FORMAT_REFUSED and level + 1 < len(FORMATS):
                    level += 1
                elif status in _PASSING and retries:
                    retries -= 1
                else:
                    raise EndpointFailed(f"http_{status}") from None
            else:
                # Only what worked is remembered: a server that breaks refuses all of them.
                self._format = level
                return Reply(text, FORMATS[level], requests)

    def _request(self, prompt: Prompt, name: str) -> str:
        settings = self._settings
        options: dict[str, Any] = {settings.limit_name: ANSWER_TOKENS_MAX}
        if settings.sends_temperature:
            options["temperature"] = 0
        if response_format := _response_format(name, prompt):
            options["response_format"] = response_format
        create: Callable[..., Any] = self._client.chat.completions.with_streaming_response.create
        messages = [
            {"role": "system", "content": prompt.rules},
            {"role": "user", "content": prompt.data},
        ]
        with create(model=settings.model, messages=messages, **options) as response:
            kind = str(response.headers.get("content-type", "")).lower()
            if not kind.startswith("application/json"):
                raise EndpointFailed("not_json")
            return _text_of(_read_body(response))

    def _make_client(self) -> Any:
        settings, is_local = self._settings, self._settings.base_url.startswith("http:")
        try:
            context = ssl.create_default_context(cafile=settings.ca_file)
        except OSError as error:
            raise EndpointUnusable(
                f"ca_file {settings.ca_file} cannot be used", value=error.strerror
            ) from error
        http = self._openai.DefaultHttpxClient(
            verify=context,
            follow_redirects=False,
            # A proxy would read what goes to this machine without TLS.
            trust_env=not is_local,
            timeout=settings.timeout_seconds,
        )
        return self._openai.OpenAI(
            api_key=_read_key(settings.api_key_file),
            # Else both come from the environment, and tell an endpoint who we are elsewhere.
            organization="",
            project="",
            base_url=settings.base_url,
            timeout=settings.timeout_seconds,
            max_retries=0,  # its own would wait as long as a server says
            http_client=http,
        )


def refuse_unsafe_url(url: str) -> None:
    """Return if *url* is TLS, or plain on a loopback address; raises EndpointUnusable."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port  # a port of letters raises
    except ValueError as error:
        raise EndpointUnusable("base_url is no address", remedy=str(error)) from error
    if parts.username or parts.password or parts.query or parts.fragment or not host:
        # Not the value: it may hold a key.
        raise EndpointUnusable(
            "base_url has more or less than scheme, host, port and path",
            remedy="Put the key into a file and name it in api_key_file.",
        )
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return
    raise EndpointUnusable(
        "base_url is not TLS",
        value=f"{parts.scheme}://{host}",
        remedy="Use https://; plain http is for 127.0.0.1 only.",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        # A name, even localhost, is what somebody's resolver says it is.
        return False


def _load_openai() -> Any:
    try:
        import openai  # noqa: PLC0415 - an extra that few sites install
    except ImportError as error:
        raise EndpointUnusable(
            "the package openai is not installed",
            remedy="Install the extra l2, or leave the endpoint out: no model is needed.",
        ) from error
    return openai


def _read_key(path: Path | None) -> str:
    if path is None:
        # The client refuses to be made without; a server on this machine reads none.
        return "none"
    file = SecretFile(
        path,
        noun="key of the model's endpoint",
        read_remedy="Write the key into it, mode 0600.",
        create_remedy="",
    )
    key = file.read().decode("utf-8", errors="replace").strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise EndpointUnusable(
            f"{path} holds no key", remedy="Write the key alone into it, on one line."
        )
    return key


def _response_format(name: str, prompt: Prompt) -> dict[str, Any] | None:
    schema = dict(prompt.schema)
    if name == "json_schema":
        named = {"name": "decision", "strict": True, "schema": schema}
        return {"type": "json_schema", "json_schema": named}
    # Some servers hold the model to a schema here, too; others ignore it.
    return {"type": "json_object", "schema": schema} if name == "json_object" else None


def _read_body(response: Any) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise EndpointFailed("too_large")
    return bytes(body)


def _text_of(body: bytes) -> str:
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError:
        raise EndpointFailed("not_a_completion") from None
    if not completion.choices:
        raise EndpointFailed("no_choice")
    choice = completion.choices[0]
    if choice.finish_reason in {"length", "content_filter"}:
        raise EndpointFailed("cut_short")
    if not choice.message.content:
        raise EndpointFailed("no_text")
    return choice.message.content
