"""The baseline service: Django REST Framework on PostgreSQL, doing what CreateBot does at the least: two inserts, get, list.

A token is looked up by its hash, two fields are validated, bot and event are inserted in one transaction. No settings, no state
table, no stream, no dispatch: the least that such a service could do. Run by gunicorn
(`gunicorn benchmarks.baselines.django_service:application`) with the database's URL in DJANGO_DATABASE_URL.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

_database = urlsplit(os.environ["DJANGO_DATABASE_URL"])
settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY=secrets.token_hex(16),
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": _database.hostname,
            "PORT": _database.port,
            "USER": _database.username,
            "NAME": _database.path.lstrip("/"),
            "CONN_MAX_AGE": 600,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
        "PAGE_SIZE": 25,
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django must be configured first
from django.db import connection, models, transaction  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import exceptions, generics, serializers  # noqa: E402
from rest_framework.authentication import BaseAuthentication  # noqa: E402
from rest_framework.pagination import CursorPagination  # noqa: E402


class ApiKey(models.Model):
    """A key's hash."""

    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        app_label = "bench"


class Bot(models.Model):
    """A bot."""

    object_id = models.CharField(max_length=32, unique=True)
    meeting_url = models.CharField(max_length=2048)
    bot_name = models.CharField(max_length=255)
    state = models.CharField(max_length=32, default="joining")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bench"


class BotEvent(models.Model):
    """A state event."""

    bot = models.ForeignKey(Bot, related_name="events", on_delete=models.CASCADE)
    type = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bench"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token …`, by hash."""

    def authenticate(self, request: Any) -> tuple[None, ApiKey]:
        """The key's row, by one query."""
        word, _, key = request.headers.get("Authorization", "").partition(" ")
        found = ApiKey.objects.filter(hash=hashlib.sha256(key.encode()).hexdigest()).first() if word == "Token" else None
        if found is None:
            raise exceptions.AuthenticationFailed
        return None, found


class EventSerializer(serializers.ModelSerializer[BotEvent]):
    """An event as shown."""

    class Meta:
        model = BotEvent
        fields = ("type", "created_at")


class BotSerializer(serializers.ModelSerializer[Bot]):
    """A bot as made and shown."""

    id = serializers.CharField(source="object_id", read_only=True)
    events = EventSerializer(many=True, read_only=True)
    meeting_url = serializers.URLField(max_length=2048)

    class Meta:
        model = Bot
        fields = ("id", "meeting_url", "bot_name", "state", "events")
        read_only_fields = ("state",)
        extra_kwargs = {"bot_name": {"write_only": True}}  # noqa: RUF012 - Django's own way

    def create(self, validated_data: dict[str, Any]) -> Bot:
        """The two inserts."""
        with transaction.atomic():
            bot = Bot.objects.create(object_id="bot_" + secrets.token_hex(8), **validated_data)
            BotEvent.objects.create(bot=bot, type="join_requested")
        return bot


class Oldest(CursorPagination):
    """Oldest first."""

    page_size = 25
    ordering = "id"


class Bots(generics.ListCreateAPIView[Bot]):
    """POST and list."""

    authentication_classes = (TokenAuthentication,)
    serializer_class = BotSerializer
    pagination_class = Oldest
    queryset = Bot.objects.prefetch_related("events")


class OneBot(generics.RetrieveAPIView[Bot]):
    """GET."""

    authentication_classes = (TokenAuthentication,)
    serializer_class = BotSerializer
    lookup_field = "object_id"
    queryset = Bot.objects.prefetch_related("events")


urlpatterns = [path("api/v1/bots", Bots.as_view()), path("api/v1/bots/<str:object_id>", OneBot.as_view())]


def prepare(key: str) -> None:
    """Makes the tables and one key."""
    with connection.schema_editor() as editor:
        for model in (ApiKey, Bot, BotEvent):
            editor.create_model(model)
    ApiKey.objects.create(hash=hashlib.sha256(key.encode()).hexdigest())


application = get_wsgi_application()
