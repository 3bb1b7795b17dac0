"""Access to AWS: clients with boto3's own sources of keys and region, and errors that say what to do, with the id by
which AWS finds the request.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dcos_images.errors import ImageError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_KEYS = frozenset(
    {
        *("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"),
        *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidAccessKeyId", "RequestTimeTooSkewed"),
    }
)
_RIGHTS = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
_ROOM = frozenset(
    {
        *("ServiceQuotaExceededException", "SnapshotLimitExceeded", "ResourceLimitExceeded", "AMIQuotaExceeded"),
        *("ConcurrentSnapshotLimitExceeded", "SnapshotCreationPerVolumeRateExceeded"),
    }
)
_BUSY = frozenset(
    {"RequestThrottledException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown"}
)
_AGAIN = "publish again: it continues from here"


def client(service: str, endpoint: str | None, region: str | None, *, at_once: int = 10) -> Any:
    """A client of one service. Raises `ImageError`."""
    import boto3
    from botocore.config import Config

    with aws_errors("speak with AWS"):
        make: Any = boto3.Session().client  # its stubs know only services by literal names
        return make(
            service,
            endpoint_url=endpoint,
            region_name=region,
            config=Config(
                retries={"max_attempts": 8, "mode": "standard"},
                connect_timeout=20,
                read_timeout=60,
                max_pool_connections=at_once,
            ),
        )


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def aws_errors(what: str, *, right: str = "") -> Iterator[None]:
    """Turns errors of AWS into `ImageError`: ``what`` failed; ``right`` is the permission that it needs."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
    )

    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        request = error.response.get("ResponseMetadata", {}).get("RequestId", "no id was given")
        why = f"{error.operation_name}: {said.get('Code', 'unknown')}: {said.get('Message', '')} (request id {request})"
        raise ImageError(f"could not {what}", why=why, hint=_hint(code_of(error), right)) from error
    except NoCredentialsError as error:
        raise ImageError(
            f"could not {what}",
            why="there are no keys for AWS",
            hint="set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, then " + _AGAIN,
        ) from error
    except NoRegionError as error:
        raise ImageError(
            f"could not {what}", why="no region is named", hint="write ec2:REGION, or set AWS_DEFAULT_REGION"
        ) from error
    except (ConnectionError, HTTPClientError) as error:
        raise ImageError(
            f"could not {what}", why=str(error), hint="look at the network, the proxy and --endpoint; then " + _AGAIN
        ) from error
    except (BotoCoreError, Boto3Error, ValueError) as error:
        raise ImageError(f"could not {what}", why=str(error), hint="look at AWS_* and at --endpoint") from error


def _hint(code: str, right: str) -> str:
    if code in _KEYS:
        return "look at your keys, whether they have expired, and at this host's clock; then " + _AGAIN
    if code in _RIGHTS:
        return f"get the permission {right or 'for this'} for your keys, then {_AGAIN}"
    if code in _ROOM:
        return "remove what is not needed there, or have the quota raised; then " + _AGAIN
    if code in _BUSY:
        return "the account's rate of requests is used up: wait, then " + _AGAIN
    if code == "NoSuchBucket":
        return "make the bucket, or name another"
    return "look at what AWS says, then " + _AGAIN
