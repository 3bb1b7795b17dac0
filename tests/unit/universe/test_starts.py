"""What a start of the package manager and of `dcos-universe` does without."""

import subprocess
import sys

import pytest

VERIFYING = "import sys, dcos_universe.index.client, dcos_universe.trust.keys"


def python(text: str) -> str:
    return subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout.strip()


def test_verifying_does_not_import_what_only_publishing_uses() -> None:
    assert python(f"{VERIFYING}; print([name for name in sys.modules if name.startswith('boto3.')])") == "[]"


@pytest.mark.parametrize("used", ["import boto3; boto3.client", "import boto3.session", "from boto3 import client"])
def test_publishing_finds_it_all_the_same(used: str) -> None:
    assert python(f"{VERIFYING}; {used}; import boto3; print(boto3.session.Session.__name__)") == "Session"
