"""Staff accounts, and how they sign in."""

import base64
import hashlib
import hmac
import struct
import time

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User

PASSWORD = "ett-långt-lösenord"
SECRET = "JBSWY3DPEHPK3PXP"
LOGIN = "/admin/konto/logga-in/"
CODE = "/admin/konto/tva-faktorer/kod/"


def code_now(secret):
    """Return the code that an authenticator app with `secret` shows now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def make_account(name="anna", role=None, **fields):
    fields = {"is_staff": True, "password": PASSWORD} | fields
    user = User.objects.create_user(name, **fields)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def sign_in(client, name="anna", password=PASSWORD, address=LOGIN):
    return client.post(address, {"login": name, "password": password})


def logged():
    """Return the admin log as pairs of user name and message, the oldest first."""
    return list(LogEntry.objects.order_by("pk").values_list("user__username", "change_message"))
