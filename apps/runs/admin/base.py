"""What the operator's lists have in common: nothing is typed in here, and 10,000 rows stay fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.admin import ModelAdmin
from unfold.decorators import display

from apps.runs.people import attach

COUNTED = 10_000
Method = TypeVar("Method", bound=Callable[..., Any])


def column(description: str, **options: Any) -> Callable[[Method], Method]:
    """Unfold's ``display``, typed: a computed column of a list."""
    return cast(Callable[[Method], Method], display(description=description, **options))


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to 10,000 rows exactly; past that an unfiltered table is estimated from the
    planner's statistics, and a filtered one ends there."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return super().count
        counted = int(rows.order_by()[: COUNTED + 1].count())
        if counted <= COUNTED or rows.query.where:
            return counted
        return max(counted, estimated_rows(rows.model))


def estimated_rows(model: type[Model]) -> int:
    """Rows of the model's table as of the last ANALYZE; -1 before the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table]
        )
        return int(cursor.fetchone()[0])


class RecordAdmin(ModelAdmin):
    """A list of records and a page for each, read only. Changes are POSTs to views of their own."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_disable_select_all = True
    actions: ClassVar[Sequence[str] | None] = None
    list_title = ""  # above the list; empty for the plural of what it lists
    nothing = ""  # what an empty list says; empty for the usual words
    page_template: ClassVar[str]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def may_change(self, request: HttpRequest) -> bool:
        opts = self.model._meta
        return request.user.has_perm(f"{opts.app_label}.change_{opts.model_name}")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        name = str(self.model._meta.verbose_name_plural)
        title = self.list_title or name[:1].upper() + name[1:]
        shown: TemplateResponse = super().changelist_view(request, {"title": title, **(extra_context or {})})
        return shown

    def record_context(self, request: HttpRequest, record: Any) -> dict[str, Any]:
        """What the record's page shows besides the record."""
        return {}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> TemplateResponse:
        record = self.get_object(request, unquote(object_id))
        if record is None:
            raise Http404(f"There is no {self.model._meta.verbose_name} {unquote(object_id)}.")
        if not self.has_view_permission(request, record):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": str(record),
            "record": record,
            "may_change": self.may_change(request),
            **self.record_context(request, record),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.page_template, context)


class PeopleMixin:
    """A list whose rows carry a ``customer_id``: each page's customers are looked up in one query."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)  # type: ignore[misc]
        found.result_list = attach(found.result_list)
        return found

    @admin.display(description="Customer")
    def customer(self, row: Any) -> str:
        person = getattr(row, "person", None)
        if person is None:
            return "-" if row.customer_id is None else str(row.customer_id)
        return format_html('<a href="{}">{}</a>', person.url, person.name)


def who(request: HttpRequest) -> str:
    """The name that is written down beside what was done."""
    user: AbstractBaseUser | AnonymousUser = request.user
    return user.get_username()


def back(request: HttpRequest, otherwise: str = "admin:index") -> HttpResponseRedirect:
    """After a POST: to the page it came from (its ``next`` field), never off this site."""
    target = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target if allowed else reverse(otherwise))
